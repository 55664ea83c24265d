"""Workers in processes of their own on a real server: killed, stopped, cut off from it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from support import nats, postgres
from support.anchors import ROOT
from support.cutting_proxy import CuttingProxy
from support.waiting import eventually

from jobledger import JobStatus, Ledger, NewJob, StorageError
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.integrity import verify_engine

KILLS = 6


PLACES = {
    "postgresql": partial(postgres.new_url, lease="1"),
    "four shards": partial(postgres.new_url, lease="1", shards="4"),
    "nats": partial(nats.new_url, lease="1"),
    "two shards in nats": partial(nats.new_url, lease="1", shards="2"),
}


@pytest.fixture(params=list(PLACES))
def url(request: pytest.FixtureRequest) -> str:
    return PLACES[request.param]()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "out.txt"
    path.touch()
    return path


def start(url: str, out: Path, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "support.worker", url, str(out), kind],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@contextmanager
def ended(processes: list[subprocess.Popen[str]]) -> Iterator[None]:
    """Whatever comes, none is left."""
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


def lines(out: Path, begins: str) -> list[str]:
    return [line for line in out.read_text("utf-8").splitlines() if line.startswith(begins)]


def has_posted(out: Path, count: int) -> bool:
    return len(lines(out, "job-")) >= count


def add(ledger: Ledger, first: int, count: int) -> None:
    """Add jobs of twelve accounts, in one write for each shard."""
    now = datetime.now(UTC)
    jobs = [
        NewJob(f"account {n % 12}", f"text {n}", now, job_id=f"job-{n}")
        for n in range(first, first + count)
    ]
    for shard in range(1, ledger.shards + 1):
        ledger.add_jobs(job for job in jobs if ledger.shard_of(job.account_id) == shard)


def check(url: str) -> None:
    if "shards=" in url:
        with Ledger(url, read_only=True) as ledger:
            assert ledger.verify().problems == []
        return
    engine = open_engine(url, EngineOptions(read_only=True))
    try:
        assert verify_engine(engine).problems == []
    finally:
        engine.close()


@pytest.mark.thorough
def test_workers_that_are_killed_lose_nothing_and_post_nothing_twice(
    url: str, out: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    workers = [start(url, out, "asked") for _ in range(3)]
    with ended(workers), Ledger(url) as ledger:
        for kill in range(KILLS):
            enough = len(lines(out, "job-")) + chance.randrange(1, 30)
            add(ledger, kill * 40, 40)
            eventually(partial(has_posted, out, enough))
            place = chance.randrange(3)
            workers[place].kill()
            workers[place].wait(30)
            workers.append(start(url, out, "asked"))
            workers[place], dead = workers[-1], workers[place]
            workers[-1] = dead  # whose pipe is closed at the end
        eventually(lambda: ledger.counts()[JobStatus.COMPLETED] == KILLS * 40)
        posts = Counter(lines(out, "job-"))
        assert len(posts) == KILLS * 40
        assert max(posts.values()) == 1
        ended_by_others = {event.job_id for event in ledger.events() if event.type == "interrupted"}
        record_property("kills", KILLS)
        record_property("attempts in the midst of which a worker was killed", len(ended_by_others))
    check(url)


def test_a_worker_that_slept_through_its_lease_does_not_post(url: str, out: Path) -> None:
    """Another one has ended it meanwhile, and posts; what it asks for when it wakes is refused."""
    workers = [start(url, out, "fenced")]
    with ended(workers), Ledger(url) as ledger:
        add(ledger, 0, 1)
        eventually(lambda: bool(lines(out, "begun")))
        workers[0].send_signal(signal.SIGSTOP)
        workers.append(start(url, out, "fenced"))
        eventually(
            lambda: [event.type for event in ledger.history("job-0")].count("interrupted") == 1
        )
        out.with_suffix(".go").touch()
        workers[0].send_signal(signal.SIGCONT)
        eventually(lambda: bool(lines(out, "refused")))
        assert lines(out, f"refused {workers[0].pid}") == lines(out, "refused")
        eventually(lambda: ledger.get_job("job-0").status is JobStatus.COMPLETED)
        assert lines(out, "job-") == ["job-0"]
    check(url)


def test_a_worker_that_stops_hands_over_at_once(url: str, out: Path) -> None:
    """By SIGTERM, while it publishes: nobody waits until its lease has run out."""
    workers = [start(url, out, "fenced")]
    with ended(workers), Ledger(url) as ledger:
        add(ledger, 0, 1)
        eventually(lambda: bool(lines(out, "begun")))
        assert ledger.runner_pid() is not None
        workers[0].send_signal(signal.SIGTERM)
        workers[0].send_signal(signal.SIGTERM)
        workers[0].wait(30)
        assert ledger.runner_pid() is None
        assert [event.type for event in ledger.history("job-0")][-1] == "interrupted"


def test_a_server_that_crashes_has_all_that_it_acknowledged() -> None:
    """Killed with all its processes in the midst of appends, and started again."""
    server = postgres.Server(postgres.server().programs)
    try:
        server.start()
        url = server.url("crashes")
        acknowledged: list[str] = []
        with Ledger(url) as ledger:
            for crash in range(3):
                for n in range(40):
                    acknowledged.append(_add(ledger, f"{crash}-{n}"))
                server.stop(signal.SIGQUIT)
                server.start()
            acknowledged.append(_add(ledger, "last"))
            assert sorted(job.job_id for job in ledger.list_jobs()) == sorted(acknowledged)
        check(url)
    finally:
        server.end()


def _add(ledger: Ledger, job_id: str) -> str:
    return ledger.add_job("shop", "text", datetime.now(UTC), job_id=job_id)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("servers", "most"), [(postgres, 6000), (nats, 8000)], ids=["postgresql", "nats"]
)
def test_where_the_way_to_the_server_is_cut_again_and_again_nothing_is_lost_or_doubled(
    servers: ModuleType, most: int, record_property: Callable[[str, object], None]
) -> None:
    """What became of a write whose answer is lost is found out, not guessed."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    port = servers.server().port
    url = servers.new_url()
    with CuttingProxy(port, seed, most) as proxy:
        through = url.replace(f":{port}/", f":{proxy.port}/")
        with _opened(through) as ledger:
            added = [_added(ledger, n) for n in range(150)]
        record_property("cuts", proxy.cuts)
        assert proxy.cuts > 50
    with Ledger(url, read_only=True) as ledger:
        there = [job.job_id for job in ledger.list_jobs()]
        assert sorted(there) == sorted(added)
        assert ledger.seq == len(added)
    check(url)


def _opened(url: str) -> Ledger:
    while True:
        try:
            return Ledger(url)
        except StorageError:  # cut off while it opened: nothing was promised
            continue


def _added(ledger: Ledger, n: int) -> str:
    """Add a job, again where the ledger cannot be reached: that is told before anything is done."""
    while True:
        try:
            return ledger.add_job("shop", f"text {n}", datetime.now(UTC), job_id=f"job-{n}")
        except StorageError as error:
            if "unknown" in str(error):
                raise
