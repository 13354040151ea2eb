"""The product as others install it: everything is in the wheel, and the wheel alone runs."""

import configparser
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("helpdesk", "order_core", "workers", "templates")
READY_WITHIN = 90.0

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("packaging")]


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout gets no build folder."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for path in (*(ROOT / name for name in ("setup.cfg", "pyproject.toml", "README.md")), *shipped_files()):
        if path.exists():
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, source], cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; the libraries are lent by ours, so no network is needed."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", folder], cwd=folder.parent)
    libraries = Path(pytest.__file__).parents[1]
    next(folder.glob("lib/python*/site-packages")).joinpath("lent.pth").write_text(f"{libraries}\n")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    run([*pip, "install", "-q", "--no-deps", "--ignore-installed", wheel], cwd=folder)
    return folder


def shipped_files() -> Iterator[Path]:
    for folder in SHIPPED:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path


def run(command: list[object], *, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False, env=outside()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outside(**settings: str) -> dict[str, str]:
    """Our environment without what points back to the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
    return kept | settings


def test_every_package_is_listed(setup: configparser.ConfigParser) -> None:
    folders = {path.parent.relative_to(ROOT) for path in shipped_files() if path.suffix == ".py"}
    wanted = sorted({".".join(folder.parts) for folder in folders} | {"helpdesk.templates"})
    listed = setup["options"]["packages"].split()
    assert listed == wanted, "setup.cfg, [options] packages: " + "\n    ".join(["", *wanted])


def test_every_file_of_the_tree_is_in_the_wheel(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {path.relative_to(ROOT).as_posix() for path in shipped_files()}
    wanted = {re.sub("^templates/", "helpdesk/templates/", name) for name in wanted}
    assert wanted - inside == set(), "not in the wheel: see setup.cfg, [options.package_data]"
    assert inside - wanted == set(), "in the wheel, not in the tree"


def test_the_lock_is_made_from_the_same_ranges(setup: configparser.ConfigParser) -> None:
    asked = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    assert [line for line in setup["options"]["install_requires"].split("\n") if line and line not in asked] == []


def test_the_lock_pins_everything_by_hash_and_names_no_place() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^([a-z0-9][^=\s]*)==", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9].*\\\n {4}--hash=sha256:", lock, re.MULTILINE))
    asked = re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.in").read_text("utf-8"), re.MULTILINE)
    assert set(asked) <= {re.sub(r"\[.*", "", pin) for pin in pins}
    assert "://" not in lock


def test_a_module_of_the_wheel_is_used_not_the_checkouts(installed: Path, tmp_path: Path) -> None:
    code = "import helpdesk, order_core; print(helpdesk.__file__); print(order_core.__file__)"
    places = run([installed / "bin" / "python", "-c", code], cwd=tmp_path).split()
    assert all(Path(place).is_relative_to(installed) for place in places)


def test_helpdesk_up_runs_in_an_empty_folder_until_ready(installed: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "output").open("wb") as output:
        up = subprocess.Popen(
            [installed / "bin" / "helpdesk", "up"],
            cwd=tmp_path,
            env=outside(PORT=str(port), DEMO="1", HELPDESK_DATA_DIR="data"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        ready = answers(f"http://127.0.0.1:{port}/readyz", up)
        page = fetch(f"http://127.0.0.1:{port}/login") if ready else ""
        up.send_signal(signal.SIGINT)
        status = up.wait(30)
    finally:
        up.kill()
    said = (tmp_path / "output").read_text("utf-8", "replace")
    assert ready, said
    assert "<html" in page
    assert status == 0, said
    assert (tmp_path / "data" / "ordercare.sqlite3").exists()


def answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the address says that all is ready, within a while and before the process ends."""
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            if json.loads(fetch(address))["ready"]:
                return True
        except (OSError, ValueError):
            pass
        time.sleep(0.2)
    return False


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own server
        return str(answer.read().decode("utf-8"))
