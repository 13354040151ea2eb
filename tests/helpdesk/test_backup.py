"""A backup is one moment, comes back as it was on either database, and says so when it would not."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import (
    JSON,
    URL,
    Date,
    Engine,
    LargeBinary,
    Numeric,
    create_engine,
    func,
    insert,
    make_url,
    null,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from helpdesk import archive, backup, database, demo, schema
from helpdesk.archive import ArchiveError
from helpdesk.cli import helpdesk
from order_core.db import Base
from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.journal import JournalEntry
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Customer
from order_core.parties.service import ensure_departments
from tests import databases
from tests.conftest import NOON

POSTGRESQL = os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"
ON_BOTH = [("postgresql", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "postgresql")]
ODD = {"big": 2**62, "text": "颱風\n'\"\\ \U0001f300", "float": 0.1, "none": None, "list": [True, False, []]}
FIRST_MOMENT = datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

MakeEngine = Callable[..., Engine]


class Templates:
    """Databases that are migrated and filled once, to be copied: by kind, and whether the company is in it."""

    def __init__(self, folders: pytest.TempPathFactory, worker_id: str, stack: ExitStack) -> None:
        self._folders = folders
        self._worker_id = worker_id
        self._stack = stack
        self._urls: dict[tuple[str, bool], URL] = {}

    def copy(self, kind: str, filled: bool) -> URL:
        if (kind, filled) not in self._urls:
            self._urls[kind, filled] = self._made(kind, filled)
        original = self._urls[kind, filled]
        if kind == "sqlite":
            copied = make_url(databases.sqlite_url(self._folders.mktemp("copy")))
            shutil.copy(original.database or "", copied.database or "")
            return copied
        name = f"copy_{uuid4().hex}"
        server = create_engine(original.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{original.database}"'))
        server.dispose()
        return original.set(database=name)

    def _made(self, kind: str, filled: bool) -> URL:
        if kind == "postgresql":
            url = self._stack.enter_context(databases.postgresql_database(self._folders, self._worker_id))
        else:
            url = databases.sqlite_url(self._folders.mktemp("template"))
        schema.upgrade(url)
        engine = create_engine(url)
        database.configure(engine)
        with Session(engine) as session:
            ensure_departments(session)
            session.commit()
        if filled:
            fill(engine, NOON)
        engine.dispose()
        return engine.url


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Templates]:
    with ExitStack() as stack:
        yield Templates(tmp_path_factory, worker_id, stack)


@pytest.fixture
def make(templates: Templates) -> Iterator[MakeEngine]:
    """Makes migrated databases with the departments, of the kind asked for."""
    with ExitStack() as stack:

        def made(kind: str = "postgresql" if POSTGRESQL else "sqlite", *, filled: bool = False) -> Engine:
            engine = create_engine(templates.copy(kind, filled))
            stack.callback(engine.dispose)
            database.configure(engine)
            return engine

        yield made


def fill(engine: Engine, at: datetime) -> None:
    """The demo company, and values that are easily lost: see ``ODD``; a parent that comes after its child."""
    with Session(engine) as session:
        demo.load(session, at=at)
        for number, state in enumerate((*outbox.TO_DO, "done", "failed", "dead", "cancelled")):
            row = OutboxRow(
                topic="odd", payload=ODD, key=f"鍵{number}", due_at=at, created_at=FIRST_MOMENT, state=state, attempts=3
            )
            session.add(row)
        for by in (null(), JSON.NULL):
            values = {"topic": "odd", "payload": {}, "due_at": at, "created_at": at, "state": "done", "attempts": 0}
            session.execute(insert(OutboxRow).values(**values, by=by, cause_id=2**31 - 1))
        child, *_, parent = session.scalars(select(Issue.id).order_by(Issue.id))
        session.execute(update(Issue).where(Issue.id == child).values(parent_id=parent))
        session.commit()


@pytest.fixture
def source(make: MakeEngine) -> Engine:
    return make(filled=True)


@pytest.fixture
def file(source: Engine, tmp_path: Path, at: datetime) -> Path:
    return saved(source, tmp_path / "backup.tgz", at)


def saved(engine: Engine, file: Path, at: datetime, **options: Any) -> Path:
    backup.write(engine, file, data_dir=file.parent / "data", made_at=at, **options)
    return file


def content(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table as SQLAlchemy reads it; JSON columns, too, with NULL told from null."""
    found: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for table in backup.tables():
            nulls = [column.is_(null()).label(f"{column.name}_is_null") for column in table.columns]
            rows = connection.execute(select(*table.columns, *nulls))
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def states(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        counted = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
        return {str(state): count for state, count in session.execute(counted)}


def rows(engine: Engine) -> int:
    return sum(len(found) for found in content(engine).values())


def comes_back(source: Engine, target: Engine, folder: Path, at: datetime) -> None:
    file = saved(source, folder / f"{source.dialect.name}.tgz", at)
    backup.restore(target, file, data_dir=folder / "new", keep_sending=True)
    assert content(target) == content(source)


def test_everything_comes_back(source: Engine, make: MakeEngine, tmp_path: Path, at: datetime) -> None:
    before = content(source)
    assert sum(1 for found in before.values() if found) > 20
    comes_back(source, make(), tmp_path, at)
    assert content(source) == before


@pytest.mark.skipif(not POSTGRESQL, reason="needs both databases: TEST_DATABASE=postgresql")
@pytest.mark.parametrize(("origin", "goal"), ON_BOTH)
def test_and_on_the_other_database(make: MakeEngine, tmp_path: Path, at: datetime, origin: str, goal: str) -> None:
    source, between, back = make(origin, filled=True), make(goal), make(origin)
    comes_back(source, between, tmp_path, at)
    if origin != goal:
        comes_back(between, back, tmp_path, at)
        assert content(back) == content(source)
    file = saved(source, tmp_path / "last.tgz", at)
    assert backup.faults(file, at=at) == []


def test_no_column_has_a_type_that_a_backup_does_not_know() -> None:
    kinds = {type(column.type) for table in backup.tables() for column in table.columns}
    assert not [kind for kind in kinds if issubclass(kind, LargeBinary | Numeric) and kind.__name__ != "Double"]
    assert Date in kinds


def test_new_rows_are_numbered_after_the_old_ones(make: MakeEngine, file: Path, at: datetime) -> None:
    target = make()
    backup.restore(target, file, data_dir=None)
    with Session(target) as session:
        last = session.scalar(select(func.max(OutboxRow.id)))
        added = outbox.publish(session, "odd", {}, at=at)
        assert added == (last or 0) + 1


def test_waiting_work_is_held_and_released_as_if_tried_once(make: MakeEngine, source: Engine, file: Path) -> None:
    target = make()
    waiting = sum(count for state, count in states(source).items() if state in outbox.TO_DO)
    restored = backup.restore(target, file, data_dir=None)
    assert restored.held == waiting >= 4
    found = states(target)
    assert found["held"] == waiting
    assert not set(outbox.TO_DO) & set(found)
    with Session(target) as session:
        assert outbox.release_held(session) == waiting
        session.commit()
        assert set(session.scalars(select(OutboxRow.attempts).where(OutboxRow.state == "pending"))) == {1}
    assert "held" not in states(target)


def test_the_snapshot_is_one_moment_while_others_write(
    source: Engine, make: MakeEngine, tmp_path: Path, at: datetime
) -> None:
    before = content(source)
    other = create_engine(source.url)
    database.configure(other)
    written = 0

    def write(_line: str) -> None:
        """After each table another connection writes into one that came before and one that comes after."""
        nonlocal written
        with Session(other) as session:
            session.execute(update(Customer).values(name=f"renamed {written}"))
            session.execute(update(Issue).values(changed_at=at + timedelta(days=written)))
            outbox.publish(session, "odd", {"number": written}, at=at)
            session.execute(text("DELETE FROM stock_move WHERE id = (SELECT max(id) FROM stock_move)"))
            session.commit()
        written += 1

    file = saved(source, tmp_path / "backup.tgz", at, say=write)
    other.dispose()
    assert written >= len(backup.tables())
    target = make()
    backup.restore(target, file, data_dir=None, keep_sending=True)
    assert content(target) == before
    assert content(source) != before


def test_attachments_come_along(source: Engine, make: MakeEngine, tmp_path: Path, at: datetime) -> None:
    folder = tmp_path / "data" / "attachments"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "圖 1.jpg").write_bytes(os.urandom(300_000))
    (folder / "empty").touch()
    (folder / "link").symlink_to("/etc/hostname")
    file = saved(source, tmp_path / "backup.tgz", at)
    target, new = make(), tmp_path / "elsewhere"
    backup.restore(target, file, data_dir=new)
    assert (new / "attachments/2026/圖 1.jpg").read_bytes() == (folder / "2026/圖 1.jpg").read_bytes()
    assert sorted(path.name for path in new.rglob("*")) == ["2026", "attachments", "empty", "圖 1.jpg"]
    with pytest.raises(ArchiveError, match="is not empty; --force"):
        backup.restore(make(), file, data_dir=new)
    (new / "attachments" / "later").touch()
    backup.restore(target, file, data_dir=new, force=True)
    assert sorted(path.name for path in new.rglob("*")) == ["2026", "attachments", "empty", "圖 1.jpg"]


