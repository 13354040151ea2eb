"""The chain of an order: from any record up to where it came from and down to what came of it, in one query (1.1).

A room declares its kinds of record and which belongs to which; the walk is made from those declarations, so that a
new kind plugs in with one line beside its table. Belonging has a direction and no circles but a kind's own (an issue
that follows from an issue).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from order_core.clauses import carries
from order_core.db import BigInt

Column = InstrumentedAttribute[Any]
Direction = Literal["up", "down"]
WAYS: tuple[Direction, ...] = ("up", "down")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of record. ``label``: what people call one; ``anchors``: of these columns one at least is filled."""

    name: str
    id: Column
    label: Column
    anchors: tuple[Column, ...] = ()


@dataclass(frozen=True, eq=False)
class Edge:
    """A record of ``child`` belongs to one of ``parent``: both ids stand in one row, of a table or of tables that
    ``where`` joins."""

    parent: str
    child: str
    parent_id: Column
    child_id: Column
    where: tuple[ColumnElement[bool], ...] = ()


@dataclass(frozen=True)
class Link:
    """A record of a chain. ``way``: ``up`` from the one asked about, ``down`` from it, or ``here``."""

    kind: str
    id: int
    label: str
    way: str


KINDS: dict[str, Kind] = {}
EDGES: list[Edge] = []


def kind(name: str, key: Column, label: Column, *anchors: Column) -> None:
    """Declare a kind of record, with the columns of which one must be filled where nothing else ties it."""
    KINDS[name] = Kind(name, key, label, anchors)
    _statement.cache_clear()


def edge(parent: str, child: str, parent_id: Column, child_id: Column, *where: ColumnElement[bool]) -> None:
    """Declare that records of ``child`` belong to records of ``parent``.

    Raises:
        ValueError: kinds would belong to each other in a circle.
    """
    EDGES.append(Edge(parent, child, parent_id, child_id, where))
    _statement.cache_clear()
    try:
        _in_order("down")
    except CycleError as error:
        EDGES.pop()
        raise ValueError(f"{child} cannot belong to {parent}: {' → '.join(error.args[1])}") from error


@carries("case", "1.1")
def walk(session: Session, name: str, key: int) -> list[Link]:
    """Everything a record belongs to and everything that belongs to it, nearest kinds first. One query.

    Raises ``KeyError`` for a kind that nobody has declared.
    """
    rows = session.execute(_statement(KINDS[name].name), {"key": key})
    return [Link(*row) for row in rows]


@lru_cache(maxsize=64)
def _statement(name: str) -> Select[Any]:
    here = KINDS[name]
    parts = [_labelled(here, "here", select(bindparam("key", type_=here.id.type).label("id")).cte("here"))]
    for way in WAYS:
        for at, found in _reached(name, way):
            part = _labelled(KINDS[at], way, found)
            parts.append(part.where(here.id != bindparam("key")) if at == name else part)
    chain = union_all(*parts).subquery("chain")
    return select(chain.c.kind, chain.c.id, chain.c.label, chain.c.way)


def _labelled(what: Kind, way: str, found: CTE) -> Select[Any]:
    facts: tuple[ColumnElement[Any], ...] = (
        literal(what.name).label("kind"), what.id.label("id"), cast(what.label, String).label("label"),
        literal(way).label("way"),
    )  # fmt: skip
    return select(*facts).where(what.id.in_(select(found.c.id)))


def _reached(start: str, way: Direction) -> list[tuple[str, CTE]]:
    """(kind, ids) of each kind that the walk comes to, in the order in which it does."""
    found: dict[str, CTE] = {}
    for name in _in_order(way):
        sources = [_step(edge, way, found[_near(edge, way)]) for edge in EDGES
                   if _far(edge, way) == name and _near(edge, way) in found and edge.parent != edge.child]  # fmt: skip
        if name == start:
            sources.append(select(bindparam("key", type_=KINDS[name].id.type).label("id")))
        if sources:
            found[name] = _with_own_kind(name, way, union(*sources).cte(f"{way}_{name}"))
    return list(found.items())


def _with_own_kind(name: str, way: Direction, first: CTE) -> CTE:
    """The ids and those of the same kind that they lead to, however far."""
    own = [edge for edge in EDGES if edge.parent == edge.child == name]
    if not own:
        return first
    pairs = union_all(*(_pair(edge, way) for edge in own)).subquery()
    reached = select(first.c.id).cte(f"{way}_{name}_all", recursive=True)
    return reached.union(select(pairs.c.far).join(reached, pairs.c.near == reached.c.id))


def _pair(edge: Edge, way: Direction) -> Select[Any]:
    near, far = _ends(edge, way)
    ids: tuple[ColumnElement[Any], ...] = (near.label("near"), cast(far, BigInt).label("far"))
    return select(*ids).where(far.is_not(None), *edge.where)


def _step(edge: Edge, way: Direction, known: CTE) -> Select[Any]:
    near, far = _ends(edge, way)
    ids: tuple[ColumnElement[Any], ...] = (cast(far, BigInt).label("id"),)  # a recursion wants one type throughout
    return select(*ids).where(near.in_(select(known.c.id)), far.is_not(None), *edge.where)


def _ends(edge: Edge, way: Direction) -> tuple[Column, Column]:
    """The column that the walk comes from, and the one that it goes to."""
    return (edge.child_id, edge.parent_id) if way == "up" else (edge.parent_id, edge.child_id)


def _near(edge: Edge, way: Direction) -> str:
    return edge.child if way == "up" else edge.parent


def _far(edge: Edge, way: Direction) -> str:
    return edge.parent if way == "up" else edge.child


def _in_order(way: Direction) -> Sequence[str]:
    """Every kind after those from which the walk comes to it."""
    sorter = TopologicalSorter[str](dict.fromkeys(KINDS, ()))
    for edge in EDGES:
        if edge.parent != edge.child:
            sorter.add(_far(edge, way), _near(edge, way))
    return tuple(sorter.static_order())


def unanchored(session: Session, names: Iterable[str] = ()) -> int:
    """How many records have none of the columns that would tie them to an order, an item or a customer.

    Where one of them may never be empty, the database has seen to it.
    """
    found = 0
    for name in names or KINDS:
        anchors = KINDS[name].anchors
        if anchors and all(column.property.columns[0].nullable for column in anchors):
            loose = and_(*(column.is_(None) for column in anchors))
            found += session.scalar(select(func.count()).select_from(KINDS[name].id.class_).where(loose)) or 0
    return found
