"""Case: what moves by declared steps. The only code that sets a state.

``Procedure`` binds a machine (data of the rulebook) to the functions behind its condition names and to the
relations ("assignee", "checker") that only the owner of a case kind can decide. Whatever is not bound is
refused: deny by default (clause 1.3-b: state changes only through a declared transition).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import String, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, MappedAsDataclass, Session, declared_attr, mapped_column

from order_core.db import Base, Id
from order_core.errors import Forbidden, Refusal, StaleVersion
from order_core.kernel import journal, outbox
from order_core.kernel.actor import Actor
from order_core.kernel.journal import JournalEntry
from order_core.kernel.machine import Machine, Transition
from order_core.kernel.numbers import next_number

CUSTOMER = "CUS"
SYSTEM_ACTORS = frozenset({"clock", "signal", "worker", "planner"})


class CaseMixin(MappedAsDataclass, kw_only=True, eq=False):
    """Columns of every case table. ``state`` caches the journal's fold and is read-only outside the kernel.

    ``version`` is SQLAlchemy's row version: a lost update raises ``StaleDataError`` at flush.
    """

    __case_kind__: ClassVar[str]

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True, init=False)
    _state: Mapped[str] = mapped_column("state", String(32), index=True, init=False)
    revision: Mapped[int] = mapped_column(default=1, init=False)
    version: Mapped[int] = mapped_column(init=False)
    opened_at: Mapped[datetime] = mapped_column(init=False)
    changed_at: Mapped[datetime] = mapped_column(init=False, index=True)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @hybrid_property
    def state(self) -> str:
        return self._state


@dataclass(frozen=True)
class Step:
    """What a condition sees: the step about to be taken, nothing written yet."""

    session: Session
    case: Any
    transition: Transition
    data: Mapping[str, Any]
    by: Actor
    at: datetime


Condition = Callable[[Step], None]
"""Raises ``Refusal`` where the condition does not hold."""
Relation = Callable[[Any, Actor], bool]
"""Whether the actor stands in this relation to the case."""


@dataclass(frozen=True)
class Choice:
    """A step declared from the present state, and why this actor may not take it now (None: he may)."""

    transition: Transition
    refusal: Refusal | None


@dataclass(frozen=True)
class Procedure:
    """A machine with its conditions and relations bound.

    Attributes:
        machine: the declared states and transitions.
        conditions: condition name → function; a name without function refuses its steps.
        relations: actor word → function (department codes, CUS and the system's voices are built in).
        customer_topic: outbox topic that tells the customer of each step declared visible to him (1.3-a); None:
            nobody does. Its payload: kind, id, step, entry (``seq`` of the journal).
    """

    machine: Machine
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    customer_topic: str | None = None

    def __post_init__(self) -> None:
        PROCEDURES.append(self)

    def open(
        self,
        session: Session,
        case: Any,
        *,
        series: str,
        by: Actor,
        at: datetime,
        data: dict[str, Any] | None = None,
        clauses: tuple[str, ...] = (),
    ) -> Any:
        """Number the case, put it into the initial state and write its first entry. Flushes."""
        case.number = next_number(session, series, at)
        case._state = self.machine.initial
        case.opened_at = case.changed_at = at
        session.add(case)
        session.flush()
        journal.append(
            session,
            case.__case_kind__,
            case.id,
            "open",
            self.machine.initial,
            by=by,
            at=at,
            clauses=clauses,
            data=data,
        )
        return case

    def advance(
        self,
        session: Session,
        case: Any,
        step: str,
        *,
        by: Actor,
        at: datetime,
        data: dict[str, Any] | None = None,
        expected_version: int | None = None,
    ) -> JournalEntry:
        """Take one declared step and write it into the journal.

        Raises:
            StaleVersion: the case has moved since ``expected_version`` was read.
            IllegalStep: the machine declares no such step from the present state.
            Forbidden: ``by`` is none of the step's actors.
            Refusal: whatever the step's condition raises.
        """
        if expected_version is not None and expected_version != case.version:
            raise StaleVersion("case.stale", number=case.number)
        transition = self.machine.transition(case.state, step)
        self._authorise(case, transition, by)
        self._check(Step(session, case, transition, data or {}, by, at))
        case._state = transition.target
        case.changed_at = at
        session.flush()
        entry = journal.append(
            session,
            case.__case_kind__,
            case.id,
            step,
            transition.target,
            by=by,
            at=at,
            clauses=transition.clauses,
            data=data,
        )
        if self.customer_topic and transition.customer_visible:
            payload = {"kind": case.__case_kind__, "id": case.id, "step": step, "entry": entry.seq}
            outbox.publish(session, self.customer_topic, payload, at=at, cause=case)
        return entry

    def available(
        self, session: Session, case: Any, *, by: Actor, at: datetime, data: dict[str, Any] | None = None
    ) -> list[Choice]:
        """Every step from the present state, with the reason where ``by`` may not take it now."""
        choices = []
        for transition in self.machine.steps_from(case.state):
            refusal: Refusal | None = None
            try:
                self._authorise(case, transition, by)
                self._check(Step(session, case, transition, data or {}, by, at))
            except Refusal as reason:
                refusal = reason
            choices.append(Choice(transition, refusal))
        return choices

    def plays(self, case: Any, word: str, by: Actor) -> bool:
        """Whether the actor is what the machine calls ``word`` for this case."""
        if word in SYSTEM_ACTORS:
            return by.kind == word
        if word == CUSTOMER:
            return by.kind == "customer"
        relation = self.relations.get(word)
        if relation is not None:
            return relation(case, by)
        return by.kind == "person" and by.department == word

    def _authorise(self, case: Any, transition: Transition, by: Actor) -> None:
        if not any(self.plays(case, word, by) for word in transition.actors):
            raise Forbidden(
                "case.not_an_actor",
                clause=transition.clauses[0] if transition.clauses else None,
                step=transition.step,
                actors=", ".join(transition.actors),
            )

    def _check(self, step: Step) -> None:
        name = step.transition.condition
        if not name:
            return
        condition = self.conditions.get(name)
        if condition is None:
            raise Forbidden("case.condition_unbound", step=step.transition.step, condition=name)
        condition(step)


PROCEDURES: list[Procedure] = []
"""Every procedure of the program, so that the rulebook can show which declared steps may be taken at all."""


def note(
    session: Session,
    case: Any,
    what: str,
    *,
    by: Actor,
    at: datetime,
    data: dict[str, Any] | None = None,
    clauses: tuple[str, ...] = (),
) -> JournalEntry:
    """Record an event of a case that changes no state (a contact tried, a part reserved)."""
    return journal.append(
        session,
        case.__case_kind__,
        case.id,
        f"{journal.NOTE_PREFIX}{what}",
        None,
        by=by,
        at=at,
        data=data,
        clauses=clauses,
    )


def history(session: Session, case: Any) -> list[JournalEntry]:
    """All journal entries of a case, oldest first."""
    return journal.history(session, case.__case_kind__, case.id)


def case_classes() -> list[type[Any]]:
    """Every mapped case kind."""
    mapped = (mapper.class_ for mapper in Base.registry.mappers)
    return sorted((cls for cls in mapped if issubclass(cls, CaseMixin)), key=lambda cls: cls.__name__)


def state_faults(session: Session) -> list[str]:
    """Cases whose cached state is not what their journal leads to, or whose chain is broken; for the doctor."""
    faults: list[str] = []
    for cls in case_classes():
        for case in session.scalars(select(cls).execution_options(yield_per=500)):
            entries = history(session, case)
            if journal.fold(entries) != case.state:
                faults.append(f"{case.number}: state {case.state}, journal {journal.fold(entries)}")
            faults.extend(journal.chain_faults(entries))
    return faults
