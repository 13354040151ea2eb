"""The kinds of record that hang on an order, and what belongs to what; later stages add theirs beside their tables.

A chain is one order's: a ticket that became a customer's next requirement ends here as ``Need`` and stands at the head
of the other chain as ``Origin``, so that one order does not run into the next.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from order_core.acquisition.contract.models import Contract
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.quote.models import LineAnswer, Quote, QuoteLine
from order_core.aftersales.models import InstalledProduct, ServiceReport, Survey
from order_core.chain import edge, kind, unanchored
from order_core.clauses import probe
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.models import Order, OrderLine
from order_core.issues.models import Issue, IssueLink
from order_core.kernel.ledger import StockMove

kind("Origin", Issue.id, Issue.number)
kind("Enquiry", Enquiry.id, Enquiry.number, Enquiry.customer_id)
kind("Requirement", Requirement.id, Requirement.position, Requirement.enquiry_id)
kind("Quote", Quote.id, Quote.number, Quote.enquiry_id)
kind("Contract", Contract.id, Contract.number, Contract.customer_id)
kind("Order", Order.id, Order.number, Order.customer_id)
kind("OrderLine", OrderLine.id, OrderLine.model_code, OrderLine.order_id)
kind("Design", Design.id, Design.number, Design.task_id, Design.model_code)
kind("Unit", InstalledProduct.id, InstalledProduct.serial, InstalledProduct.order_line_id)
kind("Issue", Issue.id, Issue.number, Issue.customer_id, Issue.product_id, Issue.order_id, Issue.parent_id, Issue.phone)
kind("Report", ServiceReport.id, ServiceReport.visit_number, ServiceReport.issue_id)
kind("Survey", Survey.id, Survey.number, Survey.issue_id)
kind("Change", ChangeRequest.id, ChangeRequest.number, ChangeRequest.model_code, ChangeRequest.quality_issue_id)
kind("PartMove", StockMove.id, StockMove.item, StockMove.item)
kind("Need", Requirement.id, Requirement.position)

edge("Origin", "Requirement", Requirement.ticket_id, Requirement.id)
edge("Enquiry", "Requirement", Requirement.enquiry_id, Requirement.id)
edge("Enquiry", "Quote", Quote.enquiry_id, Quote.id)
edge("Requirement", "Quote", LineAnswer.requirement_id, QuoteLine.quote_id, LineAnswer.line_id == QuoteLine.id)
edge("Quote", "Order", Quote.id, Order.id, Order.agreement == Quote.number)
edge("Contract", "Order", Contract.id, Order.id, Order.agreement == Contract.number)
edge("Order", "OrderLine", OrderLine.order_id, OrderLine.id)
edge("OrderLine", "Design", DesignTask.line_id, Design.id, Design.task_id == DesignTask.id)
edge("Design", "Change", ChangeRequest.design_id, ChangeRequest.id)
edge("Order", "Change", ChangeRequest.order_id, ChangeRequest.id)
edge("OrderLine", "Unit", InstalledProduct.order_line_id, InstalledProduct.id)
edge("Order", "Issue", Issue.order_id, Issue.id)
edge("Unit", "Issue", Issue.product_id, Issue.id)
edge("Issue", "Issue", IssueLink.other_id, IssueLink.issue_id, IssueLink.relation.in_(("evidence", "follow_up")))
edge("Issue", "Report", ServiceReport.issue_id, ServiceReport.id)
edge("Issue", "Survey", Survey.issue_id, Survey.id)
edge("Issue", "Change", ChangeRequest.quality_issue_id, ChangeRequest.id)
edge("Issue", "Need", Requirement.ticket_id, Requirement.id)
edge("Issue", "PartMove", StockMove.cause_id, StockMove.id, StockMove.cause_kind == Issue.__case_kind__)


@probe("1.1")
def loose_records(session: Session, _at: datetime) -> int:
    """Records that no order, item or customer holds. A caller's number is a customer whom we do not know yet."""
    return unanchored(session)
