"""Design tasks (3.2.1-a): one for each order line that needs design, given to one responsible person in time."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.execution import gates
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import needs as sources
from order_core.execution.design import rules
from order_core.execution.design.lifecycle import DESIGN, OWNER, of_department, successor_of
from order_core.execution.design.models import Characteristic, Design, DesignDocument, DesignTask
from order_core.execution.design.rules import Need
from order_core.execution.models import Order, OrderLine
from order_core.execution.rules import same
from order_core.kernel import clock
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.parties.models import Person
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book

ASSIGN_CLOCK = "DESIGN"
SERIES = "D"


@carries("case", "3.2.1-a")
def open_tasks(session: Session, order: Order, *, by: Actor, at: datetime) -> list[DesignTask]:
    """The one task of each line that needs a design, with a design to be made; the clock of its giving starts.

    A task whose designs are all given up, or are of something else than the line now asks for, is opened again.
    Calling it again opens nothing a second time.

    Returns:
        The tasks that are to be given to somebody.
    """
    tasks = select(DesignTask).join(OrderLine, OrderLine.id == DesignTask.line_id)
    known = {task.line_id: task for task in session.scalars(tasks.where(OrderLine.order_id == order.id))}
    opened = []
    for line in (line for line in order.lines if line.new_design):
        task = known.get(line.id)
        if task is None:
            opened.append(_open_task(session, order, line, by=by, at=at))
        elif not any(one.state != "withdrawn" and fits(one, line) for one in task.designs):
            opened += _open_again(session, task, by=by, at=at)
    return opened


def fits(design: Design, line: OrderLine) -> bool:
    """Whether a design is of what the line asks for: its model, in its specification."""
    return design.model_code == line.model_code and same(design.title, line.specification)


def _open_again(session: Session, task: DesignTask, *, by: Actor, at: datetime) -> list[DesignTask]:
    """A design under way follows its line; where there is none, another is to be made, by whoever it is given to."""
    line = task.line
    under_way = [one for one in task.designs if one.state in ("draft", "in_review") and one.predecessor_id is None]
    if under_way:
        design = under_way[-1]
        design.model_code, design.title, design.changed_at = line.model_code, line.specification, at
        data = {"model": line.model_code, "title": line.specification}
        note(session, design, "design_aimed", by=by, at=at, data=data, clauses=("3.2.1-a",))
        hand_over(session, design, to=OWNER, key="design.aimed", at=at, params={"order": line.order.number})
        return []
    task.owner_id, task.assigned_at, task.needed_on = None, None, needed(session, line, at)
    _to_be_given(session, task, by=by, at=at)
    return [task]


def needed(session: Session, line: OrderLine, at: datetime) -> date:
    """When the design of a line has to be released, for the line's date to be kept."""
    assert line.due_on is not None, "an order is not issued without it"
    return rules.working_days_before(line.due_on, lead_days(session, at), house_calendar(session))


def lead_days(session: Session, at: datetime) -> int:
    """Working days from a released design to goods that can be delivered, while no plan of production says better."""
    return int(book(session, at).threshold("design_lead_days"))


def _open_task(session: Session, order: Order, line: OrderLine, *, by: Actor, at: datetime) -> DesignTask:
    task = DesignTask(line_id=line.id, opened_at=at, needed_on=needed(session, line, at))
    session.add(task)
    session.flush()
    _to_be_given(session, task, by=by, at=at)
    return task


def _to_be_given(session: Session, task: DesignTask, *, by: Actor, at: datetime) -> None:
    """A design for the task, which R&D has to give to somebody in time."""
    line, calendar = task.line, house_calendar(session)
    design = _open(session, Design(model_code=line.model_code, title=line.specification, task_id=task.id), by=by, at=at)
    clock.start(session, design, book(session, at).policy(ASSIGN_CLOCK), at=at, calendar=calendar, party=OWNER)
    params = {"number": design.number, "order": line.order.number}
    tell(session, key="design.to_assign", at=at, about=design, department=OWNER, params=params)
    session.expire(task, ["designs"])


def _open(session: Session, design: Design, *, by: Actor, at: datetime) -> Design:
    DESIGN.open(session, design, series=SERIES, by=by, at=at, clauses=("3.2.1-a",))
    return design


@carries("clock", "3.2.1-a")
def assign(session: Session, design: Design, owner_id: int, *, by: Actor, at: datetime) -> None:
    """R&D gives the task to one responsible person; he and sales are told. Given anew, the former one is free of it.

    Raises:
        Forbidden: not R&D; Invalid: the design is no task of an order, or the person is none of R&D.
    """
    of_department(by, step="assign", clause="3.2.1-a")
    task, owner = design.task, session.get(Person, owner_id)
    if task is None:
        raise Invalid("design.no_task", field="owner", clause="3.2.1-a", number=design.number)
    if owner is None or not owner.active or owner.department_code != OWNER:
        raise Invalid("design.owner", field="owner", clause="3.2.1-a")
    task.owner_id, task.assigned_at = owner.id, task.assigned_at or at
    clock.stop(session, design, ASSIGN_CLOCK, at=at, calendar=house_calendar(session), party=OWNER)
    note(session, design, "design_assigned", by=by, at=at, data={"owner_id": owner.id}, clauses=("3.2.1-a",))
    params = {"number": design.number}
    tell(session, key="design.yours", at=at, about=design, person=owner.id, params=params)
    hand_over(session, design, to="SAL", key="design.assigned", at=at)


