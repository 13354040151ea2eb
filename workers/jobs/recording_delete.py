"""A recording past its time is deleted at the provider."""

from helpdesk.hotline.changes import prepare_deletion as prepare
from helpdesk.hotline.changes import settle_deletion as settle
from workers.jobs.call_change import perform

__all__ = ["perform", "prepare", "settle"]
