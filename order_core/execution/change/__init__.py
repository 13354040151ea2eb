"""Engineering change (3.2.3): a released design changes only through a change that was assessed and approved."""
