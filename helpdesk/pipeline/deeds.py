"""What people do to a case, said once for page and API: a name, the fields it asks for, the service it calls.

A desk is one kind of case with its deeds. Page and API read the same fields from a form or a JSON body, show the
same refusal, and write a refused attempt into the case's journal where somebody reached for what is not his.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Forbidden, IllegalStep, Invalid, NotFound, Refusal, StaleVersion
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, note
from order_core.parties.models import Person

Kind = Literal["text", "long", "number", "decimal", "money", "date", "choice", "many", "flag", "rows"]
Options = Callable[[Session, Any], Sequence[tuple[str, str]]]
"""(session, case) → (value, label key or name) pairs."""
Does = Callable[[Session, Any, Mapping[str, Any], Actor, datetime], Any]
MOST_ROWS = 200
LONGEST = 4000


@dataclass(frozen=True)
class Field:
    """Something a deed asks for. The label is the catalogue's ``field.<words of the desk>.<name>`` or ``field.<name>``.

    Attributes:
        kind: money is a decimal in the text and whole smallest units (cents) in the value; decimal is a measured
            figure (float); ``many`` is a choice of several; ``rows`` is a table.
        options: for ``choice`` and ``many``: values labelled ``<labels>.<value>`` in the catalogue, or a function.
        labels: catalogue prefix of fixed options.
        initial: (session, case) → what the form shows at first; a list of dicts for ``rows``.
        columns: for ``rows``: the fields of each row.
        clause: what asks for it, shown where it is missing or wrong.
    """

    name: str
    kind: Kind = "text"
    required: bool = True
    options: tuple[str, ...] | Options = ()
    labels: str = ""
    initial: Callable[[Session, Any], Any] | None = None
    columns: tuple["Field", ...] = ()
    clause: str | None = None


@dataclass(frozen=True)
class Deed:
    """One thing that may be done to a case.

    Attributes:
        name: part of its address; the label is ``step.<machine>.<step>``, or ``deed.<kind>.<name>`` without a step.
        does: (session, case, values, by, at) → anything; calls one service, never commits.
        step: the machine's step behind it, if it is one.
        states: where a deed that is no step is offered; empty: everywhere.
        may: raises the refusal that keeps this actor from a deed that is no step.
        then: what ``does`` returned → the page to go to, where that is not the case's own.
        when: whether it is offered at all, for what only makes sense now and then; None: always.
        settles: codes of refusals that what its form asks can settle, besides those that name one of its fields.
        noted: every refusal under a clause is noted in the journal, not only reaching for what is not one's own.
    """

    name: str
    does: Does
    fields: tuple[Field, ...] = ()
    step: str = ""
    states: tuple[str, ...] = ()
    may: Callable[[Session, Any, Actor, datetime], None] | None = None
    then: Callable[[Any], str] | None = None
    when: Callable[[Session, Any], bool] | None = None
    settles: tuple[str, ...] = ()
    noted: bool = False


@dataclass(frozen=True)
class Opening:
    """How a case is begun. ``does``: (session, values, by, at) → the new case; ``permission``: who may."""

    does: Callable[[Session, Mapping[str, Any], Actor, datetime], Any]
    fields: tuple[Field, ...]
    permission: str


@dataclass(frozen=True)
class Desk:
    """One kind of case as people meet it.

    Attributes:
        path: its pages; plural: its name in the API.
        kind: which rows of the table are its cases, where several kinds share it.
        words: under which its steps, deeds and fields stand in the catalogue (``step.<words>.<step>``), where several
            kinds share a machine (default: the machine's name).
    """

    model: type[Any]
    procedure: Procedure
    path: str
    plural: str
    permission: str
    deeds: tuple[Deed, ...]
    kind: str = ""
    words: str = ""
    opening: Opening | None = None

    @property
    def machine(self) -> str:
        return self.procedure.machine.name

    @property
    def called(self) -> str:
        return self.words or self.machine

    def find(self, session: Session, number: str) -> Any:
        """The case with that number. Raises ``NotFound``."""
        case = session.scalars(select(self.model).where(self.model.number == number)).first()
        if case is None or (self.kind and case.kind != self.kind):
            raise NotFound("record.unknown", field="number", number=number)
        return case

    def deed(self, name: str) -> Deed:
        """A deed by its name. Raises ``NotFound``."""
        for deed in self.deeds:
            if deed.name == name:
                return deed
        raise NotFound("record.unknown", field="deed", number=name)


@dataclass(frozen=True)
class Offer:
    """A deed offered now, or one withheld with the reason why."""

    deed: Deed
    refusal: Refusal | None


def offers(session: Session, desk: Desk, case: Any, *, by: Actor, at: datetime) -> list[Offer]:
    """Every deed from the present state: what its form would bring is not held against it."""
    choices = {c.transition.step: c.refusal for c in desk.procedure.available(session, case, by=by, at=at)}
    found = []
    for deed in desk.deeds:
        if deed.when is not None and not deed.when(session, case):
            continue
        if deed.step and deed.step in choices:
            found.append(Offer(deed, _unless_asked(deed, choices[deed.step]) or _may(session, deed, case, by, at)))
        elif not deed.step and (not deed.states or case.state in deed.states):
            found.append(Offer(deed, _may(session, deed, case, by, at)))
    return found


def _unless_asked(deed: Deed, refusal: Refusal | None) -> Refusal | None:
    """A refusal for want of what the deed's own form asks is none yet."""
    asked = {field.name for field in deed.fields}
    settled = isinstance(refusal, Invalid) and (refusal.field in asked or refusal.code in deed.settles)
    return None if settled else refusal


def _may(session: Session, deed: Deed, case: Any, by: Actor, at: datetime) -> Refusal | None:
    if deed.may is None:
        return None
    try:
        deed.may(session, case, by, at)
    except Refusal as refusal:
        return refusal
    return None


def attempt(
    session: Session, deed: Deed, case: Any, raw: Mapping[str, Any], *, by: Actor, at: datetime, version: int | None
) -> Any:
    """Do it whole or not at all; returns what the service returned.

    Raises:
        Refusal: why not. Somebody who reached for what is not his, or for a step that is not declared, is noted
            in the case's journal, outside what was taken back, and so is every refusal of a deed that is ``noted``;
            the caller answers and commits.
    """
    try:
        with session.begin_nested():
            if version is not None and version != case.version:
                raise StaleVersion("case.stale", number=case.number)
            return deed.does(session, case, read(session, case, deed.fields, raw), by, at)
    except Refusal as refusal:
        if not (isinstance(refusal, Forbidden | IllegalStep) or (deed.noted and refusal.clause)):
            raise
        params = {name: str(value) for name, value in refusal.params.items()}
        data = {"deed": deed.name, "code": refusal.code, "params": params}
        clauses = (refusal.clause,) if refusal.clause else ()
        session.refresh(case)
        note(session, case, "refused", by=by, at=at, data=data, clauses=clauses)
        raise


def begin(session: Session, opening: Opening, raw: Mapping[str, Any], *, by: Actor, at: datetime) -> Any:
    """A new case, or nothing at all. Raises ``Refusal``: there is no journal yet that could show the attempt."""
    with session.begin_nested():
        return opening.does(session, read(session, None, opening.fields, raw), by, at)


def read(session: Session, case: Any, fields: Sequence[Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields, each of its kind; a field that may stay empty is None (rows: []).

    Raises:
        Invalid: ``form.required``, ``form.number`` …, with the field (``items.2.due`` within rows).
    """
    return {field.name: _value(session, case, field, raw.get(field.name), field.name) for field in fields}


def _value(session: Session, case: Any, field: Field, raw: Any, path: str) -> Any:
    if field.kind == "rows":
        return _rows(session, case, field, raw, path)
    if field.kind == "many":
        return _many(session, case, field, raw, path)
    raw = raw[0] if isinstance(raw, list) and raw else raw
    if field.kind == "flag":
        return raw is True or str(raw or "").lower() in ("1", "on", "true", "yes")
    text = "" if raw is None else str(raw).strip()
    if not text:
        if field.required:
            raise Invalid("form.required", field=path, clause=field.clause, name=field.name)
        return None
    return READERS[field.kind](session, case, field, text, path)


def _rows(session: Session, case: Any, field: Field, raw: Any, path: str) -> list[dict[str, Any]]:
    rows = [row for row in (raw or ()) if isinstance(row, Mapping) and any(str(v or "").strip() for v in row.values())]
    if len(rows) > MOST_ROWS:
        raise Invalid("form.too_many", field=path, name=field.name, most=MOST_ROWS)
    if field.required and not rows:
        raise Invalid("form.required", field=path, clause=field.clause, name=field.name)
    return [
        {c.name: _value(session, case, c, row.get(c.name), f"{path}.{n}.{c.name}") for c in field.columns}
        for n, row in enumerate(rows, 1)
    ]


def _many(session: Session, case: Any, field: Field, raw: Any, path: str) -> list[str]:
    chosen = [str(one) for one in (raw if isinstance(raw, list) else [raw]) if str(one or "").strip()]
    if field.required and not chosen:
        raise Invalid("form.required", field=path, clause=field.clause, name=field.name)
    return [_choice(session, case, field, one, path) for one in dict.fromkeys(chosen)]


def _text(_session: Session, _case: Any, field: Field, text: str, path: str) -> str:
    if len(text) > LONGEST:
        raise Invalid("form.too_long", field=path, clause=field.clause, name=field.name, most=LONGEST)
    return text


def _number(_session: Session, _case: Any, field: Field, text: str, path: str) -> int:
    if not (text.removeprefix("-").isdecimal() and len(text) <= 12):
        raise Invalid("form.number", field=path, clause=field.clause, name=field.name)
    return int(text)


def _decimal(_session: Session, _case: Any, field: Field, text: str, path: str) -> float:
    """A measured figure; beyond ± 10⁹ it is a slip."""
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > 10**9:
        raise Invalid("form.decimal", field=path, name=field.name)
    return float(number)


def _money(_session: Session, _case: Any, field: Field, text: str, path: str) -> int:
    """Whole cents of an amount written with up to two decimals."""
    try:
        cents = Decimal(text.replace(",", "")) * 100
    except InvalidOperation:
        cents = Decimal("NaN")
    if not cents.is_finite() or cents != cents.to_integral_value() or abs(cents) >= 10**15:
        raise Invalid("form.money", field=path, clause=field.clause, name=field.name)
    return int(cents)


def decimal(cents: int | None) -> str:
    """An amount as a form shows it: whole smallest units with two decimals."""
    return "" if cents is None else f"{Decimal(cents) / 100:.2f}"


def _date(_session: Session, _case: Any, field: Field, text: str, path: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("form.date", field=path, clause=field.clause, name=field.name) from error


def _choice(session: Session, case: Any, field: Field, text: str, path: str) -> str:
    allowed = [value for value, _ in options(session, case, field)]
    if text not in allowed:
        listed = ", ".join(allowed[:20])
        raise Invalid("form.choice", field=path, clause=field.clause, name=field.name, allowed=listed)
    return text


READERS: dict[str, Callable[[Session, Any, Field, str, str], Any]] = {
    "text": _text,
    "long": _text,
    "number": _number,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
    "choice": _choice,
}


def options(session: Session, case: Any, field: Field) -> list[tuple[str, str]]:
    """(value, label) of a choice; fixed options are labelled by their catalogue key."""
    if callable(field.options):
        return list(field.options(session, case))
    return [(value, f"{field.labels}.{value}") for value in field.options]


def people(*departments: str) -> Options:
    """Options: the active people of these departments (of all, when none is named)."""

    def listed(session: Session, _case: Any) -> list[tuple[str, str]]:
        wanted = select(Person).where(Person.active).order_by(Person.department_code, Person.id)
        if departments:
            wanted = wanted.where(Person.department_code.in_(departments))
        return [(str(person.id), person.name) for person in session.scalars(wanted)]

    return listed
