"""channels: consent as a ledger, what is asked otherwise, media, budgets of senders, marks of polling

Revision 0012, after 0011; written on 2026-11-25.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    op.create_table(
        "poll_mark",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_poll_mark")),
    )
    op.create_table(
        "sender_budget",
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_sender_budget")),
    )
    op.create_table(
        "consent_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_consent_entry_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entry")),
    )
    with op.batch_alter_table("consent_entry", schema=None) as batch_op:
        batch_op.create_index("ix_consent_entry_phone", ["phone", "id"], unique=False)

    op.create_table(
        "diversion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=48), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("spoken", sa.Text(), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("callback_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["callback_id"], ["issue.id"], name=op.f("fk_diversion_callback_id_issue")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_diversion_issue_id_issue")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_diversion_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diversion")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_diversion_code_hash")),
        sa.UniqueConstraint("message_id", name=op.f("uq_diversion_message_id")),
    )
    with op.batch_alter_table("diversion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_diversion_callback_id"), ["callback_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_diversion_phone"), ["phone"], unique=False)

    op.create_table(
        "message_media",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("declared_type", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("media_type", sa.String(length=80), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_media_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_media")),
        sa.UniqueConstraint("message_id", "position", name=op.f("uq_message_media_message_id_position")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paced_at", sa.DateTime(timezone=True), nullable=True))

    op.execute(
        "INSERT INTO consent_entry (phone, scope, allowed, source, word, at) SELECT phone, scope, false, "
        "CASE WHEN word = '21610' THEN 'provider' ELSE 'word' END, word, at FROM opt_out ORDER BY at"
    )
    op.drop_table("opt_out")