def test_the_file_is_for_its_owner_and_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_an_existing_file_is_not_overwritten_unasked(source: Engine, file: Path, at: datetime) -> None:
    old = file.read_bytes()
    with pytest.raises(ArchiveError, match="is there already; --force replaces it"):
        saved(source, file, at)
    assert file.read_bytes() == old
    saved(source, file, at + timedelta(days=1), force=True)
    assert file.read_bytes() != old
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("place", ["nowhere/backup.tgz", "/dev/null/backup.tgz", "."])
def test_a_place_that_takes_no_file_is_one_line(source: Engine, tmp_path: Path, at: datetime, place: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        saved(source, tmp_path / place, at)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_breaks_off_leaves_nothing_and_the_old_one(source: Engine, file: Path, at: datetime) -> None:
    old = file.read_bytes()

    def fail(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        saved(source, file, at, say=fail, force=True)
    assert list(file.parent.iterdir()) == [file]
    assert file.read_bytes() == old


def environment(engine: Engine, folder: Path) -> dict[str, str]:
    """What the command needs to work on this database."""
    url = engine.url.render_as_string(hide_password=False)
    return {
        "HELPDESK_DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-tests-0123456789",
        "DEMO": "1",
    }


def test_a_full_disk_is_one_line_and_leaves_nothing(source: Engine, tmp_path: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    folder = tmp_path / "data"
    (folder / "attachments").mkdir(parents=True)
    (folder / "attachments" / "picture").write_bytes(os.urandom(300_000))
    done = subprocess.run(
        [sys.executable, "-m", "helpdesk.cli", "backup", str(tmp_path / "backup.tgz")],
        env={**os.environ, **environment(source, folder), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=little_room,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "backup.tgz cannot be written: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == [folder]


def damaged(file: Path, content: bytes) -> Path:
    bad = file.with_name("bad.tgz")
    bad.write_bytes(content)
    return bad


def test_a_flipped_byte_is_found_wherever_it_is(file: Path) -> None:
    """But in the ten bytes before the data, which say when and where gzip ran, and in the bits that fill its last."""
    good = file.read_bytes()
    missed = []
    for place in {*range(10, len(good) - 9, len(good) // 60), *range(len(good) - 8, len(good))}:
        flipped = bytearray(good)
        flipped[place] ^= 0x10
        with suppress(ArchiveError):
            archive.check(damaged(file, bytes(flipped)))
            missed.append(place - len(good))
    assert missed == []


def test_a_cut_off_file_is_found_wherever_it_ends(file: Path) -> None:
    good = file.read_bytes()
    for length in {*range(0, len(good), len(good) // 60), *range(len(good) - 9, len(good))}:
        with pytest.raises(ArchiveError):
            archive.check(damaged(file, good[:length]))


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with its members changed, packed anew."""
    with tarfile.open(file) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    change(members)
    packed = io.BytesIO()
    with gzip.open(packed, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return damaged(file, packed.getvalue())


def in_table(members: dict[str, bytes], table: str, old: bytes, new: bytes, *, honest: bool) -> None:
    """Change a table; ``honest`` brings the manifest to agree."""
    name = f"tables/{table}/000000.jsonl"
    assert old in members[name]
    members[name] = members[name].replace(old, new, 1)
    if honest:
        manifest = json.loads(members["manifest.json"])
        facts = next(facts for facts in manifest["tables"] if facts["name"] == table)
        facts["sha256"] = hashlib.sha256(members[name]).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()


def test_a_manipulated_row_is_found(file: Path, make: MakeEngine, at: datetime) -> None:
    bad = rewritten(file, lambda members: in_table(members, "customer", b"Smith", b"Smythe", honest=False))
    assert [fault.partition("damaged: ")[2] for fault in backup.faults(bad, at=at)] == [
        "table customer was changed: its SHA-256 is another"
    ]
    target = make()
    empty = content(target)
    with pytest.raises(ArchiveError, match="customer was changed"):
        backup.restore(target, bad, data_dir=None)
    assert content(target) == empty


def test_a_manipulated_journal_is_found_behind_a_right_sum(file: Path, at: datetime) -> None:
    bad = rewritten(file, lambda members: in_table(members, "journal_entry", b'"open"', b'"0pen"', honest=True))
    found = backup.faults(bad, at=at)
    assert [fault for fault in found if fault.startswith("journal: ") and "digest does not fit" in fault]


def test_wrong_stock_is_found(source: Engine, tmp_path: Path, at: datetime) -> None:
    with Session(source) as session:
        session.execute(text("UPDATE stock_balance SET on_hand = on_hand + 1 WHERE id = 1"))
        session.commit()
    found = backup.faults(saved(source, tmp_path / "backup.tgz", at), at=at)
    assert len(found) == 1
    assert found[0].startswith("ledger: ")


def test_a_row_that_refers_to_nothing_is_found(file: Path, at: datetime) -> None:
    def drop_orders(members: dict[str, bytes]) -> None:
        del members["tables/customer_order/000000.jsonl"]
        manifest = json.loads(members["manifest.json"])
        facts = next(facts for facts in manifest["tables"] if facts["name"] == "customer_order")
        facts["rows"], facts["sha256"] = 0, hashlib.sha256().hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()

    (fault,) = backup.faults(rewritten(file, drop_orders), at=at)
    assert "cannot be restored: FOREIGN KEY" in fault


def test_what_does_not_belong_there_is_refused(file: Path, tmp_path: Path) -> None:
    for name in ("surplus", "tables/nothing/000000.jsonl", "attachments/../../escaped", "attachments/more"):

        def add(members: dict[str, bytes], name: str = name) -> None:
            manifest = members.pop("manifest.json")
            members[name], members["manifest.json"] = b"[]\n", manifest

        with pytest.raises(ArchiveError):
            archive.check(rewritten(file, add))


def test_a_path_out_of_the_folder_is_refused(file: Path, make: MakeEngine, tmp_path: Path) -> None:
    def add(members: dict[str, bytes]) -> None:
        manifest = json.loads(members.pop("manifest.json"))
        manifest["files"] = [{"path": "../escaped", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}]
        members["attachments/../escaped"], members["manifest.json"] = b"x", json.dumps(manifest).encode()

    target = make()
    empty = content(target)
    with pytest.raises(ArchiveError, match="does not belong"):
        backup.restore(target, rewritten(file, add), data_dir=tmp_path / "new")
    assert content(target) == empty
    assert not list((tmp_path / "new").iterdir())


def set_fact(name: str, value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), name: value}).encode()

    return change


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("revision", "0000", "the backup is of schema 0000 .* restore it with that version"),
        ("format", 2, "the backup has format 2, this version reads 1"),
        ("tables", [], "not in the manifest"),
    ],
)
def test_a_backup_of_another_version_is_refused(
    file: Path, make: MakeEngine, at: datetime, fact: str, value: Any, said: str
) -> None:
    target, bad = make(), rewritten(file, set_fact(fact, value))
    empty = content(target)
    with pytest.raises(ArchiveError, match=said):
        backup.restore(target, bad, data_dir=None, force=True)
    assert content(target) == empty
    assert len(backup.faults(bad, at=at)) == 1


def test_a_database_with_another_schema_is_neither_saved_nor_loaded(
    source: Engine, make: MakeEngine, file: Path, at: datetime
) -> None:
    target = make()
    for engine in (source, target):
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ArchiveError, match="is at 0000: run `helpdesk db upgrade`"):
        backup.restore(target, file, data_dir=None)
    with pytest.raises(ArchiveError, match="is at 0000, this version needs"):
        saved(source, file.with_name("other.tgz"), at)
    assert list(file.parent.iterdir()) == [file]


def test_a_database_in_use_is_refused_and_emptied_only_by_force(file: Path, make: MakeEngine, at: datetime) -> None:
    target = make()
    with Session(target) as session:
        outbox.publish(session, "mine", {}, at=at)
        session.commit()
    before = content(target)
    with pytest.raises(ArchiveError, match=r"is not empty \(rows in outbox\)"):
        backup.restore(target, file, data_dir=None)
    assert content(target) == before
    backup.restore(target, file, data_dir=None, force=True)
    with Session(target) as session:
        assert session.scalar(select(OutboxRow.id).where(OutboxRow.topic == "mine")) is None
        assert session.scalar(select(func.count()).select_from(JournalEntry))


def test_a_restore_that_fails_changes_nothing(source: Engine, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(source)

    def fail(*_args: Any) -> int:
        raise RuntimeError("at the very end")

    monkeypatch.setattr(outbox, "hold_all", fail)
    with pytest.raises(RuntimeError):
        backup.restore(source, file, data_dir=None, force=True)
    assert content(source) == before


def test_a_table_is_written_in_parts_and_comes_back_whole(
    source: Engine, make: MakeEngine, tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PART", 1000)
    monkeypatch.setattr(backup, "ROWS", 3)
    comes_back(source, make(), tmp_path, at)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as tar:
        assert len([name for name in tar.getnames() if name.startswith("tables/journal_entry/")]) > 3


def run(engine: Engine, folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(helpdesk, list(words), env=environment(engine, folder))
    return result.exit_code, result.output


def test_the_commands_do_all_this(source: Engine, make: MakeEngine, tmp_path: Path) -> None:
    file, target = str(tmp_path / "backup.tgz"), make()
    code, said = run(source, tmp_path, "backup", file)
    assert (code, f"{file}: {rows(source)} rows" in said) == (0, True)
    assert len(said.splitlines()) == len(Base.metadata.tables) + 1
    assert run(source, tmp_path, "backup", file) == (1, f"Error: {file} is there already; --force replaces it\n")
    code, said = run(source, tmp_path, "verify-backup", file)
    assert (code, said.splitlines()[-1]) == (0, f"{file}: ok")
    code, said = run(source, tmp_path, "restore", file)
    assert (code, said.startswith("Error: the database is not empty")) == (1, True)
    code, said = run(target, tmp_path, "restore", file)
    assert (code, "helpdesk doctor --release-held lets them go" in said) == (0, True)
    code, said = run(target, tmp_path, "doctor", "--offline", "--release-held")
    released = re.search(r"released: (\d+) held rows", said)
    assert released is not None
    assert int(released[1]) >= len(outbox.TO_DO)
    assert run(make(), tmp_path, "restore", "--keep-sending", file)[0] == 0
    Path(file).write_bytes(Path(file).read_bytes()[:-1])
    code, said = run(source, tmp_path, "verify-backup", file)
    assert (code, len(said.splitlines())) == (1, 2)


def test_being_terminated_leaves_nothing(source: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    handler = signal.getsignal(signal.SIGTERM)

    def terminated(_folder: Path) -> list[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        return []

    monkeypatch.setattr(backup, "_attachments", terminated)
    assert run(source, folder, "backup", str(tmp_path / "backup.tgz"))[0] == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == [folder]
    assert signal.getsignal(signal.SIGTERM) is handler
