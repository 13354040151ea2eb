"""A test call to our own hotline."""

from helpdesk.hotline.probes import perform, prepare, settle

__all__ = ["perform", "prepare", "settle"]
