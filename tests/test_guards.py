"""Ten-line guards over every route and setting: a door without a lock fails the build."""

import re
from pathlib import Path
from typing import Any

from helpdesk.config import Settings
from helpdesk.wakeup import TOPICS

ROOT = Path(__file__).parent.parent
WEBHOOKS = ("/twilio/", "/gateway/")


def views(app: Any) -> dict[str, Any]:
    return {
        rule.rule: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules() if rule.endpoint != "static"
    }


def test_every_route_names_its_permission(app: Any) -> None:
    assert [rule for rule, view in views(app).items() if getattr(view, "permission", None) is None] == []


def test_every_permission_asked_for_is_granted_to_somebody(app: Any) -> None:
    from order_core.kernel.guard import PUBLIC, SIGNED_IN
    from order_core.rulebook.roles import GRANTS

    granted = set().union(*GRANTS.by_role.values(), *GRANTS.by_department.values())
    asked = {view.permission for view in views(app).values()} - {PUBLIC, SIGNED_IN}
    assert {p for p in asked if p not in granted and f"{p.split('.')[0]}.*" not in granted} == set()


def test_every_webhook_checks_its_signature(app: Any) -> None:
    webhooks = {rule: view for rule, view in views(app).items() if rule.startswith(WEBHOOKS)}
    assert len(webhooks) >= 4
    assert [rule for rule, view in webhooks.items() if not getattr(view, "signature_checked", False)] == []


def test_state_changes_are_posts_with_csrf(app: Any) -> None:
    """Only signed webhooks and the bearer-token API are exempt from CSRF protection."""
    csrf = app.extensions["csrf"]
    exempt = csrf._exempt_views | {f"{bp.import_name}" for bp in csrf._exempt_blueprints if hasattr(bp, "import_name")}
    assert all(re.search(r"channels|hotline|api", str(name)) for name in exempt), exempt


def test_no_get_route_writes_by_its_name(app: Any) -> None:
    """A GET runs in a read-only transaction; none may opt out of it but streams and the demo's own doors."""
    own = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "own_transaction", False) and "GET" in (rule.methods or ())
    ]
    assert sorted(own) == ["/healthz", "/metrics", "/readyz"], "only the probes, which judge the database themselves"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = [field.alias for field in Settings.model_fields.values() if field.alias]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_topic_has_a_queue_and_a_job() -> None:
    assert all(topic.job.startswith("workers.jobs.") for topic in TOPICS.values())
