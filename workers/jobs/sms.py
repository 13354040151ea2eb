"""A message to a customer: claimed, sent through the gateway, settled."""

from helpdesk.channels.outgoing import perform, prepare, settle

__all__ = ["perform", "prepare", "settle"]
