"""The story, step by step. Each step does what a person would and looks at what the world then shows."""

import secrets
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from helpdesk.demo.people import PASSWORD, TOKEN
from helpdesk.hotline.hours import calendar
from helpdesk.story.visitor import Api, Browser, Phone, StepFailed
from order_core.issues.rules import REOPEN_WITHIN

LIN = "+85261230001"
SMITH, SMITHS = "+14155550003", "K00003"
"""Smith's telephone, and his number among the customers."""
PATIENCE = 60.0
"""Seconds that a step may take to show its effect; killed workers and a slow machine included."""

T = TypeVar("T")


@dataclass
class Scene:
    """What the steps share."""

    base: str
    public: str
    token: str
    account: str
    number: str
    api: Api = field(init=False)
    browser: Callable[[], Browser] = field(init=False)
    patience: float = PATIENCE
    known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = Api(self.base, TOKEN)
        self.browser = lambda: Browser(self.base)

    def phone(self, number: str) -> Phone:
        """A customer's telephone."""
        return Phone(self.base, self.public, self.token, self.account, number, self.number)

    def wait(self, what: str, look: Callable[[], T | None]) -> T:
        """Look until it is there; fail after ``patience`` seconds."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.25)
        raise StepFailed(f"waited {self.patience:.0f} s in vain for {what}")

    def replies(self, number: str, purpose: str) -> list[dict[str, Any]]:
        """Messages of ours to a number with that purpose, since the story began."""
        rows = self.api.items("messages", phone=number, direction="out")
        return [r for r in rows if r["purpose"] == purpose and r["id"] > self.known.get(f"after:{number}", 0)]

    def reply(self, number: str, *purposes: str) -> dict[str, Any]:
        """The answer that one of these purposes sends, once it has left the house."""

        def look() -> dict[str, Any] | None:
            found = [row for purpose in purposes for row in self.replies(number, purpose)]
            return found[0] if found and found[0]["sent_at"] else None

        return self.wait(f"a message {' or '.join(purposes)} to {number}", look)

    def ticket(self) -> dict[str, Any]:
        """Lin's ticket of this story."""
        return dict(self.api.get(f"tickets/{self.known['ticket']}"))

    def visit(self) -> dict[str, Any] | None:
        """Its visit."""
        rows = self.api.items("appointments", ticket=self.known["ticket"])
        return rows[0] if rows else None


def must(true: Any, what: str) -> None:
    """Fail the story unless this holds."""
    if not true:
        raise StepFailed(what)


def lin_texts(scene: Scene) -> str:
    _finish_what_was(scene)
    rows = scene.api.items("messages", phone=LIN)
    scene.known[f"after:{LIN}"] = rows[0]["id"] if rows else 0
    before = {row["number"] for row in scene.api.items("tickets", phone=LIN, kind="ticket")}
    scene.known["before"] = _figures(scene)
    sid = scene.phone(LIN).text("冰箱不冷，一直滴水")
    scene.phone(LIN).text("冰箱不冷，一直滴水", sid=sid)  # the provider may repeat itself

    def opened() -> str | None:
        rows = scene.api.items("tickets", phone=LIN, kind="ticket")
        return next((row["number"] for row in rows if row["number"] not in before), None)

    scene.known["ticket"] = scene.wait("Lin's ticket", opened)
    must(len(scene.api.items("messages", sid=sid)) == 1, "a repeated webhook was stored twice")
    answer = scene.reply(LIN, "ticket.opened")
    must(scene.known["ticket"] in answer["body"], "the answer does not name the ticket")
    return f"{scene.known['ticket']}: {answer['body']}"


def _finish_what_was(scene: Scene) -> None:
    """Lin's earlier fault, of a story played before, is off the desk and too old to be opened again."""
    earlier = scene.api.items("tickets", phone=LIN, kind="ticket")
    if not earlier:
        return
    mei = scene.browser().sign_in("mei@demo.test", PASSWORD)
    for row in earlier:
        if row["state"] not in ("closed", "void"):
            mei.get(f"/tickets/{row['number']}")
            mei.post(f"/tickets/{row['number']}/steps/void", reason="the story is played again")
    last = max(datetime.fromisoformat(row["closed_at"] or row["changed_at"]) for row in earlier)
    _forward(scene, last + REOPEN_WITHIN + timedelta(days=1))


