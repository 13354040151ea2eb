"""${message}

Revision ${up_revision}, ${"after " + down_revision if down_revision else "the first"}; written on ${create_date.date()}.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Forwards only: to go back, restore the backup taken before."""
    ${upgrades if upgrades else "pass"}
