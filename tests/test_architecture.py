"""The house stands as drawn: imports point one way, each library has its rooms, services never commit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk import schema
from order_core.kernel.case import case_classes

ROOT = Path(__file__).parent.parent
PACKAGES = ("order_core", "helpdesk", "workers")

FLASK_ROOMS = (
    "helpdesk/app.py",
    "helpdesk/extensions.py",
    "helpdesk/cli.py",
    "helpdesk/auth/",
    "helpdesk/api/",
)
NUMERICAL = {"numpy", "scipy", "pandas", "sklearn", "statsmodels", "ortools"}
BANNED_IN_CORE = {"flask", "redis", "rq", "twilio", "jinja2", "helpdesk", "workers", "flask_sqlalchemy"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, at top level or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def test_order_core_knows_no_web_and_no_queue() -> None:
    wrong = {relative(p): roots(p) & BANNED_IN_CORE for p in modules("order_core")}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_numbers_are_crunched_in_the_planner_alone() -> None:
    """Heavy libraries have one room in the library, and what lives there knows no database."""
    room = "order_core/planner/"
    users = {relative(p): roots(p) & NUMERICAL for p in modules("order_core")}
    assert {path for path, names in users.items() if names and not path.startswith(room)} == set()
    assert {name for names in users.values() for name in names} == {"numpy", "ortools"}
    assert [relative(p) for p in modules(room) if "sqlalchemy" in roots(p)] == []


def test_helpdesk_never_imports_the_workers() -> None:
    assert [relative(p) for p in modules("helpdesk") if "workers" in roots(p)] == []


def test_the_kernel_never_imports_the_rulebook_or_a_stage() -> None:
    allowed = {"order_core.clauses", "order_core.db", "order_core.errors", "order_core.values", "order_core.workdays"}
    wrong: dict[str, set[str]] = {}
    for path in modules("order_core/kernel"):
        for name in imported(path):
            core = name.startswith("order_core.") and not name.startswith("order_core.kernel")
            if core and not any(name == ok or name.startswith(f"{ok}.") for ok in allowed):
                wrong.setdefault(relative(path), set()).add(name)
    assert wrong == {}


def test_flask_is_used_where_the_web_is() -> None:
    def may(path: str) -> bool:
        return path.startswith(FLASK_ROOMS) or path.endswith("views.py")

    assert [relative(p) for p in modules("helpdesk", "workers") if "flask" in roots(p) and not may(relative(p))] == []


def test_twilio_is_imported_where_it_is_spoken_to() -> None:
    users = [relative(p) for p in modules(*PACKAGES) if "twilio" in roots(p)]
    spoken_to = ["helpdesk/channels/twilio_gateway.py", "helpdesk/hotline/telephone.py", "helpdesk/hotline/twiml.py"]
    assert users == spoken_to


def test_rules_are_plain() -> None:
    """rules.py: no session, no clock of the wall, no library of the web or the database."""
    banned = {"sqlalchemy", "flask", "redis", "rq", "twilio"}
    rules = [p for p in modules("order_core", "helpdesk") if p.name == "rules.py"]
    assert rules
    assert [relative(p) for p in rules if roots(p) & banned] == []
    assert [relative(p) for p in rules if "datetime.now(" in p.read_text(encoding="utf-8")] == []


def calls(path: Path, method: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def test_services_never_commit() -> None:
    """Only the transaction wrapper, and the commands and processes that own theirs, commit."""
    owners = ("helpdesk/database.py", "helpdesk/cli.py", "workers/")
    wrong = [
        relative(p)
        for p in modules("order_core", "helpdesk")
        if calls(p, "commit") and not relative(p).startswith(owners)
    ]
    assert wrong == []


@pytest.mark.clause("1.3-b")
def test_states_are_set_by_the_kernel_alone() -> None:
    def sets_state(path: Path) -> bool:
        targets = [
            target
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Assign | ast.AugAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ]
        return any(isinstance(target, ast.Attribute) and target.attr == "_state" for target in targets)

    assert [relative(p) for p in modules(*PACKAGES) if sets_state(p)] == ["order_core/kernel/case.py"]


@pytest.mark.clause("1.3-b")
def test_no_statement_writes_the_state_of_a_case() -> None:
    """``update(Order).values(state=…)`` would pass by the kernel as well."""
    schema.import_models()
    cases = {cls.__name__ for cls in case_classes()}

    def names(node: ast.AST) -> set[str]:
        return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}

    def writes(path: Path) -> bool:
        return any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "values"
            and {keyword.arg for keyword in node.keywords} & {"state", "_state"}
            and "update" in names(node.func)
            and names(node.func) & cases
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )

    assert {"Order", "Issue", "RulebookChange"} <= cases
    assert [relative(p) for p in modules(*PACKAGES) if writes(p)] == []


def test_the_wall_clock_is_read_in_one_place() -> None:
    def reads(path: Path) -> bool:
        text = path.read_text(encoding="utf-8")
        return "datetime.now(" in text or "datetime.utcnow(" in text or "date.today(" in text

    assert [relative(p) for p in modules(*PACKAGES) if reads(p)] == ["helpdesk/now.py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_says_what_it_is(package: str) -> None:
    """Each package opens with a docstring: the reader's signpost."""
    silent = [
        relative(p)
        for p in modules(package)
        if "migrations/versions" not in relative(p) and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert silent == []
