"""The demo's models, warranty terms, after-repair standards, parts and vans."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.parts import service as parts
from order_core.aftersales.models import WarrantyTerm
from order_core.kernel import stock
from order_core.kernel.actor import WORKER
from order_core.kernel.check import Standard
from order_core.kernel.ledger import StockLocation
from order_core.parties.models import Person, ProductModel

# code, appliance, names en / zh-Hant / zh-Hans
MODELS = (
    ("RF-520", "refrigerator", ("Refrigerator RF-520", "雙門冰箱 RF-520", "双门冰箱 RF-520")),
    ("WM-900", "washing_machine", ("Washing machine WM-900", "滾筒洗衣機 WM-900", "滚筒洗衣机 WM-900")),
    ("AC-350", "air_conditioner", ("Air conditioner AC-350", "分離式冷氣 AC-350", "分体式空调 AC-350")),
    ("DW-600", "dishwasher", ("Dishwasher DW-600", "洗碗機 DW-600", "洗碗机 DW-600")),
)

# appliance: parts, labour, travel months
WARRANTY = {
    "refrigerator": (36, 24, 12),
    "washing_machine": (36, 24, 12),
    "air_conditioner": (36, 24, 12),
    "dishwasher": (24, 24, 12),
}

RUNS_SAFELY = ({"code": "runs", "kind": "yes_no"}, {"code": "no_leak", "kind": "yes_no"})
STANDARDS = {
    "any": RUNS_SAFELY,
    "refrigerator": (
        {"code": "fridge_temperature", "kind": "limit", "min": -1, "max": 8, "unit": "°C"},
        *RUNS_SAFELY,
    ),
}

# code, names, fits (appliance, symptom, share), units per van
PARTS = (
    ("DH-210", ("Drain heater", "排水加熱器", "排水加热器"),
     (("refrigerator", "not_cooling", 620), ("refrigerator", "leaking", 680)), 4),
    ("GS-110", ("Door gasket", "門封條", "门封条"), (("refrigerator", "not_cooling", 210),), 1),
    ("TH-330", ("Thermostat", "溫控器", "温控器"), (("refrigerator", "not_cooling", 150),), 1),
    ("DP-450", ("Drain pump", "排水泵", "排水泵"),
     (("washing_machine", "not_draining", 700), ("washing_machine", "leaking", 300),
      ("dishwasher", "not_draining", 640)), 1),
    ("IV-120", ("Inlet valve", "進水閥", "进水阀"), (("washing_machine", "no_water", 660),), 1),
    ("FM-700", ("Fan motor", "風扇馬達", "风扇电机"), (("air_conditioner", "noise", 520),), 1),
)  # fmt: skip

WAREHOUSE = "HK-MAIN"
SUPPLIER = "SUPPLIER"
# technician: van, lat, lon, skills
VANS = {
    "wei": (
        "VAN-WEI",
        22.3360,
        114.1520,
        ["refrigerator", "washing_machine", "dishwasher", "air_conditioner"],
    ),
    "ming": ("VAN-MING", 22.2783, 114.1747, ["refrigerator", "washing_machine", "air_conditioner"]),
    "kayan": ("VAN-KAYAN", 22.3830, 114.1900, ["washing_machine", "air_conditioner", "dishwasher"]),
}


def add_products(session: Session) -> None:
    """Models and their warranty terms."""
    for code, appliance, (en, hant, hans) in MODELS:
        session.add(ProductModel(code=code, appliance=appliance, names={"en": en, "zh-Hant": hant, "zh-Hans": hans}))
    for appliance, (months_parts, labour, travel) in WARRANTY.items():
        session.add(
            WarrantyTerm(
                code=f"W-{months_parts}/{labour}/{travel}-{appliance[:4].upper()}",
                appliance=appliance,
                parts_months=months_parts,
                labour_months=labour,
                travel_months=travel,
            )
        )
    session.flush()


def add_standards(session: Session, *, at: datetime) -> None:
    """The tests after a repair, in force since two years ago."""
    for name, criteria in STANDARDS.items():
        session.add(
            Standard(
                code=f"after-repair/{name}",
                revision=1,
                gate="after_repair",
                criteria=[dict(criterion) for criterion in criteria],
                in_force_from=at - timedelta(days=730),
            )
        )
    session.flush()


def add_vans_and_parts(session: Session, staff: dict[str, Person], *, at: datetime) -> None:
    """Warehouse and vans, filled by receipts from the supplier; technicians with their vans."""
    session.add_all(
        [
            StockLocation(code=WAREHOUSE, kind="warehouse"),
            StockLocation(code=SUPPLIER, kind="supplier", external=True),
            StockLocation(code=parts.CUSTOMER_LOCATION, kind="customer", external=True),
            *(StockLocation(code=van, kind="van", person_id=staff[key].id) for key, (van, *_) in VANS.items()),
        ]
    )
    session.flush()
    for code, (en, hant, hans), fits, units in PARTS:
        parts.add_part(
            session,
            code,
            names={"en": en, "zh-Hant": hant, "zh-Hans": hans},
            fits=[{"appliance": a, "symptom": s, "share": share} for a, s, share in fits],
            price=18000,
        )
        stock.move(session, code, 20, source=SUPPLIER, target=WAREHOUSE, reason="receipt", by=WORKER, at=at)
        for van, *_ in VANS.values():
            stock.move(session, code, units, source=WAREHOUSE, target=van, reason="load_van", by=WORKER, at=at)
    for key, (van, lat, lon, skills) in VANS.items():
        dispatch.add_technician(
            session, staff[key], skills=list(skills), lat=lat, lon=lon, van=van, zone="Asia/Hong_Kong"
        )
