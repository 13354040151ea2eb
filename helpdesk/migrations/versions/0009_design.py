"""design: tasks, designs with characteristics and reviews; changes with effect and effectivity

Revision 0009, after 0008; written on 2026-11-25.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _after(column: str) -> dict[str, Any]:
    """Where SQLite, which makes the table anew, puts a column; PostgreSQL adds it at the end."""
    return {"insert_after": column} if op.get_bind().dialect.name == "sqlite" else {}


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    op.create_table(
        "design_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needed_on", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["issue.id"], name=op.f("fk_design_task_alert_id_issue")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_design_task_line_id_order_line")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_design_task_owner_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_task")),
        sa.UniqueConstraint("line_id", name=op.f("uq_design_task_line_id")),
    )
    with op.batch_alter_table("design_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_design_task_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "design",
        sa.Column("model_code", sa.String(length=24), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("predecessor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("waivers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_code"], ["product_model.code"], name=op.f("fk_design_model_code_product_model")
        ),
        sa.ForeignKeyConstraint(["predecessor_id"], ["design.id"], name=op.f("fk_design_predecessor_id_design")),
        sa.ForeignKeyConstraint(["task_id"], ["design_task.id"], name=op.f("fk_design_task_id_design_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design")),
        sa.UniqueConstraint("number", name=op.f("uq_design_number")),
    )
    with op.batch_alter_table("design", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_design_changed_at"), ["changed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_design_model_code"), ["model_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_design_predecessor_id"), ["predecessor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_design_released_at"), ["released_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_design_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_design_task_id"), ["task_id"], unique=False)

    op.create_table(
        "design_characteristic",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("design_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column("lower", sa.Double(), nullable=True),
        sa.Column("upper", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("result", sa.Double(), nullable=True),
        sa.Column("verified_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"], name=op.f("fk_design_characteristic_design_id_design")),
        sa.ForeignKeyConstraint(
            ["verified_by"], ["person.id"], name=op.f("fk_design_characteristic_verified_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_characteristic")),
        sa.UniqueConstraint("design_id", "code", name=op.f("uq_design_characteristic_design_id_code")),
    )
    op.create_table(
        "design_document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("design_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("link", sa.String(length=400), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"], name=op.f("fk_design_document_design_id_design")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_document")),
    )
    with op.batch_alter_table("design_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_design_document_design_id"), ["design_id"], unique=False)

    op.create_table(
        "design_review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("design_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meets_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("invited", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("present", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"], name=op.f("fk_design_review_design_id_design")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_review")),
        sa.UniqueConstraint("design_id", "round", name=op.f("uq_design_review_design_id_round")),
    )
    with op.batch_alter_table("design_review", schema=None) as batch_op:
        batch_op.create_index("ix_design_review_ended", ["outcome", "ended_at"], unique=False)

    op.create_table(
        "change_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("department", sa.String(length=8), nullable=False),
        sa.Column("records", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["person.id"], name=op.f("fk_change_notice_acknowledged_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change_request.id"], name=op.f("fk_change_notice_change_id_change_request")
        ),
        sa.ForeignKeyConstraint(
            ["department"], ["department.code"], name=op.f("fk_change_notice_department_department")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_notice")),
        sa.UniqueConstraint("change_id", "department", name=op.f("uq_change_notice_change_id_department")),
    )
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.alter_column(
            "impact_cost",
            existing_type=sa.Integer(),
            type_=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            existing_nullable=True,
        )
        batch_op.add_column(
            sa.Column("origin", sa.String(length=12), server_default="other", nullable=False), **_after("impact_cost")
        )
        batch_op.add_column(
            sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            **_after("origin"),
        )
        batch_op.add_column(sa.Column("cause", sa.String(length=12), nullable=True), **_after("order_id"))
        batch_op.add_column(
            sa.Column("design_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            **_after("cause"),
        )
        batch_op.add_column(
            sa.Column("successor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            **_after("design_id"),
        )
        batch_op.add_column(sa.Column("scope", sa.Text(), nullable=True), **_after("successor_id"))
        batch_op.add_column(sa.Column("ready_on", sa.Date(), nullable=True), **_after("scope"))
        batch_op.add_column(
            sa.Column(
                "costs",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default=sa.text("'{}'"),
                nullable=False,
            ),
            **_after("ready_on"),
        )
        batch_op.add_column(
            sa.Column(
                "replan",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default=sa.text("'[]'"),
                nullable=False,
            ),
            **_after("costs"),
        )
        batch_op.add_column(
            sa.Column(
                "given",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default=sa.text("'{}'"),
                nullable=False,
            ),
            **_after("replan"),
        )
        batch_op.add_column(sa.Column("old_item", sa.String(length=32), nullable=True), **_after("given"))
        batch_op.add_column(
            sa.Column("old_item_value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
            **_after("old_item"),
        )
        batch_op.add_column(sa.Column("effective_by", sa.String(length=8), nullable=True), **_after("old_item_value"))
        batch_op.add_column(sa.Column("effective_from", sa.String(length=40), nullable=True), **_after("effective_by"))
        batch_op.add_column(sa.Column("effective_to", sa.String(length=40), nullable=True), **_after("effective_from"))
        batch_op.add_column(
            sa.Column(
                "signers",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default=sa.text("'[]'"),
                nullable=False,
            ),
            **_after("effective_to"),
        )
        batch_op.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True), **_after("signers"))
        batch_op.add_column(
            sa.Column("implemented_at", sa.DateTime(timezone=True), nullable=True), **_after("approved_at")
        )
        batch_op.add_column(
            sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True), **_after("implemented_at")
        )
        batch_op.create_index(batch_op.f("ix_change_request_approved_at"), ["approved_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_request_design_id"), ["design_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_request_order_id"), ["order_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_change_request_successor_id"), ["successor_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_change_request_order_id_customer_order"), "customer_order", ["order_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_change_request_successor_id_design"), "design", ["successor_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_change_request_design_id_design"), "design", ["design_id"], ["id"])

    op.execute("UPDATE change_request SET origin = 'quality' WHERE quality_issue_id IS NOT NULL")
