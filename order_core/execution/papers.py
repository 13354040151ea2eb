"""What an order says, why it differs from the agreement, and its revisions, which stay readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import Agreement
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid, NotFound
from order_core.execution import rules
from order_core.execution.design.models import DesignTask
from order_core.execution.models import Order, OrderLine
from order_core.execution.records import OrderExplanation, OrderRevision
from order_core.execution.rules import Content, Difference, Line
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import ProductModel, Site
from order_core.rulebook.clocks import house_calendar

ALL_ELSE = "*"
"""Key of an explanation for every difference that has none of its own."""
DATE = ".due_on"


@dataclass(frozen=True)
class Edit:
    """What an order is to say instead; None leaves a part as it is. Lines take the place of all lines."""

    lines: Sequence[Line] | None = None
    currency: str | None = None
    payment_terms: str | None = None
    service_terms: str | None = None


def house_day(at: datetime) -> date:
    """The day that it is where the house stands."""
    return at.astimezone(ZoneInfo(house_calendar().zone)).date()


def content(order: Order) -> Content:
    """What the order says now."""
    return Content(
        agreement=order.agreement,
        currency=order.currency,
        payment_terms=order.payment_terms,
        service_terms=order.service_terms,
        lines=tuple(
            Line(
                line.model_code,
                line.specification,
                line.quantity,
                line.unit_price,
                line.due_on,
                line.site_id,
                line.new_design,
            )
            for line in order.lines
        ),
    )


def signed(order: Order) -> dict[str, Any]:
    """What the departments, and in the end the customer, sign."""
    return {"number": order.number, "revision": order.revision, **content(order).as_json()}


def rewrite(session: Session, order: Order, edit: Edit, *, at: datetime) -> bool:
    """Let the order say something else; whether anything changed. Lines keep their place.

    Raises:
        NotFound: a model, or a site of this customer, that there is none of (``lines.2.site_id``);
        Conflict: a line that has a design task would be gone.
    """
    before = content(order)
    if edit.lines is not None:
        _droppable(session, order.lines[len(edit.lines) :], len(edit.lines))
    for name in rules.TERMS:
        given = getattr(edit, name)
        if given is not None and not rules.same(given, getattr(order, name)):
            setattr(order, name, given.strip())
    if edit.lines is not None:
        known(session, order, edit.lines)
        _set_lines(order, edit.lines)
    if content(order) == before:
        return False
    order.changed_at = at
    order.promised_on = max((line.due_on for line in order.lines if line.due_on), default=None)
    session.flush()
    return True


def _set_lines(order: Order, lines: Sequence[Line]) -> None:
    for row, line in zip(order.lines, lines, strict=False):
        for name, value in vars(line).items():
            if not rules.same(value, getattr(row, name)):
                setattr(row, name, value)
    del order.lines[len(lines) :]
    order.lines.extend(OrderLine(**vars(line)) for line in lines[len(order.lines) :])


@carries("guard", "3.2.1-a")
def _droppable(session: Session, dropped: Sequence[OrderLine], kept: int) -> None:
    """Raise ``Conflict`` where a line that is to go has a design task, which would have no line any more."""
    tasks = select(DesignTask.line_id).where(DesignTask.line_id.in_([line.id for line in dropped]))
    designed = set(session.scalars(tasks))
    for n, line in enumerate(dropped, kept + 1):
        if line.id in designed:
            raise Conflict("design.line_has_task", field=f"lines.{n}", clause="3.2.1-a", model=line.model_code, line=n)


@carries("check", "3.1.1-b")
def known(session: Session, order: Order, lines: Sequence[Line]) -> None:
    """Raise ``NotFound`` for a model, or a place of this customer, that there is none of."""
    for n, line in enumerate(lines, 1):
        if session.get(ProductModel, line.model_code) is None:
            raise NotFound("record.unknown", field=f"lines.{n}.model_code", number=line.model_code)
        site = session.get(Site, line.site_id) if line.site_id is not None else None
        if line.site_id is not None and (site is None or site.customer_id != order.customer_id):
            raise NotFound("record.unknown", field=f"lines.{n}.site_id", number=line.site_id)


def agreed(session: Session, order: Order) -> Agreement | None:
    """The quote or contract that the order is issued from."""
    return agreement.find(session, order.agreement, order_id=order.id)


def differences(session: Session, order: Order) -> list[Difference]:
    """Where the order differs from the agreement; none where that is unknown, which keeps it from being issued."""
    found = agreed(session, order)
    return rules.differences(found, content(order)) if found else []


def explanations(session: Session, order: Order, revision: int | None = None) -> dict[str, OrderExplanation]:
    """Field → why that revision (default: the present one) differs there."""
    rows = session.scalars(
        select(OrderExplanation)
        .where(OrderExplanation.order_id == order.id, OrderExplanation.revision == (revision or order.revision))
        .order_by(OrderExplanation.id)
    )
    return {row.field: row for row in rows}


def unexplained(session: Session, order: Order) -> list[Difference]:
    """Differences that nobody has explained as they are now."""
    known = explanations(session, order)
    return [d for d in differences(session, order) if not _still_holds(known.get(d.field), d)]


def _still_holds(explanation: OrderExplanation | None, difference: Difference) -> bool:
    return explanation is not None and explanation.values == [difference.agreed, difference.ordered]


@carries("guard", "3.1.1-a")
def explain(session: Session, order: Order, texts: Mapping[str, str], *, by: Actor, at: datetime) -> list[Difference]:
    """Explain differences; returns those still open. What was explained and has not changed since is carried on.

    Args:
        texts: field of a difference (or ``lines.2`` for all of a line, ``*`` for all else) → why.
    """
    former = explanations(session, order, order.revision - 1)
    present = explanations(session, order)
    still_open = []
    for difference in differences(session, order):
        why, known = _why(texts, difference.field), present.get(difference.field)
        if why is None and _still_holds(known, difference):
            continue
        carried = former.get(difference.field)
        if why is None and carried is not None and _still_holds(carried, difference):
            _write(session, order, difference, known, carried.why, carried.by_id, carried.at)
        elif why is not None:
            _write(session, order, difference, known, why, by.id, at)
        else:
            still_open.append(difference)
    order.unexplained = len(still_open)
    session.flush()
    return still_open


@carries("guard", "3.1.1-a", "3.2.3-a")
def explain_amended(
    session: Session,
    order: Order,
    former: Content,
    change: str,
    texts: Mapping[str, str],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Explain an amended order: its dates by the change's number, everything else said otherwise by words of its own.

    What differs from the former revision alone, and not from the agreement, is explained as well (3.2.3-a).

    Raises:
        Invalid: the first field that is said otherwise without words.
    """
    differing = differences(session, order)
    own = {d.field: text for d in differing if (text := _why(texts, d.field))}
    own |= {d.field: change for d in differing if d.field.endswith(DATE) and d.field not in own}
    explain(session, order, own, by=by, at=at)
    known = explanations(session, order)
    for moved in rules.changes(former, content(order)):
        if moved.field.endswith(DATE):
            continue
        why = _why(texts, moved.field)
        if why is None:
            raise Invalid("order.amend_unexplained", field=moved.field, clause="3.2.3-a", change=change)
        if moved.field not in known:
            _write(session, order, moved, None, why, by.id, at)
    session.flush()


