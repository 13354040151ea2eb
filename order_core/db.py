"""The declarative base, its column types and naming rules; one metadata for library and helpdesk."""

from datetime import UTC, datetime
from typing import Annotated, Any, cast, dataclass_transform

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Insert, Integer, MetaData, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware datetimes in, UTC datetimes out, on databases with and without time zones.

    Raises:
        ValueError: for a naive datetime, which names no instant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere: SQLite only autoincrements a column declared INTEGER, which is 64 bits there."""


def plain_insert(model: type["Base"]) -> Insert:
    """An INSERT without a unit of work, to be made once: a statement's cache key costs as much as its run.

    Defaults of the mapped class do not apply; every column that has no NULL is given.
    """
    return insert(cast(Table, model.__table__))


def insert_new(model: type["Base"], dialect: str) -> Insert:
    """The same, but doing nothing (``rowcount`` 0) when a unique key is taken; ``dialect``: the database's name."""
    into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = into(cast(Table, model.__table__)).on_conflict_do_nothing().inline()
    return statement.execution_options(preserve_rowcount=True)


def new_id(session: Session, statement: Insert, values: dict[str, Any]) -> int:
    """Run a plain INSERT in the session's transaction; the id of the new row."""
    key = session.connection().execute(statement, values).inserted_primary_key
    assert key is not None
    return int(key[0])


Id = Annotated[int, mapped_column(BigInt, primary_key=True, autoincrement=True)]


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column, relationship))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False):
    """Every table of the product. Rows compare by identity, not by value."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UTCDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
    }
