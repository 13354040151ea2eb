"""The telephone dialogue as a machine: state, what was heard and what is known in; state, sayings and an act out.

Pure. In every step: danger comes first, ``0`` or the wish for a person is a person, ``*`` is another language,
keys and speech do the same, and what does not fit is asked again twice before a person takes over. Nothing personal
is told before the caller has shown who he is (B5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from helpdesk.hotline import rules
from helpdesk.hotline.talk import LANGUAGE, Act, Facts, Heard, Known, Say, Step, Talk, Tongue, Turn, Wish

TONGUES: dict[str, Tongue] = {"1": "cmn-Hant", "2": "yue", "3": "cmn-Hans", "4": "en"}
MENU: dict[str, Wish] = {"1": "order", "2": "fault", "3": "visit", "4": "ticket"}
PERSONAL: frozenset[Wish] = frozenset({"order", "visit", "ticket"})
A_REPORT = 6
"""Characters of words from which they are a report and not only the wish to make one."""
MOST_PEOPLE = 8
"""People of one number that are read out; the keys end there."""
WAITING = frozenset({"queue", "voicemail", "done"})
"""Steps in which nothing is asked."""


def begin(call: int, tongue: Tongue, facts: Facts) -> Turn:
    """The call is taken: greeting, how to get another language, menu. One of ours goes to the dispatcher's queue."""
    talk = Talk(call=call, tongue=tongue)
    if facts.ours:
        return _queue(talk, facts, (Say("technician"),))
    name = facts.known[0].name if len(facts.known) == 1 else ""
    others: list[Tongue] = [other for other in ("cmn-Hant", "en") if LANGUAGE[other][:2] != LANGUAGE[tongue][:2]]
    hints = tuple(Say("language.hint", tongue=other) for other in others[:1])
    return Turn(talk, (Say("greeting", {"name": name}), *hints, Say("menu")))


