"""The order pipeline seen from the helpdesk: what a customer may hear, what the departments work on."""
