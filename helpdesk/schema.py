"""The schema and its one history: every model imported, Alembic run."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url

MIGRATIONS = Path(__file__).parent / "migrations"

MODELS = (
    "order_core.kernel.journal",
    "order_core.kernel.numbers",
    "order_core.kernel.outbox",
    "order_core.kernel.notice",
    "order_core.kernel.ledger",
    "order_core.kernel.clock",
    "order_core.kernel.sign",
    "order_core.kernel.check",
    "order_core.kernel.plan",
    "order_core.kernel.measure",
    "order_core.rulebook.models",
    "order_core.parties.models",
    "order_core.rounds.models",
    "order_core.issues.models",
    "order_core.issues.level.models",
    "order_core.acquisition.contract.models",
    "order_core.acquisition.enquiry.models",
    "order_core.acquisition.quote.models",
    "order_core.execution.models",
    "order_core.execution.records",
    "order_core.acquisition.research.models",
    "order_core.execution.change.models",
    "order_core.execution.design.models",
    "order_core.aftersales.models",
    "helpdesk.now",
    "helpdesk.auth.models",
    "helpdesk.channels.models",
    "helpdesk.chatbot.assist.models",
    "helpdesk.chatbot.models",
    "helpdesk.dispatch.models",
    "helpdesk.hotline.models",
    "helpdesk.parts.models",
    "helpdesk.technician.models",
    "helpdesk.tickets.models",
    "helpdesk.search.models",
    "helpdesk.triage.models",
    "helpdesk.api.models",
    "workers.models",
)
"""Every module with tables: imported before migrations are compared or written."""


def import_models() -> None:
    """Fill the metadata. ``workers.models`` by name only: the helpdesk does not import the workers."""
    for module in MODELS:
        import_module(module)


def config(database_url: str) -> Config:
    """Alembic's configuration for a database."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return made


def upgrade(database_url: str) -> None:
    """Bring a database to the newest revision."""
    command.upgrade(config(database_url), "head")


def head() -> str | None:
    """The newest revision of the history."""
    return ScriptDirectory.from_config(config("sqlite://")).get_current_head()


def current(database_url: str) -> str | None:
    """The revision that a database is at; None for one without a schema, which is not made by asking."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
