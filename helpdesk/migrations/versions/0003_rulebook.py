"""rulebook: revisions of what is data, days of the company's own, units by their order line

Revision 0003, after 0002; written on 2026-11-25.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    op.create_table(
        "company_day",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("intervals", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("declared_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stamp", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["declared_by"], ["person.id"], name=op.f("fk_company_day_declared_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_day")),
    )
    with op.batch_alter_table("company_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_company_day_day"), ["day"], unique=False)

    op.create_table(
        "rulebook_change",
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column("stamp", sa.String(length=16), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_rulebook_change_proposed_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook_change")),
        sa.UniqueConstraint("edition", name=op.f("uq_rulebook_change_edition")),
        sa.UniqueConstraint("number", name=op.f("uq_rulebook_change_number")),
    )
    with op.batch_alter_table("rulebook_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rulebook_change_changed_at"), ["changed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_rulebook_change_state"), ["state"], unique=False)

    with op.batch_alter_table("installed_product", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_installed_product_order_line_id"), ["order_line_id"], unique=False)
