"""The kinds of record that hang on an order, and what belongs to what; later stages add theirs beside their tables."""

from datetime import datetime

from sqlalchemy.orm import Session

from order_core.aftersales.models import InstalledProduct, ServiceReport, Survey
from order_core.chain import edge, kind, unanchored
from order_core.clauses import probe
from order_core.execution.models import ChangeRequest, Order, OrderLine
from order_core.issues.models import Issue, IssueLink
from order_core.kernel.ledger import StockMove

kind("Order", Order.id, Order.number, Order.customer_id)
kind("OrderLine", OrderLine.id, OrderLine.model_code, OrderLine.order_id)
kind("Unit", InstalledProduct.id, InstalledProduct.serial, InstalledProduct.order_line_id)
kind("Issue", Issue.id, Issue.number, Issue.customer_id, Issue.product_id, Issue.order_id, Issue.parent_id, Issue.phone)
kind("Report", ServiceReport.id, ServiceReport.visit_number, ServiceReport.issue_id)
kind("Survey", Survey.id, Survey.number, Survey.issue_id)
kind("Change", ChangeRequest.id, ChangeRequest.number, ChangeRequest.model_code, ChangeRequest.quality_issue_id)
kind("PartMove", StockMove.id, StockMove.item, StockMove.item)

edge("Order", "OrderLine", OrderLine.order_id, OrderLine.id)
edge("OrderLine", "Unit", InstalledProduct.order_line_id, InstalledProduct.id)
edge("Order", "Issue", Issue.order_id, Issue.id)
edge("Unit", "Issue", Issue.product_id, Issue.id)
edge("Issue", "Issue", IssueLink.other_id, IssueLink.issue_id, IssueLink.relation.in_(("evidence", "follow_up")))
edge("Issue", "Report", ServiceReport.issue_id, ServiceReport.id)
edge("Issue", "Survey", Survey.issue_id, Survey.id)
edge("Issue", "Change", ChangeRequest.quality_issue_id, ChangeRequest.id)
edge("Issue", "PartMove", StockMove.cause_id, StockMove.id, StockMove.cause_kind == Issue.__case_kind__)


@probe("1.1")
def loose_records(session: Session, _at: datetime) -> int:
    """Records that no order, item or customer holds. A caller's number is a customer whom we do not know yet."""
    return unanchored(session)
