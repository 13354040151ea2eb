"""The price list, as far as a message names what is on it; what is not on it has no price."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.chatbot.state import PartRef
from helpdesk.parts.models import Part, PartFit
from helpdesk.triage.language import detect_language, normalise
from helpdesk.triage.values import OwnedProduct

SHOWN = 2
"""Parts that one message lists; more are for a person to tell apart."""
MINOR = 100


def named_in(session: Session, text: str, units: Sequence[OwnedProduct]) -> tuple[PartRef, ...]:
    """The priced parts that the words name, by code or by name in any language, for the sender's kinds of units."""
    words, language = normalise(text), detect_language(text, None)
    kinds = {unit.appliance for unit in units}
    wanted = select(Part).join(PartFit, PartFit.part_code == Part.code).where(Part.price > 0).distinct()
    if kinds:
        wanted = wanted.where(PartFit.appliance.in_(kinds))
    found = [part for part in session.scalars(wanted.order_by(Part.code)) if _is_named(part, words)]
    if len(found) > SHOWN:
        return ()
    return tuple(
        PartRef(str(part.names.get(language, part.code)), f"{part.currency} {part.price / MINOR:,.2f}")
        for part in found
    )


def _is_named(part: Part, words: str) -> bool:
    names = [normalise(str(name)) for name in part.names.values()]
    return normalise(part.code) in words or any(name and name in words for name in names)
