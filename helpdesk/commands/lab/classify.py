"""``helpdesk lab classify``: the triage engine on anybody's labels, JSON lines in and out."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option(
    "--train",
    "train",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON lines {"text": …, "label": …} to learn from.',
)
def classify(train: Path) -> None:
    """Learn from FILE, then read JSON lines {"text": …} and write {"label": …, "confidence": …} for each."""
    from helpdesk.triage.outside import learn

    examples = _rows(train.read_text(encoding="utf-8").splitlines(), str(train), ("text", "label"))
    asked = _rows(sys.stdin, "standard input", ("text",))
    click.echo(f"learning from {len(examples)} examples", err=True)
    try:
        learned = learn([row["text"] for row in examples], [row["label"] for row in examples])
    except ValueError as error:
        raise click.UsageError(f"{train}: {error}") from None
    for guess in learned.guess([row["text"] for row in asked]):
        answer = {"label": guess.label, "confidence": round(guess.confidence, 4)}
        click.echo(json.dumps(answer, ensure_ascii=False))


def _rows(lines: Iterable[str], source: str, fields: tuple[str, ...]) -> list[dict[str, str]]:
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise click.UsageError(f"{source}, line {number} is not JSON: {error}") from None
        for field in fields:
            if not isinstance(row, dict) or not isinstance(row.get(field), str):
                raise click.UsageError(f'{source}, line {number}: "{field}" must be a string')
        found.append({field: row[field] for field in fields})
    return found
