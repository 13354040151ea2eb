"""Chapter 8: indicators, recomputed from the records at any time."""
