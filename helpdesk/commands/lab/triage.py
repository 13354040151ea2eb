"""``helpdesk lab triage``: the triage engine as shipped, JSON lines in and out."""

import json
import sys
from typing import Any

import click


@click.command()
def triage() -> None:
    """Read JSON lines {"text": …} and write what each message is about, one JSON line each."""
    from helpdesk.triage.rules import classify

    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        found = classify(_text(line, number))
        click.echo(
            json.dumps(
                {
                    "lang": found.lang,
                    "intent": found.intent,
                    "secondary_intent": found.secondary_intent,
                    "appliance": found.appliance,
                    "urgency": found.urgency,
                    "safety": found.safety,
                    "confidence": round(found.confidence, 4),
                },
                ensure_ascii=False,
            )
        )


def _text(line: str, number: int) -> str:
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise click.UsageError(f"line {number} is not JSON: {error}") from None
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise click.UsageError(f'line {number}: "text" must be a string')
    return text
