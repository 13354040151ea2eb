"""The search index: a row for each ticket, message, customer, product and order, with its tokens.

PostgreSQL: the tokens are a ``tsvector`` made by us (its own parsers do not segment Chinese), under a GIN index.
SQLite: the same tokens are text, and an FTS5 table over them is kept by triggers. Both change in the transaction
of what they index.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Dialect, Index, String, Text, UniqueConstraint, event
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from order_core.db import Base, BigInt, Id


class Tokens(TypeDecorator[Any]):
    """Tokens in, a sequence or a text of them; out, for backups, a text of them with spaces between."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[str] | str | None, dialect: Dialect) -> str:
        return written(value.split() if isinstance(value, str) else value or (), dialect.name)

    def process_result_value(self, value: Any, dialect: Dialect) -> str:
        return str(value).replace("'", "")


def written(tokens: Sequence[str], dialect: str) -> str:
    """Tokens as the database takes them; none holds a quote, a backslash or a space."""
    return " ".join(f"'{token}'" for token in tokens) if dialect == "postgresql" else " ".join(tokens)


class SearchEntry(Base):
    """Something that can be found. ``ref_id``: row of its ``kind``; ``at``: the newest come first."""

    __tablename__ = "search_entry"
    __table_args__ = (
        UniqueConstraint("kind", "ref_id"),
        Index("ix_search_entry_at", "at", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(8))
    ref_id: Mapped[int] = mapped_column(BigInt)
    at: Mapped[datetime]
    words: Mapped[Any] = mapped_column(Tokens)


SQLITE = (
    "CREATE VIRTUAL TABLE search_fts USING fts5(words, content='search_entry', content_rowid='id',"
    " tokenize=\"unicode61 remove_diacritics 0 tokenchars '~_'\")",
    "CREATE TRIGGER search_entry_new AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_old AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words);"
    " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END",
)
POSTGRESQL = ("CREATE INDEX ix_search_entry_words ON search_entry USING gin (words) WITH (fastupdate = off)",)
_made: Any = DDL  # SQLAlchemy's own annotations leave it untyped
for _statement in SQLITE:
    event.listen(SearchEntry.__table__, "after_create", _made(_statement).execute_if(dialect="sqlite"))
for _statement in POSTGRESQL:
    event.listen(SearchEntry.__table__, "after_create", _made(_statement).execute_if(dialect="postgresql"))
