"""Issue: one machine for a ticket, a call-back, a quality case, a production problem, an objection, an alert."""
