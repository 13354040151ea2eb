"""The steps of a quote and what each demands: built-up price, signed low margin, covered needs, agreed terms."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry import rules as enquiry_rules
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import queries, rules, terms
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.kernel import sign
from order_core.kernel.case import Procedure, Step
from order_core.kernel.sign import SignOff
from order_core.rulebook.inforce import book
from order_core.rulebook.machines import machine

LOW_MARGIN = "low_margin"
"""Purpose of the signature under a price below the floor."""

UNDERSTOOD = ("classified", "answered")
"""States of an enquiry whose needs all have their four aspects, a class and a rank."""


def floor_bp(session: Session, at: datetime) -> int:
    """The floor under margins that is in force, in basis points."""
    return round(book(session, at).threshold("margin_floor") * 100)


def is_low(session: Session, quote: Quote, at: datetime) -> bool:
    """Whether a price on the table is below the floor."""
    return rules.is_low(queries.priced(session, quote), floor_bp(session, at))


def low_content(session: Session, quote: Quote) -> dict[str, Any]:
    """What management's head signs: quantities, prices and costs as they are on the table."""
    lines = [[line.quantity, line.price, line.cost] for line in queries.priced(session, quote)]
    return {"number": quote.number, "currency": quote.currency, "lines": lines}


def low_sign_off(session: Session, quote: Quote) -> SignOff | None:
    """The request for the signature, if it was asked for."""
    return sign.for_purpose(session, quote, LOW_MARGIN)


@carries("sign", "2.3.1-a")
def _margin_good_or_signed(session: Session, quote: Quote, at: datetime) -> None:
    """Every line is at the floor or above, or these very prices are signed (2.3.1-a)."""
    if not is_low(session, quote, at):
        return
    asked = low_sign_off(session, quote)
    if asked is None or not sign.complete(asked) or asked.digest != sign.digest_of(low_content(session, quote)):
        floor = f"{floor_bp(session, at) / 100:g}"
        raise Conflict("quote.margin_unsigned", field="unit_price", clause="2.3.1-a", floor=floor)


def _price_built_up(step: Step) -> None:
    quote: Quote = step.case
    if not quote.lines:
        raise Invalid("quote.lines", field="lines", clause="2.3.1-a")
    for line in quote.lines:
        _line_complete(line)
        _not_in_the_past(line, step.at)
    for field in ("payment_terms", "service_terms"):
        if not getattr(quote, field).strip():
            raise Invalid(f"quote.{field}", field=field, clause="2.3.2-a")
    _still_valid(step)
    _margin_good_or_signed(step.session, quote, step.at)


def _line_complete(line: QuoteLine) -> None:
    lacking = rules.missing(line.given())
    if lacking is not None:
        raise Invalid(f"quote.{lacking[0]}.{lacking[1]}", field=lacking[0], clause="2.3.1-a", line=line.position)
    if line.computed_on is None:
        raise Invalid("quote.promise", field="computed_on", clause="2.3.1-b", line=line.position)


def _not_in_the_past(line: QuoteLine, at: datetime) -> None:
    """Nothing is promised for a day that is over, typed or computed (2.3.1-b)."""
    if line.promised_on is not None and line.promised_on < house_day(at):
        field = "typed_on" if line.typed_on else "computed_on"
        raise Invalid("quote.promise_past", field=field, clause="2.3.1-b", line=line.position)


def _still_valid(step: Step) -> None:
    if step.case.valid_until < house_day(step.at):
        raise Conflict("quote.over", field="valid_until", clause="2.3.1-b", number=step.case.number)


def _key_needs_covered(step: Step) -> None:
    """The enquiry is classified, what it needs is met, and no day is promised that is over (2.2.2, 2.3.1-b)."""
    quote: Quote = step.case
    _needs_met(step)
    enquiry = step.session.get_one(Enquiry, quote.enquiry_id)
    if enquiry.state not in UNDERSTOOD:
        raise Conflict("quote.unclassified", field="enquiry", clause="2.2.2-a", number=enquiry.number)
    for line in quote.lines:
        _not_in_the_past(line, step.at)
    _still_valid(step)


def _needs_met(step: Step) -> None:
    """Every need of the enquiry has a rank; every key one has a line of this quote or a written refusal (2.2.2-b)."""
    quote: Quote = step.case
    covered = {answer.requirement_id for line in quote.lines for answer in line.answers}
    for need in enquiries.needs(step.session, step.session.get_one(Enquiry, quote.enquiry_id)):
        label = need.requirement.label
        if need.rank is None:
            raise Conflict("quote.unranked", field="rank", clause="2.2.2-b", requirement=label)
        if need.rank == enquiry_rules.KEY and not need.refused and not need.ids & covered:
            raise Conflict("quote.uncovered", field="answers", clause="2.2.2-b", requirement=label)


def _round_recorded(step: Step) -> None:
    if not step.data.get("round"):
        raise Invalid("quote.round", field="held_on", clause="2.3.2-b")
    _still_valid(step)


def _new_revision(step: Step) -> None:
    if not step.data.get("revision"):
        raise Invalid("quote.over", field="valid_until", clause="2.3.1-b", number=step.case.number)


def _terms_agreed(step: Step) -> None:
    _still_valid(step)
    left = terms.open_terms(queries.standing(step.session, step.case))
    if left:
        term, line = left[0]
        raise Invalid(f"quote.term.{term}", field=term, clause="2.3.2-a", line=line)
    _needs_met(step)
    _margin_good_or_signed(step.session, step.case, step.at)


def _reason_given(step: Step) -> None:
    if step.data.get("reason") not in rules.LOST_REASONS:
        raise Invalid("quote.lost_reason", field="reason", clause="2.3.2-a", allowed=", ".join(rules.LOST_REASONS))


def _validity_over(step: Step) -> None:
    if step.case.valid_until >= house_day(step.at):
        raise Conflict("quote.still_valid", field="valid_until", clause="2.3.1-b", number=step.case.number)


QUOTE = Procedure(
    machine("Quote"),
    conditions={
        "price_built_up": _price_built_up,
        "key_needs_covered": _key_needs_covered,
        "round_recorded": _round_recorded,
        "new_revision": _new_revision,
        "terms_agreed": _terms_agreed,
        "reason_given": _reason_given,
        "validity_over": _validity_over,
    },
    customer_topic="customer.tell",
)
