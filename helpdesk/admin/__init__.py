"""The house's own affairs: the rulebook with what enforces it, its revisions, days of the calendar."""
