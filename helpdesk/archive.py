"""The file of a backup: a gzip-compressed tar that is written in one pass and read in one pass.

``tables/NAME/NNNNNN.jsonl``  a few MB of a table each, one row a line
``attachments/…``             files as they were
``manifest.json``             last: what has to be there, with counts and SHA-256; a cut-off file has none

A file appears under its name when it is complete and on disk, or not at all.
"""

import gzip
import hashlib
import io
import json
import os
import secrets
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST = "manifest.json"
TABLES = "tables"
FILES = "attachments"
FORMAT = 1
PART = 4 * 2**20
"""Bytes of a table's part: tar wants to know a size before the content, so this much is held in memory."""
DAMAGE = (EOFError, OSError, zlib.error, tarfile.TarError, ValueError)
"""What reading a damaged file raises."""


class ArchiveError(Exception):
    """A backup cannot be written, read or restored. The message is one line for whoever asked."""


class Plain(BaseModel):
    """A part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableFacts(Plain):
    """A table: its columns in the order of each line's values, its rows, the SHA-256 of all its lines."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


class FileFacts(Plain):
    """A file under the attachments, by its path there."""

    path: str
    size: int
    sha256: str


class Manifest(Plain):
    """What a backup is of and what must be in it."""

    format: int
    version: str
    revision: str
    database: str
    made_at: datetime
    tables: list[TableFacts]
    files: list[FileFacts]


class Tally:
    """A count and a SHA-256 that grow."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The same lines, each counted as one."""
        for line in lines:
            self.count += 1
            self._digest.update(line)
            yield line

    def copy(self, source: IO[bytes], target: IO[bytes] | None) -> None:
        """Copy a file, each byte counted as one."""
        while block := source.read(2**18):
            self.count += len(block)
            self._digest.update(block)
            if target is not None:
                target.write(block)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Counted(io.RawIOBase):
    """A file whose bytes are tallied while tarfile reads them."""

    def __init__(self, file: IO[bytes], tally: Tally) -> None:
        self._file, self._tally = file, tally

    def read(self, size: int = -1) -> bytes:
        block = io.BytesIO()
        self._tally.copy(io.BytesIO(self._file.read(size)), block)
        return block.getvalue()


class Writer:
    """Adds tables and files; ``finish`` adds the manifest."""

    def __init__(self, tar: tarfile.TarFile, made_at: datetime) -> None:
        self._tar = tar
        self._made_at = made_at
        self._tables: list[TableFacts] = []
        self._files: list[FileFacts] = []

    def table(self, name: str, columns: list[str], lines: Iterable[bytes]) -> TableFacts:
        """Add a table; no more than one part of it is in memory."""
        tally, part, number = Tally(), bytearray(), 0
        for line in tally.lines(lines):
            part += line
            if len(part) >= PART:
                self._add(f"{TABLES}/{name}/{number:06}.jsonl", bytes(part))
                part, number = bytearray(), number + 1
        if part:
            self._add(f"{TABLES}/{name}/{number:06}.jsonl", bytes(part))
        facts = TableFacts(name=name, columns=columns, rows=tally.count, sha256=tally.sha256)
        self._tables.append(facts)
        return facts

    def file(self, source: Path, path: str) -> None:
        """Add a file. One that has been deleted meanwhile is left out."""
        try:
            opened = source.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ArchiveError(f"{source} cannot be read: {error.strerror}") from error
        tally = Tally()
        with opened as file:
            info = self._entry(f"{FILES}/{path}", os.fstat(file.fileno()).st_size)
            self._tar.addfile(info, _Counted(file, tally))
        self._files.append(FileFacts(path=path, size=tally.count, sha256=tally.sha256))

    def finish(self, *, version: str, revision: str, database: str) -> Manifest:
        """Add the manifest."""
        manifest = Manifest(
            format=FORMAT,
            version=version,
            revision=revision,
            database=database,
            made_at=self._made_at,
            tables=self._tables,
            files=self._files,
        )
        self._add(MANIFEST, manifest.model_dump_json(indent=1).encode())
        return manifest

    def _add(self, name: str, content: bytes) -> None:
        self._tar.addfile(self._entry(name, len(content)), io.BytesIO(content))

    def _entry(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self._made_at.timestamp())
        return info


