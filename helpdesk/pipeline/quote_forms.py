"""The fields in which a quote is written and talked about, and the values that they make."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.deeds import READERS, Field, decimal
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import queries, rules, terms
from order_core.acquisition.quote.drafting import LineSpec
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.acquisition.quote.negotiation import Meeting
from order_core.acquisition.quote.rules import Input
from order_core.acquisition.quote.terms import Change, Key, Standing
from order_core.errors import Invalid
from order_core.parties.models import ProductModel

Values = Mapping[str, Any]
Choices = Sequence[tuple[str, str]]


def positions(_session: Session, quote: Quote) -> Choices:
    """The lines that are there."""
    return [(str(line.position), f"{line.position} · {line.model_code}") for line in quote.lines]


def models(session: Session, _quote: Any) -> Choices:
    """Every product model."""
    return [(code, code) for code in session.scalars(select(ProductModel.code).order_by(ProductModel.code))]


def offered_models(_session: Session, quote: Quote) -> Choices:
    """The models of the quote's lines."""
    return [(code, code) for code in sorted({line.model_code for line in quote.lines})]


def requirements(session: Session, quote: Quote) -> Choices:
    """The needs of the enquiry, each once."""
    found = enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id))
    return [(str(n.requirement.id), f"{n.requirement.label} · {n.requirement.words[:60]}") for n in found]


def _asked(kind: str) -> tuple[Field, ...]:
    """The fields of one of the three inputs."""
    words = (Field("need_words", "long", required=False),) if kind == "need" else ()
    return (
        *words,
        Field(kind, "money", required=False, clause="2.3.1-a"),
        Field(f"{kind}_on", "date", required=False, clause="2.3.1-a"),
        Field(f"{kind}_source", required=False, clause="2.3.1-a"),
    )


LINE = (
    Field("line", "choice", required=False, options=positions),
    Field("model_code", "choice", options=models),
    Field("specification"),
    Field("quantity", "number"),
    Field("unit_price", "money"),
    *_asked("cost"),
    *_asked("market"),
    *_asked("need"),
    Field("answers", "many", required=False, options=requirements, clause="2.2.2-b"),
)


def spec_of(values: Values) -> LineSpec:
    """The line that was written.

    Raises:
        Invalid: an input without the day it is of.
    """
    inputs = []
    for kind in rules.INPUTS:
        words, amount = str(values.get(f"{kind}_words") or ""), values[kind]
        on, source = values[f"{kind}_on"], values[f"{kind}_source"] or ""
        if on is None and (words or source or amount is not None):
            raise Invalid("form.required", field=f"{kind}_on", clause="2.3.1-a", name=f"{kind}_on")
        if on is not None:
            _short(words, 400, "need_words")
            _short(source, 160, f"{kind}_source")
            inputs.append(Input(kind, amount, words, on, source))
    return LineSpec(
        model_code=values["model_code"],
        specification=values["specification"],
        quantity=values["quantity"],
        unit_price=values["unit_price"],
        inputs=tuple(inputs),
        answers=tuple(int(row) for row in values["answers"]),
    )


def _short(text: str, most: int, field: str) -> None:
    if len(text) > most:
        raise Invalid("form.too_long", field=field, clause="2.3.1-a", name=field, most=most)


def line_values(line: QuoteLine) -> dict[str, Any]:
    """A line as its form shows it."""
    values: dict[str, Any] = {
        "model_code": line.model_code,
        "specification": line.specification,
        "quantity": line.quantity,
        "unit_price": decimal(line.unit_price),
        "answers": [str(answer.requirement_id) for answer in line.answers],
    }
    for row in line.inputs:
        values |= {
            row.kind: decimal(row.amount),
            f"{row.kind}_on": row.as_of.isoformat(),
            f"{row.kind}_source": row.source,
        }
        if row.kind == "need":
            values["need_words"] = row.words
    return values


def new_line_values(session: Session, quote: Quote, today: date, source: str) -> dict[str, Any]:
    """What the form of a new line shows at first: the need that no line answers yet, in the customer's words."""
    answered = {answer.requirement_id for line in quote.lines for answer in line.answers}
    found = enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id))
    left = next((need for need in found if not need.ids & answered and not need.refused), None)
    if left is None:
        return {}
    wish = left.requirement
    return {
        "need_words": wish.words[:400],
        "need_on": min(wish.told_on, today).isoformat(),
        "need_source": source,
        "answers": [str(wish.id)],
    }


def _term_rows(session: Session, quote: Quote) -> list[dict[str, Any]]:
    """Every term as it stands, to be changed or agreed in a round."""
    return [
        {"term": term, "line": line or "", "value": shown(term, standing.current), "agreed": "", "reason": ""}
        for (term, line), standing in sorted(queries.standing(session, quote).items(), key=_in_order)
    ]


def _in_order(item: tuple[Key, Standing]) -> tuple[int, int]:
    (term, line), _ = item
    return line or 10**6, terms.TERMS.index(term)


def shown(term: str, value: terms.Value) -> str:
    """A term's value as it is typed."""
    return decimal(int(value)) if term == terms.PRICE else str(value)


MEETING = (
    Field("held_on", "date", clause="2.3.2-b"),
    Field("ours", "many", clause="2.3.2-b"),
    Field("theirs", clause="2.3.2-b"),
    Field("next_step", "long", clause="2.3.2-b"),
    Field("next_on", "date", required=False),
)
CHANGES = Field(
    "changes",
    "rows",
    required=False,
    initial=_term_rows,
    columns=(
        Field("term", "choice", options=terms.TERMS, labels="term"),
        Field("line", "number", required=False),
        Field("value", required=False),
        Field("agreed", "flag"),
        Field("reason", required=False, clause="2.3.1-b"),
    ),
)


def meeting_of(values: Values) -> Meeting:
    """The meeting that was written down."""
    return Meeting(
        on=values["held_on"],
        ours=tuple(int(one) for one in values["ours"]),
        theirs=values["theirs"],
        next_step=values["next_step"],
        next_on=values["next_on"],
    )


def changes_of(session: Session, quote: Quote, values: Values) -> list[Change]:
    """The changes of a round: what is as it stands and was not agreed is none."""
    now = queries.standing(session, quote)
    found = []
    for n, row in enumerate(values["changes"], 1):
        line = 0 if row["term"] in terms.OF_QUOTE else row["line"] or _only_line(quote)
        value = _value(session, row["term"], row["value"], f"changes.{n}.value")
        before = now.get((row["term"], line))
        value = None if before is not None and value == before.current else value
        if value is not None or row["agreed"] or before is None:
            found.append(Change(row["term"], line, value, row["agreed"], reason=row["reason"] or ""))
    return found


def _only_line(quote: Quote) -> int:
    """Where a quote has one line, nobody needs to name it."""
    return quote.lines[0].position if len(quote.lines) == 1 else 0


def _value(session: Session, term: str, text: str | None, path: str) -> terms.Value | None:
    """A term's value of its kind, from what was typed."""
    if not text:
        return None
    kind = {terms.PRICE: "money", terms.VOLUME: "number", terms.DELIVERY: "date"}.get(term, "text")
    value = READERS[kind](session, None, Field("value", clause="2.3.2-a"), text, path)
    return value.isoformat() if isinstance(value, date) else value
