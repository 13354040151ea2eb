"""Standing contracts with customers: prices and terms that orders are called off from (clause 2.3.2-a)."""
