"""The hotline (clauses 5.1.1): what a caller hears, who he is, the queue, the call-back, the agent's telephone."""
