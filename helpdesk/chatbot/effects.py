"""Carrying out what a turn of the dialogue asks for, in the message's own transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from helpdesk.channels import service as channels
from helpdesk.chatbot import actions as do
from helpdesk.chatbot import effects_tickets as tickets
from helpdesk.chatbot import effects_visits as visits
from helpdesk.chatbot.turn import Turn
from helpdesk.dispatch import service as dispatch
from helpdesk.i18n import translate
from helpdesk.pipeline.queries import order_status_for
from order_core.aftersales import surveys
from order_core.aftersales.models import Survey
from order_core.errors import Conflict
from order_core.issues.level.service import CODES
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.parties.models import Site
from order_core.rulebook.clocks import house_calendar


def _say(turn: Turn, action: do.Say) -> None:
    turn.say(action.purpose, **action.params)
    if action.asks:
        turn.ask(action.asks, turn.issue.id if turn.issue else None)


def _record_survey(turn: Turn, action: do.RecordSurvey) -> None:
    survey = turn.session.get(Survey, turn.talk.question_ref) if turn.talk.question_ref else None
    if survey is None:
        survey = turn.session.scalars(
            select(Survey).where(Survey.phone == turn.talk.phone, Survey.state == "sent").order_by(Survey.id.desc())
        ).first()
    if survey is None:
        return
    turn.message.issue_id = survey.issue_id
    if action.score is None:
        survey.comment = f"{survey.comment or ''} {action.comment}".strip()
        return
    try:
        surveys.answer(turn.session, survey, action.score, action.comment, by=turn.customer(), at=turn.at)
    except Conflict:
        turn.say("late_answer")


def _opt_out(turn: Turn, action: do.OptOut) -> None:
    channels.opt_out(turn.session, turn.talk.phone, action.scope, turn.message.body, at=turn.at)


def _opt_in(turn: Turn, _action: do.OptIn) -> None:
    channels.opt_in(turn.session, turn.talk.phone)


def _switch_language(turn: Turn, action: do.SwitchLanguage) -> None:
    turn.state = replace(turn.state, language=action.language)
    if turn.who.contact is not None:
        turn.who.contact.language = action.language


def _close_question(turn: Turn, _action: do.CloseQuestion) -> None:
    turn.talk.closed_question = turn.talk.question
    if turn.talk.question != "survey":
        turn.talk.question_ref = None
    turn.talk.question = turn.talk.question_at = None


def _status(turn: Turn, action: do.Status) -> None:
    """The next event with its date, not a status word."""
    if action.about == "order" and turn.who.contact is not None:
        status = order_status_for(turn.session, turn.who.contact)
        if status is not None:
            state = translate(turn.language, f"state.Order.{status.state}")
            turn.say("status.order", order=status.number, state=state, on=status.on if status.open else None)
            return
    issue = turn.issue
    if issue is None:
        turn.say("status.nothing")
        return
    visit = dispatch.open_visit(turn.session, issue)
    window = {"starts_at": visit.starts_at, "ends_at": visit.ends_at, "zone": visit.site.zone} if visit else {}
    running = clock.running(turn.session, issue, CODES["response"])
    contact_by = {"at": running.due_at, "zone": _zone(turn, issue)} if running and running.due_at else {}
    state = translate(turn.language, f"state.Issue.{issue.state}")
    turn.say("status.ticket", state=state, visit=window, contact_by=contact_by)


def _zone(turn: Turn, issue: Issue) -> str:
    """Where the customer is; the house where that is not known."""
    site = turn.session.get(Site, issue.site_id) if issue.site_id is not None else None
    return site.zone if site is not None else house_calendar().zone


STEPS: dict[type, Callable[[Turn, Any], None]] = {
    do.Say: _say,
    do.OpenTicket: tickets.open_ticket,
    do.AddToTicket: tickets.add_to_ticket,
    do.RecordSlot: tickets.record_slot,
    do.SolvedBySelfHelp: tickets.solved,
    do.HandOver: tickets.hand_over,
    do.Identify: tickets.identify,
    do.OfferSlots: visits.offer_slots,
    do.RepeatBack: visits.repeat_back,
    do.ChooseSlot: visits.choose_slot,
    do.Prepare: visits.prepare,
    do.CancelVisit: visits.cancel_visit,
    do.RecordSurvey: _record_survey,
    do.OptOut: _opt_out,
    do.OptIn: _opt_in,
    do.SwitchLanguage: _switch_language,
    do.CloseQuestion: _close_question,
    do.Status: _status,
}
