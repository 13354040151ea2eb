"""Accounts and API tokens."""

from datetime import datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.auth import service
from helpdesk.commands import in_app
from order_core.parties.models import Department, Person
from order_core.rulebook.roles import GRANTS


@click.group()
def user() -> None:
    """People of ours who sign in."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues read it.")
@click.option("--department", required=True, help="Code: SAL RND PRO PUR QUA EQP LOG AFS MGT HR.")
@click.option("--role", "roles", multiple=True, help="May be given several times.")
@click.option("--head", is_flag=True, help="Heads the department.")
@click.option("--language", type=click.Choice(["en", "zh-Hant", "zh-Hans"]), default="zh-Hant")
@click.password_option(help="Asked for when not given.")
def add_user(
    email: str, name: str, department: str, roles: tuple[str, ...], head: bool, language: str, password: str
) -> None:
    """Give a person an account, or an existing one a new password and these roles."""
    unknown = sorted(set(roles) - set(GRANTS.by_role))
    if unknown:
        raise click.UsageError(f"no role {', '.join(unknown)}; there are {', '.join(sorted(GRANTS.by_role))}")

    def work(session: Session, _at: datetime) -> None:
        if session.get(Department, department) is None:
            raise click.UsageError(f"no department {department}")
        person = session.scalar(select(Person).where(Person.email == email))
        if person is None:
            person = Person(name=name, email=email, department_code=department, roles=[])
            session.add(person)
        person.name, person.department_code, person.roles = name, department, list(roles)
        person.head, person.language, person.active = head, language, True
        session.flush()
        service.set_password(session, person, password)

    in_app(work)
    click.echo(f"{email} can sign in")


@click.group()
def token() -> None:
    """API tokens."""


@token.command("add")
@click.argument("name")
@click.option("--person", "email", required=True, help="Whose rights the token has: an address.")
def add_token(name: str, email: str) -> None:
    """Make an API token and print it, this once."""

    def work(session: Session, at: datetime) -> str:
        person = session.scalar(select(Person).where(Person.email == email))
        if person is None:
            raise click.UsageError(f"nobody has the address {email}")
        return service.add_token(session, person, name, at=at)

    click.echo(in_app(work))
