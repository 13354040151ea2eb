"""Every topic has a job that resolves, and Redis can make our workers run nothing but ``drain``."""

from __future__ import annotations

import json
import zlib
from importlib import import_module
from inspect import signature
from typing import Any

import pytest
import redis
from rq.serializers import JSONSerializer

from helpdesk.wakeup import DRAIN, TOPICS, Topic
from workers import executor, worker
from workers.schedule import ENTRIES
from workers.worker import DrainJob, ForbiddenJob


@pytest.mark.parametrize("topic", TOPICS.values(), ids=list(TOPICS))
def test_every_topic_has_its_job(topic: Topic) -> None:
    """Local: ``run(session, payload, at)``. External: ``prepare``, ``perform``, ``settle``."""
    job: Any = import_module(topic.job)
    if not topic.external:
        assert len(signature(job.run).parameters) == 3
        return
    wanted = {"prepare": 4, "perform": 2, "settle": 4}
    assert {name: len(signature(getattr(job, name)).parameters) for name in wanted} == wanted


def test_the_one_function_is_the_executors() -> None:
    module, name = DRAIN.rsplit(".", 1)
    assert getattr(import_module(module), name) is executor.drain


def test_every_schedule_entry_asks_for_a_known_topic() -> None:
    assert [entry.name for entry in ENTRIES if entry.topic not in TOPICS] == []
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


def restored(function: str, args: list[Any], origin: str = "fast", **fields: bytes) -> DrainJob:
    """A job as it is read from Redis."""
    call = zlib.compress(json.dumps([function, None, args, {}]).encode())
    stored = {"data": call, "origin": origin.encode(), **fields}
    job = DrainJob(id="job", connection=redis.Redis(), serializer=JSONSerializer)
    job.restore({name.encode(): value for name, value in stored.items()})
    return job


def test_a_wake_up_drains_its_own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[str] = []

    def drain(queue: str) -> int:
        drained.append(queue)
        return 0

    monkeypatch.setattr(executor, "drain", drain)
    assert restored(DRAIN, ["plan"], "plan").perform() == 0
    assert drained == ["plan"]


@pytest.mark.parametrize(
    ("function", "args", "origin"),
    [
        ("os.system", ["true"], "fast"),
        ("workers.executor.drain", ["plan"], "fast"),
        ("workers.executor.drain", [], "fast"),
        ("workers.executor.drain", ["mail"], "mail"),
        ("workers.executor.be_careful", [], "fast"),
    ],
)
def test_nothing_else_runs(function: str, args: list[Any], origin: str) -> None:
    with pytest.raises(ForbiddenJob):
        restored(function, args, origin).perform()


def test_callbacks_webhooks_and_dependents_from_redis_are_dropped() -> None:
    hook = json.dumps([{"url": "http://127.0.0.1:9/", "job_status": "finished"}]).encode()
    job = restored(
        DRAIN,
        ["fast"],
        success_callback_name=b"os.abort",
        failure_callback_name=b"os.abort",
        stopped_callback_name=b"os.abort",
        webhooks=hook,
        dependency_ids=b'["other"]',
        retries_left=b"99",
        repeats_left=b"99",
        timeout=b"999999",
    )
    assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)
    assert (job.webhooks, job._dependency_ids) == ([], [])
    assert (job.retries_left, job.repeats_left, job.timeout) == (None, None, worker.JOB_SECONDS["fast"])
