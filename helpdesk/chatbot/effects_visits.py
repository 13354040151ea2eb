"""Steps of a turn that concern a visit: offered, read back, booked, moved, called off."""

from helpdesk.chatbot import actions as do
from helpdesk.chatbot import moving
from helpdesk.chatbot.effects_tickets import hand_over
from helpdesk.chatbot.turn import Turn
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.machine import OPEN
from order_core.errors import Conflict


def offer_slots(turn: Turn, _action: do.OfferSlots) -> None:
    """Three windows and their question."""
    _offer(turn, "offer.slots")


def _offer(turn: Turn, purpose: str) -> None:
    """Three windows and their question; when there is none, a person has to find one."""
    issue = turn.ticket()
    windows = slots.offer(turn.session, issue, at=turn.at)
    if not windows:
        hand_over(turn, do.HandOver("no_window"))
        turn.say("handover")
        return
    zone = slots.site_of(turn.session, issue).zone
    turn.say(purpose, windows=windows, zone=zone)
    turn.ask("slot", issue.id)


def repeat_back(turn: Turn, action: do.RepeatBack) -> None:
    """The window and the address, to be confirmed; one that has passed is answered with the next ones (B15)."""
    issue = turn.ticket()
    held = {claim.position: claim for claim in slots.offered(turn.session, issue) if claim.starts_at > turn.at}
    claim = held.get(action.index)
    if claim is None:
        _offer(turn, "slot.taken")
        return
    site = slots.site_of(turn.session, issue)
    turn.say("ask.confirm", starts_at=claim.starts_at, ends_at=claim.ends_at, zone=site.zone, address=site.address)
    turn.ask("confirm", issue.id)


def choose_slot(turn: Turn, action: do.ChooseSlot) -> None:
    """Book it, or move the visit there; a window that has gone meanwhile is answered with the next ones (B15)."""
    issue = turn.ticket()
    visit = dispatch.open_visit(turn.session, issue) if action.moves else None
    try:
        if visit is not None:
            moving.move(turn.session, visit, action.index, by=turn.customer(), at=turn.at)
        else:
            dispatch.take(turn.session, issue, action.index, by=turn.customer(), at=turn.at)
    except Conflict:
        if action.moves:
            turn.remember("moving", "1")
        _offer(turn, "slot.taken")


def prepare(turn: Turn, action: do.Prepare) -> None:
    """Only after a booking that held: else other windows are asked about now."""
    issue = turn.ticket()
    if dispatch.open_visit(turn.session, issue) is not None:
        turn.say(action.purpose)
        turn.ask("detail", issue.id)


def cancel_visit(turn: Turn, _action: do.CancelVisit) -> None:
    """Call the visit off. (Once it is near or under way the dialogue hands over: ``World.fixed``.)"""
    visit = dispatch.open_visit(turn.session, turn.ticket())
    if visit is not None and visit.state in OPEN:
        dispatch.cancel(turn.session, visit, "customer", by=turn.customer(), at=turn.at)
