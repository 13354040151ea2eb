"""What an assistant is asked and what it may answer, as plain values (docs/bots.md)."""

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["rephrase", "suggest"]


@dataclass(frozen=True)
class Line:
    """One message of the thread; ``who``: customer, bot or agent. Long numbers and addresses are masked."""

    who: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A request to an assistant.

    Attributes:
        kind: ``rephrase``: word ``text`` anew, with every fact as it is; ``suggest``: what could an agent answer?
        language: of the customer, which the answer has to be in.
        text: our own sentence (rephrase), empty else.
        thread: the last messages, oldest first (suggest), empty else.
    """

    kind: Kind
    language: str
    text: str = ""
    thread: tuple[Line, ...] = ()


class Assistant(Protocol):
    """Somebody else's bot. It gets no address, no name and no right; its answer is text, and is checked."""

    name: str

    def advise(self, asked: Asked) -> str:
        """The answer. May raise anything and be as slow as it likes: nobody waits for it."""
        ...
