"""A message as word and character n-grams weighted by how telling they are (TF-IDF), in plain numpy.

Training fits the same weights with scikit-learn through ``words`` and ``characters``; a test holds that both
give the same numbers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LONGEST = 5
"""Characters of the longest n-gram."""
READ_AT_MOST = 1000
"""Characters of a message that count; the longest SMS has 1,600, and nobody comes to the point after a thousand."""
SHORT, REMEMBERED = 12, 8192
"""Characters of a word whose n-grams are remembered, and how many words are: all that is common in a language."""
_WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_FIGURES = re.compile(r"\d{4,}")


def plain(normal: str) -> str:
    """A normalised text as the n-grams see it: cut, and long figures all alike."""
    return _FIGURES.sub("0000", normal[:READ_AT_MOST])


def words(text: str) -> list[str]:
    """Words (of Chinese: characters) and pairs of neighbours."""
    found = _WORD.findall(text)
    return found + [f"{a} {b}" for a, b in pairwise(found)]


def characters(text: str) -> list[str]:
    """Runs of 1 to 5 characters inside words, a blank marking either end of a word."""
    return [run for word in text.split() for run in _runs(word)]


def _runs(word: str) -> list[str]:
    padded = f" {word} "
    length = len(padded)
    return [padded[i : i + size] for size in range(1, min(LONGEST, length) + 1) for i in range(length - size + 1)]


@dataclass(frozen=True)
class Block:
    """One kind of n-gram: its vocabulary, and the inverse document frequency of each entry."""

    entries: tuple[str, ...]
    idf: Floats

    @cached_property
    def index(self) -> dict[str, int]:
        """Entry → column."""
        return {entry: column for column, entry in enumerate(self.entries)}

    def columns(self, tokens: Iterable[str]) -> list[int]:
        """Those of the tokens that are known, as often as they occur."""
        known = self.index
        return [known[token] for token in tokens if token in known]

    @cached_property
    def runs(self) -> Callable[[str], list[int]]:
        """The columns of a word's runs of characters; words that come again and again are remembered."""
        remembered = lru_cache(maxsize=REMEMBERED)(lambda word: self.columns(_runs(word)))
        return lambda word: remembered(word) if len(word) <= SHORT else self.columns(_runs(word))

    def weigh(self, columns: Iterable[int]) -> tuple[NDArray[np.int64], Floats]:
        """(columns, values): (1 + ln count) · idf, of length one."""
        counted = Counter(columns)
        distinct = np.fromiter(counted.keys(), np.int64, len(counted))
        counts = np.fromiter(counted.values(), np.float32, len(counted))
        values = (1 + np.log(counts)) * self.idf[distinct]
        length = float(np.sqrt(values @ values))
        return distinct, (values / length if length else values).astype(np.float32)


@dataclass(frozen=True)
class Grams:
    """Both blocks side by side; columns of ``characters`` come after those of ``words``."""

    words: Block
    characters: Block

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.words.entries) + len(self.characters.entries)

    def weigh(self, normal: str) -> tuple[NDArray[np.int64], Floats]:
        """(columns, values) of a normalised text."""
        text = plain(normal)
        left, left_values = self.words.weigh(self.words.columns(words(text)))
        runs = self.characters.runs
        right, right_values = self.characters.weigh(column for word in text.split() for column in runs(word))
        return np.concatenate((left, right + len(self.words.entries))), np.concatenate((left_values, right_values))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As it is stored."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, block in (("words", self.words), ("characters", self.characters)):
            arrays[f"{name}.entries"] = np.frombuffer("\n".join(block.entries).encode(), np.uint8)
            arrays[f"{name}.idf"] = block.idf.astype(np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: "dict[str, NDArray[np.generic]]") -> "Grams":
        """What ``to_arrays`` stored."""
        blocks = [
            Block(tuple(_text(arrays[f"{name}.entries"]).split("\n")), np.asarray(arrays[f"{name}.idf"], np.float32))
            for name in ("words", "characters")
        ]
        return cls(*blocks)


def _text(stored: NDArray[np.generic]) -> str:
    return stored.tobytes().decode()


def similarity(a: tuple[NDArray[np.int64], Floats], others: Sequence[tuple[NDArray[np.int64], Floats]]) -> Floats:
    """Cosine of one weighed text with each of others (either has two blocks of length one)."""
    seen = dict(zip(a[0].tolist(), a[1].tolist(), strict=True))
    return np.array(
        [
            sum(seen.get(column, 0.0) * value for column, value in zip(columns.tolist(), values.tolist(), strict=True))
            for columns, values in others
        ],
        np.float32,
    ) / np.float32(2)