def hear(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    """The next turn after something was heard (or nothing) in the present step."""
    talk = replace(talk, n=talk.n + 1)
    if heard.hazard and talk.step not in WAITING:
        return _danger(talk, heard)
    if talk.step in WAITING:
        return Turn(talk)
    if heard.keys == "0" or heard.wish == "human":
        return person(talk, facts, words=heard.words)
    if heard.keys == "*" or heard.wish == "language":
        return _go(replace(talk, step="language", wants=None), facts)
    if heard.tongue:
        return _go(replace(talk, tongue=heard.tongue, step=_after_language(talk)), facts)
    if heard.nothing:
        return _again(talk, facts)
    return STEPS[talk.step](talk, heard, facts)


def prompt(talk: Talk, facts: Facts) -> tuple[Say, ...]:
    """What is asked in the present step."""
    if talk.step == "language":
        return tuple(
            Say("language.yue" if tongue == "yue" else "language", {"key": key}, tongue)
            for key, tongue in TONGUES.items()
        )
    if talk.step == "who":
        people = [{"key": key, "name": known.name} for key, known in enumerate(facts.known[:MOST_PEOPLE], 1)]
        return (Say("who", {"people": people}),)
    if talk.step in WAITING:
        return ()
    names = {"postcode": "check.postcode", "serial": "check.serial", "code": "check.code"}
    return (Say(names.get(talk.step, talk.step)),)


def person(talk: Talk, facts: Facts, *before: Say, words: str = "") -> Turn:
    """To a person; a withheld number is asked for one to ring, out of hours the machine takes a message."""
    if facts.withheld and not talk.asked_number:
        asked = replace(talk, step="number", wants="human", asked_number=True, tries=0)
        return Turn(asked, (*before, *prompt(asked, facts)))
    if facts.open:
        return _queue(talk, facts, before, words)
    return Turn(replace(talk, step="voicemail"), (*before, Say("voicemail")), "voicemail", words)


def _queue(talk: Talk, facts: Facts, before: tuple[Say, ...], words: str = "") -> Turn:
    act: Act = "desk" if facts.ours else "queue"
    return Turn(replace(talk, step="queue"), before, act, words)


def _danger(talk: Talk, heard: Heard) -> Turn:
    """Stop everything: say what to do, open or raise the ticket, and a person at once."""
    return Turn(replace(talk, step="queue"), (Say(f"safety.{heard.hazard}"),), "danger", heard.words)


def _go(talk: Talk, facts: Facts, *before: Say) -> Turn:
    """On to a step: what is said before it, and its question."""
    talk = replace(talk, tries=0)
    return Turn(talk, (*before, *prompt(talk, facts)))


def _again(talk: Talk, facts: Facts) -> Turn:
    tries = talk.tries + 1
    if tries > rules.REPEATS:
        return person(talk, facts, Say("to_person"))
    talk = replace(talk, tries=tries)
    if talk.step == "menu":
        return Turn(talk, (Say("again"),))
    return Turn(talk, (Say("not_heard"), *prompt(talk, facts)))


def _after_language(talk: Talk) -> Step:
    return "menu" if talk.step == "language" else talk.step


def _language(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    tongue = TONGUES.get(heard.keys)
    return _go(replace(talk, tongue=tongue, step="menu"), facts) if tongue else _again(talk, facts)


def _menu(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    wish = MENU.get(heard.keys) or (heard.wish if not heard.keys else None)
    if wish == "fault":
        if len(heard.words) >= A_REPORT:
            return _report(talk, heard, facts)
        return _go(replace(talk, step="report"), facts)
    return _tell(talk, wish, facts) if wish in PERSONAL else _again(talk, facts)


def _tell(talk: Talk, wish: Wish | None, facts: Facts) -> Turn:
    """What is on record, once the caller has shown who he is; how an order stands also to a number of one person."""
    talk = replace(talk, wants=wish, tries=0)
    if wish == "order" and len(facts.known) == 1 and not facts.barred:
        talk = replace(talk, person=facts.known[0].contact_id)
        told = replace(talk, step="menu", wants=None)
        return Turn(told, prompt(told, facts), "tell", wish)
    if talk.checked is not None or not facts.known:
        told = replace(talk, step="menu", wants=None)
        return Turn(told, prompt(told, facts), "tell", wish or "")
    if facts.barred:
        return person(talk, facts, Say("check.barred"))
    if talk.person is None and len(facts.known) > 1:
        return _go(replace(talk, step="who"), facts)
    return _check(replace(talk, person=talk.person or facts.known[0].contact_id), facts)


def _check(talk: Talk, facts: Facts, *before: Say) -> Turn:
    """Ask for what only he knows; who has no unit to name is sent a code."""
    if _caller(talk, facts).proofs:
        return _go(replace(talk, step="postcode", postcode=""), facts, *before)
    return _send_code(talk, facts, *before)


def _send_code(talk: Talk, facts: Facts, *before: Say) -> Turn:
    if not facts.textable:
        return person(talk, facts, Say("check.impossible"))
    talk = replace(talk, step="code", tries=0)
    return Turn(talk, (*before, *prompt(talk, facts)), "send_code")


def _caller(talk: Talk, facts: Facts) -> Known:
    return next((known for known in facts.known if known.contact_id == talk.person), facts.known[0])


def _who(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    people = facts.known[:MOST_PEOPLE]
    named = [known for known in people if heard.words and known.name in heard.words]
    if heard.keys.isdecimal() and heard.keys.isascii() and 0 < int(heard.keys[:2]) <= len(people):
        named = [people[int(heard.keys[:2]) - 1]]
    return _check(replace(talk, person=named[0].contact_id), facts) if len(named) == 1 else _again(talk, facts)


def _postcode(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    if heard.keys == "9":
        return _send_code(talk, facts)
    code = heard.keys or rules.keypad(heard.words)
    return _go(replace(talk, step="serial", postcode=code), facts) if code else _again(talk, facts)


def _serial(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    end = heard.keys or rules.keypad(heard.words)
    if len(end) < 4:
        return _again(talk, facts)
    return _checked(talk, facts, (talk.postcode, end[-4:]) in _caller(talk, facts).proofs)


def _code(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    given = heard.keys or rules.keypad(heard.words)
    return _checked(talk, facts, facts.code and rules.digest(given, talk.call) == talk.code)


def _checked(talk: Talk, facts: Facts, right: bool) -> Turn:
    talk = replace(talk, postcode="", code="")
    if right:
        return _tell(replace(talk, checked=_caller(talk, facts).contact_id), talk.wants, facts)
    talk = replace(talk, failures=talk.failures + 1)
    if talk.failures >= rules.CHECKS:
        return person(talk, facts, Say("check.failed"))
    return _check(talk, facts, Say("check.wrong"))


def _report(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    if not heard.words.strip():
        return _again(talk, facts)
    if facts.withheld and not talk.asked_number:
        asked = replace(talk, step="number", wants=None, asked_number=True, tries=0)
        return Turn(asked, prompt(asked, facts), "report", heard.words)
    return Turn(replace(talk, step="done"), (Say("goodbye"),), "report", heard.words)


def _number(talk: Talk, heard: Heard, facts: Facts) -> Turn:
    """A number to be rung at; what follows is what the caller wanted before it was asked."""
    given = heard.keys or rules.keypad(heard.words)
    if len(given) < 7:
        return _again(talk, facts)
    if talk.wants == "human":
        then = person(replace(talk, wants=None), facts, Say("number.noted"))
        return replace(then, act="number", words=given)
    return Turn(replace(talk, step="done"), (Say("number.noted"), Say("goodbye")), "number", given)


STEPS: dict[str, Callable[[Talk, Heard, Facts], Turn]] = {
    "menu": _menu,
    "language": _language,
    "who": _who,
    "postcode": _postcode,
    "serial": _serial,
    "code": _code,
    "report": _report,
    "number": _number,
}
