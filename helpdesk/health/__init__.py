"""Whether the product is alive, ready, and how it is doing."""
