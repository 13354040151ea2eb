"""The requirements of a line whose order was won by a quote: those that the quote's lines of its model answer."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.enquiry.rules import KEY
from order_core.acquisition.quote.models import LineAnswer, Quote, QuoteLine
from order_core.execution.design import needs
from order_core.execution.design.rules import Need
from order_core.execution.models import OrderLine


@needs.source
def of_enquiry(session: Session, line: OrderLine) -> Sequence[Need] | None:
    """Each need of the enquiry once, in the customer's words, whatever was merged into what; not those refused."""
    quote = session.scalars(select(Quote).where(Quote.number == line.order.agreement)).first()
    if quote is None:
        return None
    answered = set(
        session.scalars(
            select(LineAnswer.requirement_id)
            .join(QuoteLine, QuoteLine.id == LineAnswer.line_id)
            .where(QuoteLine.quote_id == quote.id, QuoteLine.model_code == line.model_code)
        )
    )
    standing = enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id))
    return [
        Need(_code(need.requirement), need.requirement.words, need.rank == KEY)
        for need in standing
        if need.ids & answered and not need.refused
    ]


def _code(requirement: Requirement) -> str:
    return f"R{requirement.position}"
