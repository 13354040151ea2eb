"""The requirements behind an order line, wherever they are kept: a design is traced to them (3.2.2-a).

The room that captured them registers where to look; where no enquiry stands behind an order, they are recorded
on the design task.
"""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from order_core.execution.design.rules import Need
from order_core.execution.models import OrderLine

Source = Callable[[Session, OrderLine], Sequence[Need] | None]
"""A line → its requirements, or None where this source knows nothing of the line."""
SOURCES: list[Source] = []


def source(look: Source) -> Source:
    """Register where requirements of order lines are kept."""
    SOURCES.append(look)
    return look


def requirements_of(session: Session, line: OrderLine) -> tuple[Need, ...] | None:
    """The requirements of a line from the first source that knows it, else None."""
    found = (look(session, line) for look in SOURCES)
    return next((tuple(needs) for needs in found if needs is not None), None)
