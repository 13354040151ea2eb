"""Tables that people hand in, as a file or pasted, and what is wrong with their rows in the reader's language."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext

from helpdesk.errors.views import said
from order_core.acquisition.research.imports import RowFault, decoded

LONGEST = 2_000_000
"""Characters of a pasted table; a file is limited by the request."""


def uploaded() -> str:
    """The table of the request: the file where there is one, else what was pasted. Raises ``Invalid``: not UTF-8."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return decoded(file.read())
    return request.form.get("text", "")[:LONGEST]


def refused_rows(faults: Sequence[RowFault]) -> list[dict[str, Any]]:
    """Row, field and rule of each fault."""
    return [
        {
            "row": fault.row,
            "field": gettext(f"import.field.{fault.fault.field}"),
            "why": said(fault.fault.code, fault.fault.params),
        }
        for fault in faults
    ]
