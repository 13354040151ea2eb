"""A negotiation as the quote's page shows it: terms opened, current, agreed; rounds; price and day as stepped lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_date, gettext
from sqlalchemy.orm import Session

from helpdesk.pipeline import quote_charts as charts
from helpdesk.pipeline.quote_words import money, percent, said
from helpdesk.tickets.present import names_of
from order_core.acquisition.quote import queries, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote
from order_core.acquisition.quote.terms import Key, Standing

Row = dict[str, Any]


def negotiation(session: Session, quote: Quote, *, priced: bool) -> Row | None:
    """Terms opened, current, agreed; the rounds; price and day as stepped lines. None before anything was sent."""
    standing = queries.standing(session, quote)
    if not standing:
        return None
    held = queries.rounds(session, quote)
    shown = {key: term for key, term in standing.items() if priced or key[0] not in terms.CONFIDENTIAL}
    given_way = terms.concession(standing)
    order = sorted(shown, key=lambda key: (key[1] or 10**6, terms.TERMS.index(key[0])))
    return {
        "terms": [_term(key, shown[key], given_way.get(key), quote.currency) for key in order],
        "rounds": [_round(session, row, quote.currency, priced) for row in held],
        "charts": _charts(session, quote, held, priced),
        "given_way": percent(terms.given_way_bp(standing)) if priced else "",
    }


def _term(key: Key, standing: Standing, given_way: int | None, currency: str) -> Row:
    term, line = key
    concession = ""
    if given_way is not None:
        concession = money(given_way, currency) if term == terms.PRICE else gettext("quote.days", n=given_way)
    return {
        "label": gettext(f"term.{term}"),
        "line": line,
        "opened": said(term, standing.opened, currency),
        "current": said(term, standing.current, currency),
        "moved": standing.current != standing.opened,
        "agreed": said(term, standing.agreed, currency),
        "must": term in terms.TO_AGREE,
        "concession": concession,
    }


def _round(session: Session, row: NegotiationRound, currency: str, priced: bool) -> Row:
    names = names_of(session, set(row.ours))
    return {
        "number": row.number,
        "on": row.on,
        "kind": row.kind,
        "kind_label": gettext(f"quote.round.{row.kind}"),
        "revision": row.revision,
        "ours": ", ".join(names.values()),
        "theirs": row.theirs,
        "next_step": row.next_step,
        "next_on": row.next_on,
        "changes": [
            {
                "label": gettext(f"term.{c.term}"),
                "line": c.line,
                "value": gettext("quote.line_gone") if c.gone else said(c.term, c.value, currency),
                "agreed": c.agreed,
                "computed": terms.day(c.computed) if c.computed else None,
                "reason": c.reason,
            }
            for c in terms.load(row.changes)
            if priced or c.term not in terms.CONFIDENTIAL
        ],
    }


def _charts(session: Session, quote: Quote, held: Sequence[NegotiationRound], priced: bool) -> list[Row]:
    """Total price and last day after each round, from the first offer on."""
    if not held:
        return []
    first = queries.terms_of(queries.revisions(session, quote)[0].content)
    changes = [terms.load(row.changes) for row in held]
    stages = [terms.fold(first, changes[:n]) for n in range(len(changes) + 1)]
    totals = [_total(stage) for stage in stages]
    days = [max(terms.day(t.current) for (term, _), t in stage.items() if term == terms.DELIVERY) for stage in stages]
    prices = [money(total, quote.currency) for total in totals]
    dates = [str(format_date(day, "medium")) for day in days]
    rows = [_chart("price", totals, prices)] if priced else []
    return [*rows, _chart("delivery", [day.toordinal() for day in days], dates)]


def _total(stage: Mapping[Key, Standing]) -> int:
    volumes = {line: int(t.current) for (term, line), t in stage.items() if term == terms.VOLUME}
    return sum(volumes[line] * int(t.current) for (term, line), t in stage.items() if term == terms.PRICE)


def _chart(term: str, values: Sequence[int], words: Sequence[str]) -> Row:
    return {
        "label": gettext(f"quote.chart.{term}"),
        "steps": charts.steps(values),
        "first": words[0],
        "last": words[-1],
        "summary": gettext("quote.chart.summary", first=words[0], last=words[-1], n=len(values) - 1),
    }