@contextmanager
def created(path: Path, *, made_at: datetime, force: bool = False) -> Iterator[Writer]:
    """A writer of a new file, readable by its owner only. It gets its name after the last byte is on disk.

    Raises:
        ArchiveError: the file is there already (and not ``force``), the place or the disk does not take it.
    """
    if path.is_dir():
        raise ArchiveError(f"{path} is a folder; name the file to write")
    if path.exists() and not force:
        raise ArchiveError(f"{path} is there already; --force replaces it")
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with (
                gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
            ):
                yield Writer(tar, made_at)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


TakeLines = Callable[[str, Iterator[bytes]], None]
"""Gets a table's name and some of its lines, in order; called once a part."""


def _pass_over(_name: str, _lines: Iterator[bytes]) -> None:
    """What a mere check does with lines: they are tallied all the same."""


def check(path: Path) -> Manifest:
    """Read the whole file; its manifest, if everything in it agrees with it.

    Raises:
        ArchiveError: the file cannot be read, is no backup, is damaged, cut off or changed.
    """
    try:
        return scan(path)
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except (PermissionError, IsADirectoryError) as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
    except DAMAGE as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArchiveError(f"{path} is damaged or no backup: {said}") from error


def scan(path: Path, take: TakeLines = _pass_over, files_to: Path | None = None) -> Manifest:
    """Hand every table's lines on, and write the files into a folder; then compare everything with the manifest.

    Raises:
        ArchiveError: the content is not what the manifest says, or there is no manifest.
    """
    scanned = _Scan(take, files_to)
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
        with tarfile.open(fileobj=packed, mode="r|") as tar:
            for info in tar:
                content = tar.extractfile(info)
                if content is None or scanned.manifest is not None:
                    raise ArchiveError(f"{path}: {info.name} does not belong in a backup")
                scanned.member(info.name, content)
        while packed.read(2**18):
            """To the end, where the checksum is."""
    if scanned.manifest is None:
        raise ArchiveError(f"{path} is damaged or no backup: it has no manifest")
    wrong = scanned.differences(scanned.manifest)
    if wrong:
        raise ArchiveError(f"{path} is damaged: {'; '.join(wrong[:5])}")
    return scanned.manifest


class _Scan:
    def __init__(self, take: TakeLines, files_to: Path | None) -> None:
        self._take = take
        self._files_to = files_to
        self._tables: dict[str, Tally] = {}
        self._files: dict[str, Tally] = {}
        self.manifest: Manifest | None = None

    def member(self, name: str, content: IO[bytes]) -> None:
        kind, _, rest = name.partition("/")
        if name == MANIFEST:
            self.manifest = _manifest(json.load(content))
        elif kind == TABLES:
            self._lines(rest.partition("/")[0], content)
        elif kind == FILES:
            self._file(rest, content)
        else:
            raise ArchiveError(f"{name} does not belong in a backup")

    def _lines(self, table: str, content: IO[bytes]) -> None:
        lines = self._tables.setdefault(table, Tally()).lines(content)
        self._take(table, lines)
        for _line in lines:
            """Whatever was not taken counts, too."""

    def _file(self, path: str, content: IO[bytes]) -> None:
        tally = self._files.setdefault(path, Tally())
        if self._files_to is None:
            tally.copy(content, None)
            return
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts or PurePosixPath(path).is_absolute():
            raise ArchiveError(f"{path} does not belong in a backup")
        target = self._files_to.joinpath(*parts)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            tally.copy(content, file)

    def differences(self, manifest: Manifest) -> list[str]:
        tables = {table.name: (table.rows, table.sha256) for table in manifest.tables}
        files = {file.path: (file.size, file.sha256) for file in manifest.files}
        return [
            *_compared("table", tables, {**dict.fromkeys(tables, Tally()), **self._tables}),
            *_compared("file", files, self._files),
        ]


def _compared(what: str, told: dict[str, tuple[int, str]], found: dict[str, Tally]) -> list[str]:
    wrong = [f"{what} {name} is not in the manifest" for name in found if name not in told]
    for name, (count, sha256) in told.items():
        tally = found.get(name)
        if tally is None:
            wrong.append(f"{what} {name} is missing")
        elif tally.count != count:
            wrong.append(f"{what} {name} has {tally.count} {'rows' if what == 'table' else 'bytes'}, not {count}")
        elif tally.sha256 != sha256:
            wrong.append(f"{what} {name} was changed: its SHA-256 is another")
    return wrong


def _manifest(content: Any) -> Manifest:
    if isinstance(content, dict) and content.get("format") != FORMAT:
        raise ArchiveError(f"the backup has format {content.get('format')}, this version reads {FORMAT}")
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ArchiveError(f"the manifest is wrong: {error.errors()[0]['msg']}") from error
