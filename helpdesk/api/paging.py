"""Lists by keyset: an opaque cursor over the id, so that deep pages cost what the first does."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field, field_validator
from sqlalchemy import Select
from sqlalchemy.orm import Session

from order_core.errors import Invalid

MOST = 200


LARGEST_ID = 2**63 - 1


class Asked(BaseModel):
    """What a program asks. A NUL is refused: no database keeps one in a text."""

    @field_validator("*")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("a NUL is not allowed")
        return value


class ListQuery(Asked):
    """What every list takes."""

    limit: int = Field(50, ge=1, le=MOST, description="rows a page")
    cursor: str | None = Field(None, description="`next` of the page before")
    q: str | None = Field(None, max_length=100, description="words to find")


def encode(row_id: object) -> str:
    """A cursor after the row with this key."""
    return base64.urlsafe_b64encode(str(row_id).encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The key a cursor stands for. Raises ``Invalid`` for anything that is no cursor of ours."""
    try:
        row_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise Invalid("list.cursor", field="cursor") from error
    if "\x00" in row_id:
        raise Invalid("list.cursor", field="cursor")
    return row_id


def page(
    session: Session,
    query: Select[Any],
    key: Any,
    wanted: ListQuery,
    show: Callable[[Any], dict[str, Any]],
    *,
    number: bool = True,
) -> dict[str, Any]:
    """One page in order of ``key``, newest first for numbered rows: ``{"items": […], "next": cursor or None}``."""
    if wanted.cursor:
        after: Any = decode(wanted.cursor)
        if number:
            if not after.isdecimal() or len(after) > 19 or int(after) > LARGEST_ID:
                raise Invalid("list.cursor", field="cursor")
            query = query.where(key < int(after))
        else:
            query = query.where(key > after)
    ordered = query.order_by(key.desc() if number else key)
    rows: Sequence[Any] = session.scalars(ordered.limit(wanted.limit + 1)).unique().all()
    shown = rows[: wanted.limit]
    more = encode(getattr(shown[-1], key.key)) if len(rows) > wanted.limit else None
    return {"items": [show(row) for row in shown], "next": more}
