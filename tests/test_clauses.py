"""Every requirement delivered so far is carried by the program and held by a test that says so (1.3-b)."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import helpdesk
import order_core
from order_core.clauses import PROBES
from order_core.rulebook import coverage
from order_core.rulebook.clauses import Clause, chapters, clauses
from order_core.rulebook.coverage import SHARED
from order_core.rulebook.machines import machines

TESTS = Path(__file__).parent
DELIVERED: tuple[str, ...] = ("1", "2", "3.1", "3.2", "9")
"""Chapters, articles and requirements that are said to be there: each needs a declaration and a test."""

pytestmark = pytest.mark.once


def is_delivered(clause: str) -> bool:
    return any(clause == part or clause.startswith((f"{part}.", f"{part}-")) for part in DELIVERED)


@cache
def declared() -> frozenset[str]:
    """Clauses that a bound step or a piece of code carries, with every module of the product read."""
    for package in (order_core, helpdesk):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name:
                import_module(module.name)
    steps = coverage.cited_steps()
    bound = {key for key, cited in steps.items() if any(s.bound and s.machine not in SHARED for s in cited)}
    return frozenset(bound | set(coverage.carriers()))


def marks(path: Path) -> Iterator[str]:
    """The clauses that a file's tests say they hold: arguments of ``pytest.mark.clause``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clause":
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


@cache
def held_clauses() -> frozenset[str]:
    return frozenset(clause for path in TESTS.rglob("test_*.py") for clause in marks(path))


@pytest.mark.clause("1.3-b")
def test_every_delivered_clause_is_declared_and_tested(record_property: Callable[[str, object], None]) -> None:
    for number, titles in chapters().items():
        whole = [clause.id for clause in clauses().values() if clause.chapter == number]
        carried, held = declared() & set(whole), held_clauses() & set(whole)
        delivered = sum(map(is_delivered, whole))
        record_property(
            f"clauses of {number} {titles['en']}",
            f"{len(whole)}, {delivered} delivered, {len(carried)} declared, {len(held)} tested",
        )
    wanted = {clause for clause in clauses() if is_delivered(clause)}
    gaps = {
        "no declaration": sorted(wanted - declared()),
        "no test": sorted(wanted - held_clauses()),
    }
    assert {what: missing for what, missing in gaps.items() if missing} == {}


def test_what_is_said_to_be_delivered_is_in_the_regulation() -> None:
    assert [
        part for part in DELIVERED if not any(is_delivered(key) and key.startswith(part) for key in clauses())
    ] == []


def test_tests_and_code_name_clauses_that_there_are() -> None:
    assert sorted(held_clauses() - set(clauses())) == []
    assert sorted(set(coverage.carriers()) - set(clauses())) == []
    assert sorted(set(PROBES) - set(clauses())) == []


@pytest.mark.clause("1.3-b")
def test_every_step_names_its_clause() -> None:
    silent = [(name, step.step) for name, machine in machines().items() for step in machine.transitions
              if not step.clauses]  # fmt: skip
    assert silent == []


def test_the_search_for_marks_finds_them(tmp_path: Path) -> None:
    text = 'pytestmark = [pytest.mark.clause("1.1")]\n\n@pytest.mark.clause("2.1.1-a", "9.1")\ndef test_x(): ...\n'
    path = tmp_path / "test_x.py"
    path.write_text(text, encoding="utf-8")
    assert sorted(marks(path)) == ["1.1", "2.1.1-a", "9.1"]


def test_every_actor_that_a_clause_names_is_known() -> None:
    """Departments, relations of the machines, and the roles that the regulation speaks of."""
    words = {word for machine in machines().values() for step in machine.transitions for word in step.actors}
    known = words | {"ALL", "MKT", "TEC", "DAT", "HR", "PUR", "RND", "QUA", "EQP"}
    strange: list[Clause] = [clause for clause in clauses().values() if not set(clause.actors) <= known]
    assert strange == []
