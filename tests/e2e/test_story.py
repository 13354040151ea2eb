"""The main job on a whole product: as it should be, twice, and while its processes are being killed."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from helpdesk.story.play import play
from tests.e2e.conftest import Start
from tests.e2e.effects import Effects, effects, unfinished
from tests.e2e.product import READY_SECONDS, Product

MORTAL = ("worker-fast", "scheduler", "redis", "worker-plan", "worker-heavy")
SETTLED = 150.0
"""Killed in the middle of a text: the claim's lease must run out before another worker may ask what became of it."""


def tell(product: Product, *arguments: str) -> str:
    told = product.run("story", *arguments, timeout=500)
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{product.log_tail()}"
    assert "16/16" in told.stdout
    return told.stdout


def settled(product: Product) -> Effects:
    """The effects once no work is left; the journals and the stock are whole."""
    product.wait_until(lambda: unfinished(product) == [], SETTLED, "settled")
    examined = product.run("doctor")
    assert examined.returncode == 0, examined.stdout
    return effects(product)


@pytest.fixture(scope="module")
def calm(start: Start) -> tuple[Product, Effects]:
    """A product on which the story was played once, undisturbed."""
    product = start()
    tell(product)
    return product, settled(product)


def test_the_story_is_told(calm: tuple[Product, Effects]) -> None:
    _, done = calm
    sent = Counter(
        str(purpose)
        for direction, _, purpose, _ in done["messages"].elements()
        if direction == "out" and not str(purpose).startswith(("order.", "quote."))  # the demo's own past
    )
    assert {"ticket.opened", "offer.slots", "visit.booked", "visit.reminder", "visit.on_my_way"} <= set(sent)
    assert set(sent.values()) == {1}, sent
    assert done["surveys"] == {("answered", 2): 1} or ("followed_up", 2) in done["surveys"], done["surveys"]


def test_killed_workers_scheduler_and_redis_delay_the_story_and_change_nothing_else(
    calm: tuple[Product, Effects], start: Start, record_property: Callable[[str, object], None]
) -> None:
    """In every step one of them is hit with ``kill -9`` while the step is under way, each in its turn."""
    product, killed, story = start(), Counter[str](), None
    for role in itertools.cycle(MORTAL):
        blow = threading.Timer(
            random.uniform(0.0, 0.4), lambda role=role: killed.update({role: len(product.kill(role))})
        )
        blow.start()
        story = story or play(product.scene(patience=150))
        told = next(story, None)
        blow.join()
        if told is None:
            break
    product.wait_until(lambda: all(product.pids(role) for role in MORTAL), READY_SECONDS, "whole again")
    assert set(killed) == set(MORTAL), f"not everybody was killed, so this shows little: {dict(killed)}"
    assert settled(product) == calm[1]
    record_property("killed with -9 during the story", dict(killed))


def test_it_can_be_played_again(calm: tuple[Product, Effects]) -> None:
    product, first = calm
    tell(product)
    assert settled(product)["surveys"].total() == first["surveys"].total() + 1


def test_it_says_which_step_fails(start: Start) -> None:
    """Without a server the first step fails, and so does the command."""
    told = subprocess.run(
        [sys.executable, "-m", "helpdesk.cli", "story", "--url", "http://127.0.0.1:9"],
        env={"PATH": "", "DEMO": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "1/16 FAILED" in told.stderr
