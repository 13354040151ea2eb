"""What the house knows about faults: self-help steps for customers."""
