"""Action plans of every kind on the Plan machine: design, review, rectification, overdue, risk, improvement."""
