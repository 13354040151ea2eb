"""The planning engine: technicians, jobs and a day in, a plan out. Pure: no database, no clock of the wall."""
