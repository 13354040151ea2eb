"""What the demo company has promised in service, and what its agents say again and again."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from helpdesk.tickets import macros
from order_core.issues.level.models import ServiceContract
from order_core.parties.models import Customer

SATURDAYS_TOO = {
    "zone": "Asia/Hong_Kong",
    "country": "HK",
    "week": {str(day): [["08:00", "20:00"]] for day in range(6)},
}
TARGETS = {
    "emergency": {"response": 15, "solution": 240, "elapsed": True},
    "high": {"response": 30, "solution": 480, "elapsed": True},
    "normal": {"response": 120, "solution": 960},
    "low": {"response": 240, "solution": 1920},
}
MACROS = (
    (
        "拍照 · Photo",
        {
            "zh-Hant": "{customer}您好，我是{agent}。請拍下{appliance}的銘板與故障處回傳，案件 {number}。",
            "zh-Hans": "{customer}您好，我是{agent}。请拍下{appliance}的铭牌和故障处发给我们，工单 {number}。",
            "en": "Hello {customer}, this is {agent}. Please send a photo of the type plate. {number}",
        },
        None,
    ),
    (
        "斷電 · Switch off",
        {
            "zh-Hant": "{customer}您好，為了安全請先拔除{appliance}的電源，我們會盡快與您聯絡。",
            "zh-Hans": "{customer}您好，为了安全请先拔掉{appliance}的电源，我们会尽快与您联系。",
            "en": "{customer}, for your safety please unplug the {appliance}. We will be in touch very soon.",
        },
        "high",
    ),
)


def add(session: Session, customers: dict[str, Customer], *, at: datetime) -> None:
    """One contract with hours of its own, and two macros."""
    session.add(
        ServiceContract(
            number="SC-0001",
            customer_id=customers["smith"].id,
            name="Gold",
            valid_from=(at - timedelta(days=200)).date(),
            valid_until=(at + timedelta(days=500)).date(),
            targets=TARGETS,
            pauses=["customer", "part", "later"],
            hours=SATURDAYS_TOO,
        )
    )
    for name, texts, urgency in MACROS:
        macros.save(session, name, texts, urgency)
