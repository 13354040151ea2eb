"""Chapter 2: market research, enquiries, quotes and negotiation; what was agreed is what an order is issued from."""
