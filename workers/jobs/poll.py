"""The provider's list of incoming messages is read for what no webhook brought."""

from helpdesk.channels.polling import perform, prepare, settle

__all__ = ["perform", "prepare", "settle"]