def record_needs(session: Session, design: Design, needs: Sequence[Need], *, by: Actor, at: datetime) -> None:
    """Write down what a line must meet, where no enquiry says it.

    Raises:
        Forbidden: neither R&D nor sales; Conflict: the requirements are kept elsewhere, or the design is submitted;
        Invalid: two have one code.
    """
    of_department(by, OWNER, "SAL", step="needs", clause="3.2.2-a")
    if design.state != "draft":
        raise Conflict("design.frozen", clause="3.2.3-a", number=design.number)
    task = design.task
    if task is None or sources.requirements_of(session, task.line) is not None:
        raise Conflict("design.needs_elsewhere", field="needs", clause="3.2.2-a", number=design.number)
    codes = [need.code for need in needs]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice is not None:
        raise Invalid("design.code_twice", field="needs", clause="3.2.2-a", twice=twice)
    task.recorded = [{"code": need.code, "text": need.text, "key": need.key} for need in needs]
    data = {"needs": codes, "key": [need.code for need in needs if need.key]}
    design.changed_at = at
    note(session, design, "design_needs", by=by, at=at, data=data, clauses=("3.2.2-a",))


def take_over(session: Session, model_code: str, title: str, *, by: Actor, at: datetime) -> Design:
    """A design of a model that is made already, so that its changes have something to start from.

    Raises:
        Conflict: the model has a design; it changes through an approved change only (3.2.3-a).
    """
    if of_model(session, model_code) is not None:
        raise Conflict("design.change_needed", clause="3.2.3-a", number=model_code)
    return _open(session, Design(model_code=model_code, title=title), by=by, at=at)


@carries("case", "3.2.3-a")
def revise(session: Session, design: Design, change: ChangeRequest, *, by: Actor, at: datetime) -> Design:
    """The next revision of a released design, as a draft that starts from what the present one says.

    Raises:
        Conflict: the change is not approved, is about another design, or has its revision already.
    """
    if change.state != "released" or change.design_id != design.id or design.state != "released":
        raise Conflict("design.change_needed", clause="3.2.3-a", number=design.number)
    if successor_of(session, design) is not None:
        raise Conflict("design.has_successor", clause="3.2.3-a", number=design.number)
    new = Design(model_code=design.model_code, title=design.title, task_id=design.task_id, predecessor_id=design.id)
    new.revision = design.revision + 1
    _open(session, new, by=by, at=at)
    change.successor_id = new.id
    new.documents.extend(
        DesignDocument(name=doc.name, link=doc.link, sha256=doc.sha256, size=doc.size) for doc in design.documents
    )
    new.characteristics.extend(_copied(row) for row in design.characteristics)
    session.flush()
    return new


def _copied(row: Characteristic) -> Characteristic:
    """A characteristic of the next revision: not verified yet."""
    return Characteristic(
        position=row.position,
        code=row.code,
        name=row.name,
        kind=row.kind,
        target=row.target,
        lower=row.lower,
        upper=row.upper,
        unit=row.unit,
        method=row.method,
        needs=list(row.needs),
    )


def of_model(session: Session, model_code: str) -> Design | None:
    """The catalogue's design of a model (of no single order), the newest that is not withdrawn."""
    return session.scalars(
        select(Design)
        .where(Design.model_code == model_code, Design.task_id.is_(None), Design.state != "withdrawn")
        .order_by(Design.id.desc())
        .limit(1)
    ).first()


@gates.gate("start")
def _designed(session: Session, order: Order, _at: datetime) -> None:
    """Production starts an order when every design that it needs is released (3.3.1-b)."""
    left = undesigned(session, order)
    if left:
        raise Conflict("design.not_released", clause="3.3.1-b", model=left[0].model_code, number=order.number)


def undesigned(session: Session, order: Order) -> list[OrderLine]:
    """Lines without a released design of what they ask for: production of the order waits for them (3.3.1-b)."""
    released = (
        select(DesignTask.line_id, Design)
        .join(Design, Design.task_id == DesignTask.id)
        .join(OrderLine, OrderLine.id == DesignTask.line_id)
        .where(OrderLine.order_id == order.id, Design.state.in_(rules.FINISHED))
    )
    lines = {line.id: line for line in order.lines}
    done = {line_id for line_id, design in session.execute(released) if fits(design, lines[line_id])}
    return [line for line in order.lines if line.new_design and line.id not in done]
