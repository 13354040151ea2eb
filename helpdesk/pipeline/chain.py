"""The helpdesk's own kinds in the chain of an order: visits, and the parts that they used."""

from helpdesk.dispatch.models import Visit
from order_core.chain import edge, kind
from order_core.kernel.ledger import StockMove
from order_core.performance import chain as _chain  # noqa: F401 - the kinds that these hang on

kind("Visit", Visit.id, Visit.number, Visit.issue_id)
edge("Issue", "Visit", Visit.issue_id, Visit.id)
edge("Visit", "PartMove", StockMove.cause_id, StockMove.id, StockMove.cause_kind == Visit.__case_kind__)
