"""Stored replies with variables: checked when they are saved, shown filled in before they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.tickets.models import Macro
from helpdesk.tickets.rules import view_name
from order_core.errors import Invalid, NotFound
from order_core.issues.rules import URGENCIES

VARIABLES = ("customer", "number", "agent", "appliance")
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
LONGEST = 1_600
_PLACE = re.compile(r"\{([^{}]*)\}")


def unknown(text: str) -> list[str]:
    """Variables of a text that there are not; an odd brace is one of them."""
    named = [name for name in _PLACE.findall(text) if name not in VARIABLES]
    return named + re.findall(r"[{}]", _PLACE.sub("", text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables' values."""
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def wording(macro: Macro, language: str) -> str:
    """The macro in a language, else in whichever it has."""
    return str(macro.texts.get(language) or next(iter(macro.texts.values()), ""))


def active(session: Session) -> Sequence[Macro]:
    """Every macro in use, by name."""
    return session.scalars(select(Macro).where(Macro.active).order_by(Macro.name)).all()


def save(session: Session, name: str, texts: Mapping[str, str], urgency: str | None = None) -> Macro:
    """Make a macro, or change the one of that name.

    Raises:
        Invalid: no name, no wording, one that is too long, a variable that there is not, no such urgency.
    """
    name = view_name(name)
    kept = {language: text.strip() for language, text in texts.items() if language in LANGUAGES and text.strip()}
    if not kept or max(map(len, kept.values())) > LONGEST:
        raise Invalid("macro.text", field="texts", maximum=LONGEST)
    for language, text in kept.items():
        if wrong := unknown(text):
            raise Invalid("macro.variable", field=language, variable=wrong[0], allowed=", ".join(VARIABLES))
    if urgency and urgency not in URGENCIES:
        raise Invalid("issue.urgency", field="urgency", allowed=", ".join(URGENCIES))
    macro = session.scalars(select(Macro).where(Macro.name == name)).first()
    if macro is None:
        macro = Macro(name=name, texts={})
        session.add(macro)
    macro.texts, macro.urgency, macro.active = kept, urgency or None, True
    session.flush()
    return macro


def retire(session: Session, macro_id: int) -> None:
    """Use a macro no more. Raises ``NotFound``."""
    macro = session.get(Macro, macro_id)
    if macro is None:
        raise NotFound("macro.unknown", field="id")
    macro.active = False
    session.flush()
