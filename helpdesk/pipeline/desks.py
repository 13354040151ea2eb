"""Every desk of the pipeline: the pages attach them one by one, the API all of them."""

from helpdesk.admin import desk as rulebook
from helpdesk.pipeline import changes, design, enquiries, orders, quotes, research
from helpdesk.pipeline.deeds import Desk

DESKS: tuple[Desk, ...] = (
    orders.DESK,
    rulebook.DESK,
    enquiries.DESK,
    quotes.DESK,
    research.ROUNDS_DESK,
    research.REPORTS_DESK,
    design.DESK,
    changes.DESK,
)