def _why(texts: Mapping[str, str], field: str) -> str | None:
    line = ".".join(field.split(".")[:2])
    given = next((texts[key] for key in (field, line, ALL_ELSE) if texts.get(key, "").strip()), None)
    return given.strip() if given else None


def _write(
    session: Session,
    order: Order,
    difference: Difference,
    known: OrderExplanation | None,
    why: str,
    by_id: int | None,
    at: datetime,
) -> None:
    values = [difference.agreed, difference.ordered]
    if known is None:
        known = OrderExplanation(
            order_id=order.id, revision=order.revision, field=difference.field,
            values=values, why=why, by_id=by_id, at=at,
        )  # fmt: skip
        session.add(known)
    known.values, known.why, known.by_id, known.at = values, why, by_id, at


def demand_explained(session: Session, order: Order) -> None:
    """Raise ``Invalid`` naming the first difference that nobody explained (3.1.1-a)."""
    left = unexplained(session, order)
    if left:
        raise Invalid("order.unexplained", field=left[0].field, clause="3.1.1-a", count=len(left))


def keep(
    session: Session, order: Order, reason: str, *, by: Actor, at: datetime, change: str | None = None
) -> OrderRevision:
    """Keep what the order says now as its present revision."""
    kept = OrderRevision(
        order_id=order.id,
        revision=order.revision,
        reason=reason,
        content=signed(order),
        digest=sign.digest_of(signed(order)),
        promised_on=order.promised_on,
        made_by=by.id,
        made_at=at,
        change=change,
    )
    session.add(kept)
    session.flush()
    return kept


def revisions(session: Session, order: Order) -> list[OrderRevision]:
    """Every revision that was ever sent round, the oldest first."""
    return list(
        session.scalars(
            select(OrderRevision).where(OrderRevision.order_id == order.id).order_by(OrderRevision.revision)
        )
    )
