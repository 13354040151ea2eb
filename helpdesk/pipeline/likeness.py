"""How alike two customers' texts are, in any of the three languages, and which words differ.

The library proposes duplicates and knows no fuzzy matcher: this is the one handed to it. Words and numbers are
tokens, and so is each Chinese character; script, case and width are folded first.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from helpdesk.triage.language import normalise

TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_㐀-鿿]+|[㐀-鿿]")
PIECE = re.compile(r"\d+(?:\.\d+)?|[^\W\d_㐀-鿿]+|[㐀-鿿]|.", re.DOTALL)


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[str, ...]:
    """The words, numbers and Chinese characters of a text, as they are compared."""
    return tuple(TOKEN.findall(normalise(text)))


def likeness(one: str, other: str) -> int:
    """0 to 100: half of how many words both share in any order, half of how far the shorter is within the longer."""
    first, second = tokens(one), tokens(other)
    if not first or not second:
        return 0
    same_words = 100 * Indel.normalized_similarity(sorted(first), sorted(second))
    within = fuzz.token_set_ratio(" ".join(first), " ".join(second))
    return round((same_words + within) / 2)


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; ``differs``: the other text does not have it."""

    text: str
    differs: bool


def differing(text: str, other: str) -> list[Piece]:
    """A text in pieces, those marked that the other one lacks, wherever they stand in it."""
    left = Counter(tokens(other))
    pieces: list[Piece] = []
    for piece in PIECE.findall(text):
        words = tokens(piece)
        differs = any(left[word] <= 0 for word in words)
        left.subtract(words)
        if not words and pieces:
            differs = pieces[-1].differs
        if pieces and pieces[-1].differs == differs:
            pieces[-1] = Piece(pieces[-1].text + piece, differs)
        else:
            pieces.append(Piece(piece, differs))
    return pieces