def lin_says_since_when(scene: Scene) -> str:
    scene.phone(LIN).text("昨天開始")
    return str(_selfhelp(scene)["body"])


def _selfhelp(scene: Scene) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        rows = scene.api.items("messages", phone=LIN, direction="out")
        found = [
            row
            for row in rows
            if str(row["purpose"]).startswith("selfhelp.") and row["id"] > scene.known[f"after:{LIN}"]
        ]
        return found[0] if found and found[0]["sent_at"] else None

    return scene.wait("a self-help step", look)


def lin_is_offered_slots(scene: Scene) -> str:
    scene.phone(LIN).text("沒有用")
    answer = scene.reply(LIN, "offer.slots")
    must(all(f"{n}" in answer["body"] for n in (1, 2, 3)), "there are not three windows on offer")
    return str(answer["body"])


def lin_takes_the_second(scene: Scene) -> str:
    scene.phone(LIN).text("2")
    return str(scene.reply(LIN, "visit.booked")["body"])


def the_plan_gives_it_to_wei(scene: Scene) -> str:
    wei = next(row for row in scene.api.items("technicians") if "Wei" in row["name"])
    scene.known["wei"] = wei

    def assigned() -> dict[str, Any] | None:
        visit = scene.visit()
        return visit if visit and visit["state"] == "assigned" else None

    visit = scene.wait("the visit to be assigned", assigned)
    must(visit["technician_id"] == wei["id"], "the visit did not go to Wei")
    must(visit["part"], "no part was reserved from his van")
    scene.known["visit"] = visit
    scene.reply(LIN, "visit.assigned")
    return f"{visit['number']}: {wei['name']}, {visit['part']} from {wei['van']}"


def lin_is_reminded(scene: Scene) -> str:
    _forward(scene, datetime.fromisoformat(scene.known["visit"]["starts_at"]) - timedelta(hours=1, minutes=30))
    return str(scene.reply(LIN, "visit.reminder")["body"])


def wei_drives(scene: Scene) -> str:
    wei = scene.browser().sign_in("wei@demo.test", PASSWORD)
    scene.known["wei_browser"] = wei
    page = wei.get("/m").text
    must(scene.known["visit"]["number"] in page, "the visit is not on Wei's page of today")
    wei.get(f"/m/visits/{scene.known['visit']['number']}")
    _sync(scene, _action(scene, "accept"), _action(scene, "leave"))
    return str(scene.reply(LIN, "visit.on_my_way")["body"])


def wei_works_offline(scene: Scene) -> str:
    """Arrive, start and complete happen without a network and arrive together, twice."""
    _forward(scene, datetime.fromisoformat(scene.known["visit"]["starts_at"]) + timedelta(minutes=10))
    part = scene.known["visit"]["part"]
    done = [
        _action(scene, "arrive"),
        _action(scene, "start"),
        _action(
            scene,
            "complete",
            parts=[{"code": part, "quantity": 1}],
            cause_code="drain_heater_open",
            remedy="part_replaced",
            explained="排水加熱器斷路，已更換並說明除霜原理",
            result="更換排水加熱器，運轉正常",
            readings={"fridge_temperature": 4, "runs": True, "no_leak": True},
            signed_name="林太太",
            signature="data:image/svg+xml;base64,PHN2Zy8+",
        ),
    ]
    _sync(scene, *done)
    _sync(scene, *done)
    moves = scene.api.items("stock-moves", item=part, location=scene.known["wei"]["van"])
    used = [move for move in moves if move["reason"] == "repair" and move["quantity"] == 1]
    must(len(used) >= 1, "the part was not booked from the van")
    visit = scene.visit()
    must(visit and visit["state"] == "completed", "the visit is not completed")
    return f"{part} booked from {scene.known['wei']['van']}; report signed"


