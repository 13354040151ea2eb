"""``helpdesk story``: play the main job against a running server."""

import sys

import click

from helpdesk.channels import addresses
from helpdesk.config import load_settings
from helpdesk.story.play import PATIENCE, STEPS, Scene, play
from helpdesk.story.visitor import StepFailed


@click.command()
@click.option("--url", help="Where the server listens (default: HOST and PORT of the settings).")
@click.option("--patience", default=PATIENCE, show_default=True, help="Seconds that a step may take.")
def story(url: str | None, patience: float) -> None:
    """Play the main job through the real webhooks and pages; exit status 1 when a step fails.

    Needs a running demo company (`helpdesk up`). The demo's clock is moved forward to the visit.
    """
    settings = load_settings()
    tokens = settings.webhook_auth_tokens
    if not tokens:
        raise click.ClickException("no token to sign webhooks with: run it where the server's settings are")
    base = (url or f"http://{settings.host}:{settings.port}").rstrip("/")
    scene = Scene(
        base=base,
        public=settings.public_setting or base,
        token=tokens[0],
        account=addresses.account(settings),
        number=addresses.our_number(settings),
        patience=patience,
    )
    done = 0
    try:
        for title, seen in play(scene):
            done += 1
            click.echo(f"{done:2}/{len(STEPS)} {title}\n      {seen}")
    except StepFailed as failure:
        click.echo(f"{done + 1:2}/{len(STEPS)} FAILED {failure}", err=True)
        sys.exit(1)
    click.echo("the story is told")
