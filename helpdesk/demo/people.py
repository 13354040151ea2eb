"""The demo's departments, staff and customers."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from order_core.parties.models import ContactPerson, Customer, Person, Site
from order_core.parties.service import ensure_departments

ADMIN = "admin@demo.test"
PASSWORD = "demo"  # noqa: S105 - published on purpose
TOKEN = "demo-token"  # noqa: S105 - published on purpose

# key, name, department, roles, head, language, phone
STAFF = (
    ("mei", "陳美玲 Mei", "AFS", ["agent"], False, "zh-Hant", None),
    ("jun", "周俊 Jun", "AFS", ["dispatcher"], False, "zh-Hant", None),
    ("wei", "黃偉 Wei", "AFS", ["technician"], False, "zh-Hant", "+85291110001"),
    ("ming", "李明 Ming", "AFS", ["technician"], False, "zh-Hant", "+85291110002"),
    ("kayan", "何嘉欣 Ka-yan", "AFS", ["technician"], False, "zh-Hant", "+85291110003"),
    ("hua", "王華 Hua", "AFS", ["afs_head"], True, "zh-Hant", None),
    ("sal", "蘇文 Sal", "SAL", ["staff"], True, "zh-Hant", None),
    ("rnd", "任達 Rnd", "RND", ["staff"], True, "zh-Hans", None),
    ("pro", "潘榮 Pro", "PRO", ["staff"], True, "zh-Hans", None),
    ("pur", "彭宇 Pur", "PUR", ["staff"], True, "zh-Hans", None),
    ("qua", "關欣 Qua", "QUA", ["quality"], True, "zh-Hant", None),
    ("eqp", "易平 Eqp", "EQP", ["staff"], True, "zh-Hans", None),
    ("log", "羅剛 Log", "LOG", ["staff"], True, "zh-Hant", None),
    ("mgt", "孟德 Mgt", "MGT", ["manager"], True, "zh-Hant", None),
    ("hr", "洪蓉 Hr", "HR", ["staff"], True, "zh-Hant", None),
    ("hrm", "胡曼 Hrm", "HR", ["staff"], False, "zh-Hans", None),
    ("dat", "戴彤 Dat", "MGT", ["data_steward"], False, "zh-Hant", None),
    ("kay", "郭凱儀 Kay", "SAL", ["market"], False, "zh-Hant", None),
    ("yan", "顏青 Yan", "RND", ["engineer"], False, "zh-Hant", None),
    ("lei", "雷鳴 Lei", "RND", ["engineer"], False, "zh-Hans", None),
    ("admin", "系統管理員 Admin", "MGT", ["admin"], False, "en", None),
)

# key, customer, contact, phone, language, sites: label, address, postcode, lat, lon, zone
CUSTOMERS = (
    ("lin", "林宅", "林太太", "+85261230001", "zh-Hant",
     ("住家", "九龍旺角彌敦道 700 號 12 樓 A 室", "KLN-MK", 22.3210, 114.1700, "Asia/Hong_Kong")),
    ("chen", "陈宅", "陈先生", "+85261230002", "zh-Hans",
     ("住处", "新界沙田正街 18 号 5 座 9 楼", "NT-ST", 22.3820, 114.1880, "Asia/Hong_Kong")),
    ("smith", "Smith residence", "Mr Smith", "+14155550003", "en",
     ("Home", "1200 Market Street, San Francisco", "94102", 37.7785, -122.4156, "America/Los_Angeles")),
    ("wang", "王宅", "王小姐", "+886912000004", "zh-Hant",
     ("住家", "台北市大安區和平東路二段 100 號", "106", 25.0258, 121.5430, "Asia/Taipei")),
    ("ho", "何宅", "何先生", "+85261230011", "zh-Hant",
     ("住家", "香港灣仔軒尼詩道 200 號 8 樓", "HK-WC", 22.2775, 114.1730, "Asia/Hong_Kong")),
    ("lau", "劉宅", "劉女士", "+85261230012", "zh-Hant",
     ("住家", "九龍觀塘成業街 6 號", "KLN-KT", 22.3120, 114.2250, "Asia/Hong_Kong")),
)  # fmt: skip


def add_staff(session: Session, *, at: datetime) -> dict[str, Person]:
    """Departments, people and their accounts; the API token acts as the administrator."""
    ensure_departments(session)
    staff = {}
    for key, name, department, roles, head, language, phone in STAFF:
        person = Person(
            name=name,
            email=f"{key}@demo.test",
            department_code=department,
            roles=roles,
            head=head,
            language=language,
            phone=phone,
            zone="Asia/Hong_Kong",
        )
        session.add(person)
        session.flush()
        auth.set_password(session, person, PASSWORD, hashed=_published_hash())
        staff[key] = person
    auth.add_token(session, staff["admin"], "demo", at=at, token=TOKEN)
    return staff


@lru_cache
def _published_hash() -> str:
    return auth.hash_password(PASSWORD)


def add_customers(session: Session) -> dict[str, Customer]:
    """Customers with one contact person and one site each."""
    customers = {}
    for index, (key, name, contact, phone, language, site) in enumerate(CUSTOMERS, 1):
        label, address, postcode, lat, lon, zone = site
        customer = Customer(name=name, number=f"K{index:05d}")
        customer.contacts.append(ContactPerson(name=contact, phone=phone, language=language))
        customer.sites.append(Site(label=label, address=address, postcode=postcode, lat=lat, lon=lon, zone=zone))
        session.add(customer)
        customers[key] = customer
    session.flush()
    return customers