def ticket_is_verified(scene: Scene) -> str:
    ticket = scene.ticket()
    must(ticket["state"] == "closed", f"the ticket is {ticket['state']}, not closed")
    mei = scene.browser().sign_in("mei@demo.test", PASSWORD)
    page = mei.get(f"/tickets/{ticket['number']}").text
    must("冰箱不冷" in page, "the console does not show the thread")
    scene.known["mei"] = mei
    return f"{ticket['number']} closed: {ticket['cause_code']}, {ticket['remedy']}"


def lin_is_unhappy(scene: Scene) -> str:
    scene.reply(LIN, "survey.ask")
    scene.phone(LIN).text("2")
    answer = scene.reply(LIN, "survey.sorry")
    rows = scene.wait(
        "the survey's score",
        lambda: [r for r in scene.api.items("surveys", ticket=scene.known["ticket"]) if r["score"] == 2],
    )
    return f"{rows[0]['number']}: 2 of 5. {answer['body']}"


def hua_has_to_call(scene: Scene) -> str:
    callback = scene.wait(
        "the call-back",
        lambda: next(filter(_assigned, scene.api.items("tickets", kind="callback", phone=LIN)), None),
    )
    hua = scene.browser().sign_in("hua@demo.test", PASSWORD)
    must(
        callback["number"] in hua.get("/tickets?view=callbacks").text,
        "Hua's list does not show the call-back",
    )
    return f"{callback['number']} for Hua"


def quality_case_opens(scene: Scene) -> str:
    def opened() -> dict[str, Any] | None:
        rows = scene.api.items("tickets", kind="quality")
        return next((row for row in rows if row["cause_code"] == "drain_heater_open"), None)

    case = scene.wait("the quality case", opened)
    scene.known["quality"] = case["number"]
    return f"{case['number']}: {case['subject']}"


def design_change_is_asked(scene: Scene) -> str:
    qua = scene.browser().sign_in("qua@demo.test", PASSWORD)
    scene.wait(
        "Lin's ticket among the case's evidence",
        lambda: scene.known["ticket"] in qua.get(f"/quality/{scene.known['quality']}").text,
    )

    def asked() -> dict[str, Any] | None:
        return next((row for row in scene.api.items("design-changes") if row["quality_issue_id"]), None)

    if not asked():
        qua.post(f"/quality/{scene.known['quality']}/design-change", reason="排水加熱器同批斷路，請變更設計")
    change = scene.wait("the design change", asked)
    rnd = scene.browser().sign_in("rnd@demo.test", PASSWORD)
    must(change["number"] in rnd.get("/orders").text, "R&D's pipeline does not show the change")
    return f"{change['number']} in R&D's pipeline"


def indicators_move(scene: Scene) -> str:
    before, after = scene.known["before"], _figures(scene)
    moved = [code for code in after if after[code] != before.get(code)]
    must({"K-18", "FTFR"} <= set(moved), f"only these indicators moved: {', '.join(moved) or 'none'}")
    scene.known["mei"].get("/performance")
    return ", ".join(f"{code} {before.get(code)} -> {after[code]}" for code in moved)


def smith_calls(scene: Scene) -> str:
    _forward(scene, calendar().opens_after(_now(scene)) + timedelta(minutes=1))
    smith, sid = scene.phone(SMITH), f"CA{secrets.token_hex(16)}"
    scene.known["call"] = sid
    greeting = smith.call("/twilio/voice", sid)
    must("Smith" in greeting, "the hotline does not recognise Smith")
    status = smith.call("/twilio/voice/menu", sid, Digits="1")
    order = next(row for row in scene.api.items("orders", state="executing", customer=SMITHS))
    spoken = " ".join(order["number"].replace("-", ""))
    must(spoken in status, "Smith does not hear the state of his order")
    return f"recognised; hears of {order['number']}"


