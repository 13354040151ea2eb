"""Stand-ins of outside services, for tests only."""
