"""A call to a customer: claimed, placed through the gateway, settled."""

from helpdesk.hotline.calls import perform, prepare, settle

__all__ = ["perform", "prepare", "settle"]