def smith_is_called_back(scene: Scene) -> str:
    smith, sid = scene.phone(SMITH), scene.known["call"]
    before = {row["number"] for row in scene.api.items("tickets", kind="callback", phone=SMITH)}
    must("<Enqueue" in smith.call("/twilio/voice/menu", sid, Digits="0"), "Smith is not queued")
    smith.call("/twilio/voice/wait", sid)
    smith.call("/twilio/voice/wait", sid, Digits="1")
    rows = scene.api.items("tickets", kind="callback", phone=SMITH)
    callback = next((row for row in rows if row["number"] not in before), None)
    must(callback, "no call-back task was made")
    assert callback is not None
    mei = scene.known["mei"]
    mei.get(f"/tickets/{callback['number']}")
    mei.post(f"/tickets/{callback['number']}/call")
    scene.wait("the call-back to be placed", lambda: _called(scene, callback["number"]))
    return f"{callback['number']}: queued, kept his place, called back by Mei"


def _called(scene: Scene, number: str) -> bool:
    rows = scene.api.items("calls", ticket=number)
    return any(row["sid"] for row in rows)


STEPS: tuple[tuple[str, Callable[[Scene], str]], ...] = (
    ("Lin texts that the refrigerator is warm and drips", lin_texts),
    ("Lin answers since when; the bot tries one self-help step", lin_says_since_when),
    ("It did not help: three windows are offered", lin_is_offered_slots),
    ("Lin takes the second", lin_takes_the_second),
    ("The plan gives the visit to Wei, with the likely part", the_plan_gives_it_to_wei),
    ("Lin is reminded", lin_is_reminded),
    ("Wei accepts and is on his way", wei_drives),
    ("Wei works offline; his device reports everything at once", wei_works_offline),
    ("The ticket is verified", ticket_is_verified),
    ("Lin judges: 2 of 5", lin_is_unhappy),
    ("The head of after-sales has to call", hua_has_to_call),
    ("The same fault on the batch opens a quality case", quality_case_opens),
    ("A design change is asked of R&D", design_change_is_asked),
    ("Indicators move", indicators_move),
    ("Smith calls and hears of his order", smith_calls),
    ("Smith waits for an agent and is called back", smith_is_called_back),
)


def play(scene: Scene) -> Iterator[tuple[str, str]]:
    """Play every step; yields (title, what was seen). Raises ``StepFailed`` at the first that fails."""
    for title, step in STEPS:
        try:
            yield title, step(scene)
        except StepFailed as failure:
            raise StepFailed(f"{title}: {failure}") from failure


def _figures(scene: Scene) -> dict[str, tuple[Any, int]]:
    return {row["code"]: (row["value"], row["count"]) for row in scene.api.get("indicators")["items"]}


def _now(scene: Scene) -> datetime:
    return datetime.fromisoformat(scene.api.get("indicators")["at"])


def _forward(scene: Scene, moment: datetime) -> None:
    """Move the demo's clock to a moment, if that is still to come."""
    browser = scene.browser()
    page = browser.get("/simulator/thread?phone=" + urllib.parse.quote(LIN))
    must(page.status == 200, "the simulator is not there: is this a demo?")
    minutes = int((moment.astimezone(UTC) - _now(scene)).total_seconds() // 60)
    if minutes > 0:
        browser.get("/simulator")
        browser.post("/simulator/forward", minutes=str(minutes))


def _action(scene: Scene, kind: str, **data: Any) -> dict[str, Any]:
    seq = scene.known["seq"] = scene.known.get("seq", 0) + 1
    at = datetime.fromisoformat(scene.api.get("indicators")["at"])
    return {
        "id": str(uuid.uuid4()),
        "visit": scene.known["visit"]["number"],
        "kind": kind,
        "seq": seq,
        "device_at": at.isoformat(),
        "data": data,
    }


def _sync(scene: Scene, *actions: dict[str, Any]) -> None:
    answer = scene.known["wei_browser"].post_json("/m/sync", {"actions": list(actions)})
    for result in answer["results"]:
        must(result["status"] == "done", f"the device's action was {result['status']}: {result.get('message')}")


def _assigned(row: dict[str, Any]) -> bool:
    return bool(row["state"] == "assigned")
