"""orders are found by the agreement that they come from

Revision 0006, after 0005; written on 2026-11-25.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_order_agreement"), ["agreement"], unique=False)
