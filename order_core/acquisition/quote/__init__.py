"""Offers: priced from cost, market and need, dated by computation, frozen when sent, negotiated by rounds (2.3)."""
