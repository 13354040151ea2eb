"""Who and what the regulation speaks of: departments, people, customers, sites, product models."""
