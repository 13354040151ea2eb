"""``helpdesk lab forecast``, ``lots`` and ``jobshop``: numbers in, numbers out, one clear line when they are none."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpdesk.commands.lab import lab
from tests.order_core.planner.test_lots import cheapest
from tests.order_core.planner.test_schedule import FT06, faults, read

pytestmark = pytest.mark.once


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(lab, words, input=given)


def test_a_forecast_a_line_for_every_series() -> None:
    done = run("forecast", "--horizon", "3", "--season", "2", given="1,2,3,4,5,6\n\n 5, 5,,5 ,5\n")
    assert done.exit_code == 0
    lines, constant = done.stdout.splitlines()
    assert [float(value) for value in lines.split(",")] == pytest.approx([7, 8, 9], rel=0.01)
    assert constant == "5,5,5"


def test_lots_a_line_for_every_row_of_demands() -> None:
    done = run("lots", "--setup", "85,102,102,101", "--hold", "1.5", given="69,29,36,61\n10,0,0,0\n")
    assert done.exit_code == 0
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["cost"] == cheapest([69, 29, 36, 61], [85, 102, 102, 101], Fraction(3, 2))
    assert sum(first["lots"]) == 195
    assert second == {"lots": [10, 0, 0, 0], "cost": 85}


def test_one_set_up_cost_is_enough_and_cents_are_exact() -> None:
    done = run("lots", "--setup", "2", "--hold", "0.2", given="3,2,3,2\n")
    assert json.loads(done.stdout)["cost"] == 4.8


def test_a_plan_for_a_shop_in_the_usual_format(tmp_path: Path) -> None:
    file = tmp_path / "ft06"
    file.write_text(f"# Fisher and Thompson\n6 6\n{FT06}")
    done = run("jobshop", str(file), "--seconds", "60")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["makespan"] == 55
    assert faults(read(FT06), found["makespan"], found["starts"]) == []


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["forecast", "--horizon", "2"], "", "the standard input is empty"),
        (["forecast", "--horizon", "2"], "1,2,3,4\n1,2\n", "line 2: The series is too short"),
        (["forecast", "--horizon", "2"], "1,2,x,4\n", "line 1: 'x' is not a number"),
        (["forecast", "--horizon", "2"], "1,2,nan,4\n", "line 1: Value no. 3 of the series"),
        (["forecast", "--horizon", "0"], "1,2,3,4\n", "The horizon must be"),
        (["forecast", "--horizon", "2", "--season", "-1"], "1,2,3,4\n", "A season has at least one period"),
        (["lots", "--setup", "1", "--hold", "1"], "1,,2\n", "line 1: '' is not a number"),
        (["lots", "--setup", "1", "--hold", "1"], "1,-2\n", "Value no. 2"),
        (["lots", "--setup", "1,2", "--hold", "1"], "1,2,3\n", "3 periods of demand, but 2"),
        (["lots", "--setup", "x", "--hold", "1"], "1\n", "--setup: 'x' is not a number"),
        (["lots", "--setup", "1", "--hold", "1,2"], "1\n", "--hold: one number"),
    ],
)
def test_a_fault_is_one_line_with_its_place(words: list[str], given: str, said: str) -> None:
    done = run(*words, given=given)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("2\n", "line 1: the number of jobs and the number of machines"),
        ("0 3\n", "line 1: the number of jobs and the number of machines"),
        ("2 1\n0 5\n", "2 jobs are announced, 1 are there"),
        ("1 2\n0 5 1\n", "line 2: 2 pairs of machine and duration, please, not 3 numbers"),
        ("1 2\n0 5 2 1\n", "line 2: there is no machine 2; they are 0 to 1"),
        ("1 1\n0 -5\n", "line 2: a duration of -5"),
        ("1 1\n0 1.5\n", "line 2: '1.5' is no whole number"),
        ("1 1\n0 999999999999999999\n", "The durations are too long"),
    ],
)
def test_a_fault_in_the_file_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "shop"
    file.write_text(text)
    done = run("jobshop", str(file))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_who_asks_for_help_does_not_wait_for_the_planner() -> None:
    """Neither the list of commands nor that of the instruments loads a numerical library."""
    code = (
        "import sys\n"
        "from helpdesk.cli import helpdesk\n"
        "for words in (['--help'], ['lab', '--help'], ['lab', 'forecast', '--help']):\n"
        "    helpdesk(words, standalone_mode=False)\n"
        "assert not {'numpy', 'ortools', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
