"""What a customer is promised: service contracts, and the two clocks of a ticket as a sum over its journal."""
