"""What holds in every conversation: the order of the tests, silence after a hand-over, one question at a time."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.channels import samples, wording
from helpdesk.chatbot import actions as do
from helpdesk.chatbot.dialogue import DialogueState, Heard, Outcome, World, respond
from helpdesk.chatbot.state import Cover, PersonRef, TicketRef
from helpdesk.triage.values import LANGUAGES, OwnedProduct

pytestmark = pytest.mark.once

FRIDGE = OwnedProduct("R1", "refrigerator", "Fresh 420", "廚房", "RF420")
WASHER = OwnedProduct("W1", "washing_machine", "Aqua 9", "陽台", "WM9")
T1, T2 = TicketRef("T1", "refrigerator", "冰箱不冷"), TicketRef("T2", "washing_machine", "洗衣機漏水")
LINES = """冰箱不冷，一直滴水|My washer won't drain|2|0|9|5|?|STOP|停訂|取消|人工|謝謝|hello|聞到瓦斯味|English
師傅幾點到|好|沒有用|昨天開始|5, but it leaks again|asdf|我要投訴|第二個|where is my order
為什麼要問|wait|算了|不知道|打錯了|白痴|冰箱|維修|不是冰箱|sorry, i meant 2|還在保固內嗎|門封條多少錢|fuck you
最後一個|王大明 台北市|I want a refund
CANCEL|不要再傳簡訊給我|恢復訂閱|改期|我想補充一下|the washer is fine now|第三次壞了，很生氣|""".replace(
    "\n", "|"
).split("|")

worlds = st.builds(
    World,
    identified=st.booleans(),
    owned=st.sampled_from([(), (FRIDGE,), (FRIDGE, WASHER)]),
    question=st.sampled_from([None, *get_args(do.Question)]),
    late=st.sampled_from([None, "slot", "survey"]),
    ticket=st.sampled_from([None, T1]),
    open_tickets=st.sampled_from([(), (T1, T2)]),
    closed=st.sampled_from([None, T2]),
    may_reopen=st.booleans(),
    offered=st.integers(0, 3),
    has_visit=st.booleans(),
    fixed=st.sampled_from(["", "near", "often", "under_way"]),
    cover=st.sampled_from([{}, {"R1": Cover("covered", "2028-01-01", "W-1")}]),
    people=st.sampled_from([(), (PersonRef(1, "林＊＊"), PersonRef(2, "陳＊"))]),
    proof=st.booleans(),
    with_person=st.booleans(),
    burst=st.booleans(),
)
states = st.builds(
    DialogueState,
    language=st.sampled_from(LANGUAGES),
    trail=st.sampled_from([(), ("since",), ("product", "since", "selfhelp")]),
    tries=st.integers(0, 2),
    collected=st.sampled_from(
        [
            {},
            {"held": "洗衣機漏水"},
            {"since": "today", "appliance": "refrigerator", "symptom": "not_cooling"},
            {"moving": "1", "window": "2"},
            {"wants": "warranty"},
            {"solved": "generic", "since": "today"},
        ]
    ),
)
lines = st.sampled_from(LINES) | st.text(max_size=60)


def hear(text: str, world: World, state: DialogueState | None = None) -> Outcome:
    state = state or DialogueState()
    return respond(state, Heard.of(text, owned=world.owned, language=state.language), world)


def done(outcome: Outcome, kind: type) -> list[do.Action]:
    return [action for action in outcome.actions if isinstance(action, kind)]


@given(lines, worlds, states)
def test_every_contact_leads_to_a_ticket_or_to_a_reason(text: str, world: World, state: DialogueState) -> None:
    outcome = hear(text, world, state)
    opened = done(outcome, do.OpenTicket)
    assert len(opened) <= 1
    assert opened or done(outcome, do.AddToTicket) or world.ticket or world.question or outcome.no_ticket


@given(lines, worlds, states)
def test_at_most_one_question_is_asked(text: str, world: World, state: DialogueState) -> None:
    outcome = hear(text, world, state)
    asking = [say for say in done(outcome, do.Say) if isinstance(say, do.Say) and say.asks]
    assert len(asking) + len(done(outcome, do.OfferSlots)) + len(done(outcome, do.RepeatBack)) <= 1


@given(lines, worlds, states)
def test_all_that_is_said_has_its_words(text: str, world: World, state: DialogueState) -> None:
    outcome = hear(text, world, state)
    for say in done(outcome, do.Say):
        assert isinstance(say, do.Say)
        assert wording.render(say.purpose, outcome.state.language, {"number": samples.NUMBER, **say.params})


@given(lines, worlds, states)
def test_no_answer_names_the_word_that_blocks_us(text: str, world: World, state: DialogueState) -> None:
    outcome = hear(text, world, state)
    for say in done(outcome, do.Say):
        assert isinstance(say, do.Say)
        said = wording.render(say.purpose, outcome.state.language, {"number": samples.NUMBER, **say.params})
        assert "cancel" not in said.casefold()


@given(lines, worlds, states)
def test_the_state_survives_json(text: str, world: World, state: DialogueState) -> None:
    after = hear(text, world, state).state
    assert DialogueState.from_json(after.to_json()) == after


@given(worlds, states)
def test_danger_goes_before_everything(world: World, state: DialogueState) -> None:
    outcome = hear("聞到瓦斯味，停訂", world, state)
    assert [handing.reason for handing in done(outcome, do.HandOver) if isinstance(handing, do.HandOver)] == ["safety"]
    assert do.Say("safety.gas") in outcome.actions


@given(worlds, states)
def test_an_opt_out_goes_before_the_open_question(world: World, state: DialogueState) -> None:
    assert do.OptOut("all", True) in hear("STOP", world, state).actions


@given(lines, worlds, states)
def test_after_a_hand_over_the_bot_is_silent(text: str, world: World, state: DialogueState) -> None:
    world = replace(world, with_person=True, question=None)
    said = [say.purpose for say in done(hear(text, world, state), do.Say) if isinstance(say, do.Say)]
    assert [purpose for purpose in said if not purpose.startswith(("safety", "optout", "optin"))] == []


@given(worlds, states)
def test_a_lone_five_is_a_score_or_nothing(world: World, state: DialogueState) -> None:
    world = replace(world, with_person=False)
    outcome = hear("5", world, state)
    if world.question == "survey":
        assert do.RecordSurvey(5, "") in outcome.actions
    elif world.question is None:
        assert not done(outcome, do.OpenTicket)


@pytest.mark.parametrize(("text", "index"), [("1", 1), ("２", 2)])
def test_a_digit_takes_its_window(text: str, index: int) -> None:
    world = World(owned=(FRIDGE,), ticket=T1, question="slot", offered=3)
    assert do.ChooseSlot(index) in hear(text, world).actions


@pytest.mark.parametrize(("text", "index"), [("第三個", 3), ("the last one", 3)])
def test_a_window_in_words_is_read_back(text: str, index: int) -> None:
    world = World(owned=(FRIDGE,), ticket=T1, question="slot", offered=3)
    asked = hear(text, world)
    assert do.RepeatBack(index) in asked.actions
    confirming = replace(world, question="confirm")
    assert do.ChooseSlot(index) in hear("好", confirming, asked.state).actions


def test_a_window_that_was_not_offered_is_not_chosen() -> None:
    world = World(owned=(FRIDGE,), ticket=T1, question="slot", offered=2)
    assert not done(hear("3", world), do.ChooseSlot)
    assert not done(hear("3", world), do.RepeatBack)


def test_a_hand_over_carries_what_is_known() -> None:
    state = DialogueState(language="zh-Hant", collected={"since": "yesterday", "selfhelp": "generic"})
    world = World(owned=(FRIDGE,), ticket=T1, question="slot", offered=3)
    (handing,) = done(hear("人工", world, state), do.HandOver)
    assert isinstance(handing, do.HandOver)
    told = {"since": "yesterday", "selfhelp": "generic", "language": "zh-Hant", "sentiment": "neutral", "said": "人工"}
    assert handing.summary == told


@given(lines, worlds, states)
def test_nothing_is_told_of_anybody_before_it_is_known_who_asks(text: str, world: World, state: DialogueState) -> None:
    world = replace(world, identified=False, proof=False, owned=(), cover={})
    told = [say.purpose for say in done(hear(text, world, state), do.Say) if isinstance(say, do.Say)]
    assert [purpose for purpose in told if purpose.startswith("warranty")] == []
    assert not done(hear(text, world, state), do.Identify)


def test_three_failed_checks_are_a_persons() -> None:
    world = World(identified=False, people=(PersonRef(1, "林＊＊"), PersonRef(2, "陳＊")), question="check")
    state = DialogueState(person=1, collected={"wants": "order"})
    for _time in range(2):
        outcome = hear("106 0000", world, state)
        assert not done(outcome, do.HandOver)
        state = outcome.state
    assert done(hear("106 0000", world, state), do.HandOver)


def test_no_window_is_offered_to_somebody_nobody_knows() -> None:
    state = DialogueState(collected={"identity": "王大明", "symptom": "other"})
    outcome = hear("2", World(identified=False, ticket=T1, question="since"), state)
    assert not done(outcome, do.OfferSlots)
    assert done(outcome, do.HandOver)
