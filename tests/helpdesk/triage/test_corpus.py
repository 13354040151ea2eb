"""What is learned from and what is judged by: enough of it, and never the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from rapidfuzz import fuzz, process

from helpdesk.triage import artefact, corpus
from helpdesk.triage.language import normalise
from helpdesk.triage.values import HAZARDS, INTENTS, LANGUAGES

pytestmark = pytest.mark.once

NEARLY = 88
"""Similarity in percent from which two messages are nearly one."""
LONG = 9
"""Normalised characters below which a message is a common phrase, and nobody's wording."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_intent_has_its_seeds_in_every_language(lang: str) -> None:
    counts = Counter(seed.label for seed in corpus.seeds() if seed.lang == lang)
    assert min(counts[intent] for intent in INTENTS) >= 60


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_danger_and_what_only_looks_like_one(lang: str) -> None:
    counts = Counter(example.label for example in corpus.dangers() if example.lang == lang)
    assert min(counts[kind] for kind in HAZARDS) >= 20
    assert counts[corpus.NO_DANGER] >= 50


@pytest.mark.parametrize("lang", LANGUAGES)
def test_enough_is_frozen(lang: str) -> None:
    counts = Counter(message.label for message in corpus.frozen() if message.lang == lang)
    assert {intent: counts[intent] for intent in INTENTS} == dict.fromkeys(INTENTS, 8)


def test_nothing_frozen_is_learned_from() -> None:
    """Not even nearly, but for phrases so short that there is one way to say them (hello, five, 退订)."""
    learned = sorted({normalise(example.text) for example in (*corpus.seeds(), *corpus.dangers())})
    second = Path(__file__).with_name("second_safety.txt").read_text(encoding="utf-8").splitlines()
    frozen = {normalise(example.text) for example in (*corpus.frozen(), *corpus.frozen_dangers())}
    frozen |= {normalise(line) for line in second if not line.startswith(("#", "["))}
    found = {
        text: match[0]
        for text in sorted(frozen)
        if len(text) >= LONG
        and (match := process.extractOne(text, learned, scorer=fuzz.ratio, score_cutoff=NEARLY)) is not None
    }
    assert found == {}


def test_the_shipped_model_was_built_from_these_messages() -> None:
    """``make triage-model`` after a change of the data."""
    assert artefact.shipped().fingerprint == corpus.fingerprint()


def test_the_shipped_model_is_small() -> None:
    assert artefact.SHIPPED.stat().st_size < 8_000_000
