"""Recurring work: a round a period, opened by its clock, done against a checklist, signed, or missed."""
