"""Design (3.2.1, 3.2.2): a task a line with one responsible owner, its plan, the design and its review."""
