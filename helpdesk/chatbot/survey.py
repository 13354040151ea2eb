"""The answer to a survey: a score, a comment, or both (B2, B24)."""

from dataclasses import replace

from helpdesk.chatbot.actions import Action, CloseQuestion, RecordSurvey, Say
from helpdesk.chatbot.intents import contradicts, score
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import to_its_ticket
from helpdesk.triage.rules import classify

LOW = 2
"""A score at or below this gets a call from a person."""


def answer_survey(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Store the score; a comment that tells of a fault also becomes work. Without a score, ask once more."""
    value, comment = score(heard.text)
    if value is not None:
        return _scored(state, heard, world, value, comment)
    if heard.triage.intent in ("report_fault", "book_visit"):
        return None
    if heard.reading.thanks:
        return Outcome(state, (Say("thanks"),), no_ticket="thanks")
    if heard.reading.option is not None or heard.reading.unclear:
        return _again(state)
    return _again(state, RecordSurvey(None, comment))


def _scored(state: DialogueState, heard: Heard, world: World, value: int, comment: str) -> Outcome:
    read = bool(comment) and (value <= LOW or contradicts(value, comment))
    about = classify(comment, owned=world.owned, stored_language=state.language) if comment else None
    again = (to_its_ticket(heard, world),) if about and about.intent == "report_fault" else ()
    say = Say("survey.sorry" if value <= LOW or again else "survey.thanks", {"score": value})
    idle = replace(state, stage="idle", tries=0)
    reason = "" if again else "survey_answer"
    return Outcome(idle, (CloseQuestion(), RecordSurvey(value, comment, read), *again, say), no_ticket=reason)


def _again(state: DialogueState, *before: Action) -> Outcome:
    """Ask for the number once; what is written after that is kept as a comment, and enough."""
    if state.tries:
        done = (CloseQuestion(), *before, Say("survey.thanks", {"score": None}))
        return Outcome(replace(state, stage="idle", tries=0), done, no_ticket="survey_answer")
    again = Say("survey.again")  # the question stays open as it is
    return Outcome(replace(state, stage="survey", tries=1), (*before, again), no_ticket="survey_answer")
