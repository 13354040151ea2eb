"""Quality cases of recurring faults, and the design change they ask for."""
