"""The dialogue as plain values: nothing personal before a check, and a person is always near."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.hotline import dialogue, rules
from helpdesk.hotline.dialogue import TONGUES, begin, hear
from helpdesk.hotline.talk import Facts, Heard, Known, Talk, Turn
from helpdesk.triage.values import HAZARDS

LIN = Known(1, "Lin", frozenset({rules.proof("KLN-MK", "RF-2024-0117") or ("", "")}))
SON = Known(2, "Lin junior")
CODE = "482913"
TELLING = {"order_status", "visit_status", "visit_on_the_way", "visit_here", "ticket_status"}

FACTS = st.builds(
    Facts,
    known=st.sampled_from([(), (LIN,), (LIN, SON)]),
    ours=st.just(False),
    withheld=st.booleans(),
    open=st.booleans(),
    barred=st.booleans(),
    textable=st.booleans(),
    code=st.booleans(),
)
HEARD = st.builds(
    Heard,
    keys=st.sampled_from(["", "0", "1", "2", "3", "4", "9", "*", "#", "55665", "0117", "482913", "911234567"]),
    words=st.sampled_from(["", "", "the fridge is warm", "？"]),
    hazard=st.sampled_from([None, None, None, *HAZARDS]),
    wish=st.sampled_from([None, None, "human", "order", "language"]),
    tongue=st.sampled_from([None, None, "en", "yue"]),
)


def play(facts: Facts, heard: list[Heard]) -> list[Turn]:
    turns = [begin(7, "en", facts)]
    for said in heard:
        turns.append(hear(turns[-1].talk, said, facts))
    return turns


@pytest.mark.clause("1.3-a")
@given(FACTS, st.lists(HEARD, max_size=12))
def test_nothing_is_told_before_a_check(facts: Facts, heard: list[Heard]) -> None:
    for before, turn in zip(play(facts, heard), play(facts, heard)[1:], strict=False):
        if turn.act == "tell":
            alone = turn.words == "order" and len(facts.known) == 1 and not facts.barred
            assert turn.talk.checked is not None or not facts.known or alone
        if turn.talk.checked is not None and before.talk.checked is None:
            assert before.talk.step in ("serial", "code"), "only an answer to a check proves anything"
        assert not {say.purpose for say in turn.says} & TELLING, "what is on record comes from the records alone"


@given(FACTS, st.lists(HEARD, max_size=12))
def test_zero_is_a_person_everywhere(facts: Facts, heard: list[Heard]) -> None:
    turn = play(facts, heard)[-1]
    if turn.talk.step in dialogue.WAITING:
        return
    after = hear(turn.talk, Heard(keys="0"), facts)
    if facts.withheld and not turn.talk.asked_number:
        assert after.talk.step == "number"
        after = hear(after.talk, Heard(keys="0"), facts)
    assert after.talk.step == ("queue" if facts.open else "voicemail")


@given(FACTS, st.lists(HEARD, max_size=8), st.sampled_from(HAZARDS))
def test_danger_stops_everything(facts: Facts, heard: list[Heard], hazard: str) -> None:
    turn = play(facts, heard)[-1]
    if turn.talk.step in dialogue.WAITING:
        return
    after = hear(turn.talk, Heard(words="help", hazard=hazard), facts)
    assert (after.act, after.talk.step, after.words) == ("danger", "queue", "help")
    assert [say.purpose for say in after.says] == [f"safety.{hazard}"]


@given(FACTS, st.lists(HEARD, max_size=8))
def test_three_silences_are_a_person(facts: Facts, heard: list[Heard]) -> None:
    turn = play(facts, heard)[-1]
    silent = [turn]
    for _ in range(8):
        silent.append(hear(silent[-1].talk, Heard(), facts))
    assert silent[-1].talk.step in dialogue.WAITING
    asked = [t for t in silent[1:] if t.talk.step not in dialogue.WAITING]
    assert all(t.says for t in asked), "never silence on our side"


@given(FACTS, st.lists(HEARD, max_size=10))
def test_a_state_survives_being_stored(facts: Facts, heard: list[Heard]) -> None:
    talk = play(facts, heard)[-1].talk
    assert Talk.from_json(talk.to_json()) == talk


def test_three_wrong_answers_are_a_person() -> None:
    facts = Facts(known=(LIN,), textable=True)
    wrong = [Heard(keys="3"), *[Heard(keys="99999"), Heard(keys="0000")] * 3]
    turns = play(facts, wrong)
    assert [t.talk.failures for t in turns[2:]] == [0, 1, 1, 2, 2, 3]
    assert (turns[-1].talk.step, turns[-1].says[0].purpose) == ("queue", "check.failed")


def test_a_code_by_sms_is_the_other_way() -> None:
    facts = Facts(known=(LIN,), textable=True, code=True)
    asked = play(facts, [Heard(keys="3"), Heard(keys="9")])[-1]
    assert (asked.act, asked.talk.step) == ("send_code", "code")
    sent = replace(asked.talk, code=rules.digest(CODE, asked.talk.call))
    assert hear(sent, Heard(words="four eight two nine one three"), facts).act == "tell"
    assert hear(sent, Heard(keys=CODE), replace(facts, code=False)).talk.failures == 1, "too late"
    assert hear(sent, Heard(keys="482914"), facts).talk.failures == 1


def test_a_number_of_one_person_hears_of_his_order_and_of_nothing_else() -> None:
    facts = Facts(known=(LIN,), textable=True)
    turn = play(facts, [Heard(keys="1")])[-1]
    assert (turn.act, turn.words, turn.talk.person, turn.talk.checked) == ("tell", "order", LIN.contact_id, None)
    for key in ("3", "4"):
        assert hear(turn.talk, Heard(keys=key), facts).talk.step == "postcode"
    family = replace(facts, known=(LIN, replace(LIN, contact_id=99, name="Chen")))
    assert play(family, [Heard(keys="1")])[-1].talk.step == "who", "a family is asked who calls"


def test_a_barred_number_hears_nothing() -> None:
    turn = play(Facts(known=(LIN,), barred=True), [Heard(keys="1")])[-1]
    assert (turn.act, turn.says[0].purpose) == ("queue", "check.barred")


def test_one_of_ours_goes_to_dispatch_and_opens_no_ticket() -> None:
    turn = begin(7, "yue", Facts(ours=True))
    assert (turn.act, turn.talk.step) == ("desk", "queue")


@pytest.mark.parametrize(("key", "tongue"), TONGUES.items())
def test_the_language_is_changed_at_any_time(key: str, tongue: str) -> None:
    facts = Facts(known=(LIN,), textable=True)
    asked = play(facts, [Heard(keys="3"), Heard(keys="*")])[-1]
    assert [say.tongue for say in asked.says] == list(TONGUES.values()), "each in its own voice"
    assert hear(asked.talk, Heard(keys=key), facts).talk.tongue == tongue
    spoken = hear(play(facts, [Heard(keys="3")])[-1].talk, Heard(words="…", tongue=TONGUES[key]), facts).talk
    assert (spoken.tongue, spoken.step) == (tongue, "postcode"), "by word, without losing the place"


@pytest.mark.parametrize(
    ("text", "keys"),
    [("KLN-MK", "55665"), ("94102", "94102"), ("九四一零二", "94102"), ("nine four one oh two", "94102"),
     ("Ｎ Ｔ － Ｓ Ｔ", "6878"), ("", ""), ("！", "")],
)  # fmt: skip
def test_a_code_is_keyed_in_or_said(text: str, keys: str) -> None:
    assert rules.keypad(text) == keys


@given(st.text(max_size=40))
def test_only_digits_come_of_a_code(text: str) -> None:
    keys = rules.keypad(text)
    assert keys == "" or (keys.isascii() and keys.isdigit())
