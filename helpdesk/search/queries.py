"""Asking the index: the newest windows of time first, so that a word in every ticket costs no more than a rare one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from helpdesk.search import rules
from helpdesk.search.index import READERS
from helpdesk.search.models import SearchEntry
from helpdesk.search.rules import Question
from order_core.db import UTCDateTime

DATED = ("ticket", "message")
LASTING = ("customer", "product", "order")
KINDS = (*DATED, *LASTING)
ENOUGH = 60
"""Rows looked at in a group before no older window is opened."""
SHOWN = 10

_POSTGRESQL = text(
    "SELECT kind, ref_id, at FROM (SELECT id, kind, ref_id, at FROM search_entry"
    " WHERE words @@ CAST(:match AS tsquery) OFFSET 0) AS found ORDER BY at DESC, id DESC LIMIT :most"
).columns(SearchEntry.kind, SearchEntry.ref_id, at=UTCDateTime())
_SQLITE = text(
    "SELECT e.kind, e.ref_id, e.at FROM (SELECT rowid FROM search_fts WHERE search_fts MATCH :match) AS found"
    " JOIN search_entry AS e ON e.id = found.rowid ORDER BY e.at DESC, e.id DESC LIMIT :most"
).columns(SearchEntry.kind, SearchEntry.ref_id, at=UTCDateTime())
_NEWEST = text("SELECT at FROM search_entry ORDER BY at DESC, id DESC LIMIT 1").columns(at=UTCDateTime())


@dataclass(frozen=True)
class Found:
    """A row that holds what was asked for."""

    kind: str
    ref_id: int
    at: datetime


def find(session: Session, asked: Question, kinds: Iterable[str] = KINDS, most: int = ENOUGH) -> list[Found]:
    """Rows that hold every token, the newest first, at most some dozens of either group; empty for no question."""
    wanted = set(kinds)
    connection = session.connection()
    newest = connection.execute(_NEWEST).scalar() if asked else None
    if newest is None:
        return []
    if connection.dialect.name == "postgresql":  # a scan of the table is never the way, whatever it estimates
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = _dated(connection, asked, [k for k in DATED if k in wanted], newest, most)
    found += _ask(connection, asked, [k for k in LASTING if k in wanted], (), most)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return found


def _dated(connection: Connection, asked: Question, kinds: Sequence[str], newest: datetime, most: int) -> list[Found]:
    """Open windows until there is enough: each is eight times as long as the one before."""
    found: list[Found] = []
    for window in rules.windows(newest):
        found = _ask(connection, asked, kinds, window, most)
        if len(found) >= most:
            break
    return found


def _ask(
    connection: Connection, asked: Question, kinds: Sequence[str], window: tuple[str, ...], most: int
) -> list[Found]:
    if not kinds:
        return []
    if connection.dialect.name == "postgresql":
        statement, match = _POSTGRESQL, rules.in_postgresql(asked, kinds, window)
    else:
        statement, match = _SQLITE, rules.in_sqlite(asked, kinds, window)
    rows = connection.execute(statement, {"match": match, "most": most})
    return [Found(kind, ref_id, at) for kind, ref_id, at in rows]


def texts(session: Session, found: Iterable[Found]) -> dict[tuple[str, int], str]:
    """What each row is found by, to see whether it holds what was asked for and how well."""
    by_kind: dict[str, list[int]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one.ref_id)
    return {
        (kind, document.ref_id): document.text
        for kind, ids in by_kind.items()
        for document in READERS[kind][1](session, ids)
    }


def ranked(
    session: Session, asked: Question, kinds: Iterable[str] = KINDS, most: int = ENOUGH
) -> dict[str, list[Found]]:
    """Kind → rows that hold what was asked for: whole phrases first, then the newest."""
    found = find(session, asked, kinds, most)
    said = texts(session, found)
    rows: dict[str, list[tuple[int, Found]]] = {}
    for one in found:
        words = said.get((one.kind, one.ref_id), "")
        if words and rules.holds(asked, words):
            rows.setdefault(one.kind, []).append((rules.score(asked, words[:60], words), one))
    order: Any = {
        kind: [one for _, one in sorted(hits, key=lambda hit: (-hit[0], -hit[1].at.timestamp(), -hit[1].ref_id))]
        for kind, hits in rows.items()
    }
    return {kind: order[kind] for kind in KINDS if kind in order}
