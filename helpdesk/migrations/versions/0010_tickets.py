"""tickets: lists by last touch, views, bulk actions, drafts, presence, macros; service contracts; search

Revision 0010, after 0009; written on 2026-11-25.
"""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE search_fts USING fts5(words, content='search_entry', content_rowid='id',"
    " tokenize=\"unicode61 remove_diacritics 0 tokenchars '~_'\")",
    "CREATE TRIGGER search_entry_new AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_old AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words);"
    " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END",
)
POSTGRESQL_SEARCH = ("CREATE INDEX ix_search_entry_words ON search_entry USING gin (words) WITH (fastupdate = off)",)
RUNNING = "stopped_at IS NULL AND due_at IS NOT NULL"
PAUSED = "stopped_at IS NULL AND due_at IS NULL"
OPEN = "state NOT IN ('closed', 'void')"


def _after(column: str) -> dict[str, Any]:
    """Where SQLite, which makes the table anew, puts a column; PostgreSQL adds it at the end."""
    return {"insert_after": column} if op.get_bind().dialect.name == "sqlite" else {}


def _made_anew() -> Literal["always", "never"]:
    """SQLite writes the table out again, so that the column stands where the models have it."""
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    op.create_table(
        "macro",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("texts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("urgency", sa.String(length=12), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro")),
        sa.UniqueConstraint("name", name=op.f("uq_macro_name")),
    )
    op.create_table(
        "search_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ref_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("kind", "ref_id", name=op.f("uq_search_entry_kind_ref_id")),
    )
    with op.batch_alter_table("search_entry", schema=None) as batch_op:
        batch_op.create_index("ix_search_entry_at", ["at", "id"], unique=False)

    op.create_table(
        "service_contract",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("targets", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("pauses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("automatic_counts", sa.Boolean(), nullable=False),
        sa.Column("hours", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_service_contract_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_service_contract_number")),
    )
    with op.batch_alter_table("service_contract", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_contract_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "bulk_action",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("params", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_bulk_action_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_action")),
    )
    with op.batch_alter_table("bulk_action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_action_by_id"), ["by_id"], unique=False)

    op.create_table(
        "ticket_table",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("columns", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("density", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_table_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_ticket_table")),
    )
    op.create_table(
        "ticket_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("team", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_ticket_view_owner_id_person")),
        sa.ForeignKeyConstraint(["team"], ["department.code"], name=op.f("fk_ticket_view_team_department")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_view")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_ticket_view_owner_id_name")),
    )
    with op.batch_alter_table("ticket_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_view_team"), ["team"], unique=False)

    op.create_table(
        "bulk_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bulk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("outcome", sa.String(length=48), nullable=True),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk_action.id"], name=op.f("fk_bulk_item_bulk_id_bulk_action")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_bulk_item_issue_id_issue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_item")),
        sa.UniqueConstraint("bulk_id", "position", name=op.f("uq_bulk_item_bulk_id_position")),
    )
    with op.batch_alter_table("bulk_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_item_issue_id"), ["issue_id"], unique=False)

    op.create_table(
        "ticket_draft",
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_ticket_draft_issue_id_issue")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_draft_person_id_person")),
        sa.PrimaryKeyConstraint("issue_id", "person_id", name=op.f("pk_ticket_draft")),
    )
    op.create_table(
        "ticket_presence",
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_ticket_presence_issue_id_issue")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_presence_person_id_person")),
        sa.PrimaryKeyConstraint("issue_id", "person_id", name=op.f("pk_ticket_presence")),
    )
    with op.batch_alter_table("ticket_presence", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_presence_seen", ["seen_at"], unique=False)

    with op.batch_alter_table("clock", schema=None, recreate=_made_anew()) as batch_op:
        batch_op.add_column(sa.Column("contract", sa.String(length=24), nullable=True), **_after("rungs"))
        batch_op.create_index(
            "ix_clock_due",
            ["due_at", "case_id"],
            unique=False,
            sqlite_where=sa.text(RUNNING),
            postgresql_where=sa.text(RUNNING),
        )
        batch_op.create_index(
            "ix_clock_paused",
            ["case_id"],
            unique=False,
            sqlite_where=sa.text(PAUSED),
            postgresql_where=sa.text(PAUSED),
        )

    with op.batch_alter_table("issue", schema=None, recreate=_made_anew()) as batch_op:
        batch_op.add_column(sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True), **_after("closed_at"))
    op.execute("UPDATE issue SET touched_at = changed_at")
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.alter_column("touched_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_index("ix_issue_appliance_touched", ["appliance", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_assignee_id_touched", ["assignee_id", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_channel_touched", ["channel", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_kind_touched", ["kind", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_language_touched", ["language", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_state_touched", ["state", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_team_touched", ["team", "touched_at", "id"], unique=False)
        batch_op.create_index("ix_issue_touched", ["touched_at", "id"], unique=False)
        for name, columns in (("", []), ("_assignee", ["assignee_id"])):
            batch_op.create_index(
                f"ix_issue_open{name}",
                [*columns, "touched_at", "id"],
                unique=False,
                sqlite_where=sa.text(OPEN),
                postgresql_where=sa.text(OPEN),
            )
        batch_op.create_index("ix_issue_urgency_touched", ["urgency", "touched_at", "id"], unique=False)
    for statement in SQLITE_SEARCH if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_SEARCH:
        op.execute(statement)
