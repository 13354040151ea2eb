"""What customers ask for: requirements in their own words, understood, classified, ranked and answered (2.2)."""
