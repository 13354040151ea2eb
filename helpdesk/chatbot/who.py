"""Who writes, what is his, and the proof of it where several people share a number (B5)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.chatbot.state import DialogueState
from helpdesk.triage.language import normalise
from helpdesk.triage.values import OwnedProduct
from order_core.aftersales.models import InstalledProduct
from order_core.parties.models import ContactPerson, Person, ProductModel
from order_core.values import Sender

SHARING = 4
"""People of one number that are looked at."""
PROVEN_FOR = timedelta(days=1)
"""How long a proof of identity lasts."""
PROOF_SIGNS = 4
_SIGNS = re.compile(r"[^0-9a-z\u4e00-\u9fff]")


@dataclass(frozen=True)
class Party:
    """Who writes: a contact of ours (the number's only one, or one who has proved it), a person of ours, or nobody
    known. ``sharing``: those who have the number where it is not known yet which of them writes (B5)."""

    sender: Sender
    contact: ContactPerson | None
    technician: Person | None
    sharing: tuple[ContactPerson, ...] = ()

    @property
    def phone(self) -> str:
        """What the conversation is kept under."""
        return self.sender.number or self.sender.text[:64]


def party(session: Session, sender: Sender) -> Party:
    """Who has this number. More than one contact: nobody is assumed (B5)."""
    if sender.number is None:
        return Party(sender, None, None)
    wanted = select(ContactPerson).where(ContactPerson.phone == sender.number).order_by(ContactPerson.id)
    contacts = tuple(session.scalars(wanted.limit(SHARING)))
    ours = session.scalars(select(Person).where(Person.phone == sender.number, Person.active)).first()
    if len(contacts) == 1:
        return Party(sender, contacts[0], ours)
    return Party(sender, None, ours, contacts)


def proved(session: Session, who: Party, state: DialogueState, words: str, *, asked: bool, at: datetime) -> Party:
    """The party, known by what one of those who share the number has proved; ``asked``: these words may prove it."""
    person = next((contact for contact in who.sharing if contact.id == state.person), None)
    if person is None:
        return who
    lasting = state.proven is not None and at <= datetime.fromisoformat(state.proven) + PROVEN_FOR
    if lasting or (asked and _proves(session, person, words)):
        return replace(who, contact=person, sharing=())
    return who


def _proves(session: Session, person: ContactPerson, words: str) -> bool:
    """Postcode and the last four characters of a serial number of the person's own, in any order (B5)."""
    said = _SIGNS.sub("", normalise(words))
    units = select(InstalledProduct.serial).where(InstalledProduct.customer_id == person.customer_id)
    postcodes = {_SIGNS.sub("", normalise(site.postcode)) for site in person.customer.sites}
    for serial in session.scalars(units):
        end = _SIGNS.sub("", normalise(serial))[-PROOF_SIGNS:]
        for postcode in postcodes:
            if said in (postcode + end, end + postcode):
                return True
    return False


def hint(name: str) -> str:
    """Enough of a name to know oneself by: ``林＊＊``, ``M. S.``."""
    words = name.split()
    if name.isascii():
        return " ".join(f"{word[0]}." for word in words)
    return name[0] + "\N{FULLWIDTH ASTERISK}" * (len(name.strip()) - 1)


def owned(session: Session, contact: ContactPerson | None, language: str) -> tuple[OwnedProduct, ...]:
    """The contact's units, the oldest first."""
    if contact is None:
        return ()
    rows = session.execute(
        select(InstalledProduct, ProductModel)
        .join(ProductModel, ProductModel.code == InstalledProduct.model_code)
        .where(InstalledProduct.customer_id == contact.customer_id)
        .order_by(InstalledProduct.id)
    )
    return tuple(
        OwnedProduct(unit.serial, model.appliance, model.names.get(language, model.code), unit.room, model.code)
        for unit, model in rows
    )
