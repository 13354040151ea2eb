"""kernel words: signatures by part, clocks with rungs, plans, measures, rounds

Revision 0002, after 0001; written on 2026-11-25.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


NAMED = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'signature_department_not_null') THEN
    ALTER TABLE signature RENAME CONSTRAINT signature_department_not_null TO signature_party_not_null;
  END IF;
END $$
"""
"""PostgreSQL 18 and later name what may not be NULL after its column, and keep the name when the column's changes."""


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    op.create_table(
        "measure_signal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_signal")),
        sa.UniqueConstraint(
            "code", "subject", "period_start", "rule", name=op.f("uq_measure_signal_code_subject_period_start_rule")
        ),
    )
    with op.batch_alter_table("measure_signal", schema=None) as batch_op:
        batch_op.create_index("ix_measure_signal_at", ["at"], unique=False)

    op.create_table(
        "measure_value",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("newest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typed_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_value")),
        sa.UniqueConstraint("code", "subject", "period_start", name=op.f("uq_measure_value_code_subject_period_start")),
    )
    op.create_table(
        "action_plan",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=8), nullable=False),
        sa.Column("approver", sa.String(length=8), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("problems", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["approver"], ["department.code"], name=op.f("fk_action_plan_approver_department")),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name=op.f("fk_action_plan_department_department")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_action_plan_owner_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_action_plan_number")),
    )
    with op.batch_alter_table("action_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_plan_changed_at"), ["changed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_plan_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_plan_state"), ["state"], unique=False)
        batch_op.create_index("ix_action_plan_subject", ["subject_kind", "subject_id"], unique=False)

    op.create_table(
        "round",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("department", sa.String(length=8), nullable=False),
        sa.Column("every", sa.String(length=8), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clause", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name=op.f("fk_round_department_department")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_round_owner_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("kind", "subject", "period", name=op.f("uq_round_kind_subject_period")),
        sa.UniqueConstraint("number", name=op.f("uq_round_number")),
    )
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_round_changed_at"), ["changed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_round_state"), ["state"], unique=False)
        batch_op.create_index("ix_round_state_opens", ["state", "opens_at"], unique=False)

    op.create_table(
        "plan_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("problem", sa.String(length=32), nullable=True),
        sa.Column("raised_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_plan_item_owner_id_person")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_plan_item_plan_id_action_plan")),
        sa.ForeignKeyConstraint(["raised_by"], ["person.id"], name=op.f("fk_plan_item_raised_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_item")),
    )
    with op.batch_alter_table("plan_item", schema=None) as batch_op:
        batch_op.create_index("ix_plan_item_owner", ["owner_id", "outcome", "due_on"], unique=False)
        batch_op.create_index("ix_plan_item_plan", ["plan_id", "revision"], unique=False)

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("party", sa.String(length=8), nullable=True))
        batch_op.add_column(
            sa.Column(
                "rungs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="[]", nullable=False
            )
        )

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("everyone", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        batch_op.add_column(sa.Column("escalate_to", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_notice_unread_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("acknowledged_at IS NULL AND escalated_at IS NULL"),
            postgresql_where=sa.text("acknowledged_at IS NULL AND escalated_at IS NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_notice_escalate_to_department"), "department", ["escalate_to"], ["code"]
        )

    with op.batch_alter_table("sign_off", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False
            )
        )

    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.alter_column(
            "department", new_column_name="party", existing_type=sa.String(length=8), type_=sa.String(length=12)
        )
        batch_op.add_column(
            sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("carried_from", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.alter_column("person_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_foreign_key(
            batch_op.f("fk_signature_contact_id_contact_person"), "contact_person", ["contact_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_signature_recorded_by_person"), "person", ["recorded_by"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_signature_carried_from_signature"), "signature", ["carried_from"], ["id"]
        )

    with op.batch_alter_table("inspection", schema=None) as batch_op:
        for name in ("lot_size", "sample_size", "defective"):
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(NAMED)
