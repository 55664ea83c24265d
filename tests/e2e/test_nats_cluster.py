"""Three NATS servers on this machine: one is killed with SIGKILL, two are away, and come back."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from support import nats
from support.nats_workers import kill_leaders
from support.waiting import eventually

from jobledger import Ledger, StorageError
from jobledger.eventstore.engines import EngineOptions, open_engine

ROUNDS = 1


@pytest.fixture(scope="module")
def cluster() -> Iterator[nats.Cluster]:
    some = nats.Cluster()
    try:
        some.start()
        yield some
    finally:
        some.end()


@pytest.fixture
def url(cluster: nats.Cluster) -> str:
    return cluster.url(f"t-{uuid4().hex[:12]}", lease="2")


def test_three_servers_that_are_seen_to_sync_have_nothing_to_be_told_of(url: str) -> None:
    with closing(open_engine(url, EngineOptions())) as engine:
        assert getattr(engine, "remarks") == ()  # noqa: B009 - it is a capability


def test_one_server_that_is_down_keeps_nobody_from_opening(cluster: nats.Cluster, url: str) -> None:
    """It is told of. One server alone is not believed for the others."""
    Ledger(url).close()
    leader = cluster.leader(nats.stream_of(url))
    down, other = [server for server in cluster.servers if server is not leader]
    down.stop(signal.SIGKILL)
    try:
        with closing(open_engine(url, EngineOptions())) as engine:
            assert getattr(engine, "remarks") == (  # noqa: B009 - it is a capability
                f"whether {down.name} syncs always is not known: it was not seen",
            )
        one = f"monitor=127.0.0.1:{other.monitor}"
        with pytest.raises(StorageError, match=r"monitor= shows nothing of n\d, n\d"):
            Ledger(re.sub("monitor=[^&]*", one, url))
    finally:
        down.start()


def test_where_the_leader_is_killed_nothing_is_lost_and_nothing_posted_twice(
    cluster: nats.Cluster,
    url: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """A worker is killed with it each time; the mirror is what the servers have, to the byte."""
    Ledger(url).close()
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rounds = iter(range(ROUNDS))
    counts = kill_leaders(
        cluster, url, tmp_path, random.Random(seed), lambda: next(rounds, None) is not None
    )
    for what, count in counts.items():
        record_property(what, count)


def test_without_a_majority_nothing_is_written_and_with_one_it_goes_on(
    cluster: nats.Cluster, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(url) as ledger:
        acknowledged = [_add(ledger, "a")]
        away = cluster.servers[1:]
        for server in away:
            server.stop(signal.SIGKILL)
        with monkeypatch.context() as impatient:
            for name in ("engine.REACH_S", "engine.FIND_OUT_S", "jetstream.READ_S"):
                impatient.setattr(f"jobledger.eventstore.engines.nats.{name}", 1.0)
            impatient.setattr("jobledger.eventstore.engines.nats.jetstream.ANSWER_S", 0.5)
            with pytest.raises(StorageError):
                _add(ledger, "b")
        for server in away:
            server.launch()
        for server in away:
            eventually(server.is_up, "the servers that were away")
        eventually(lambda: _is_added(url, "c"), "a write")
    with Ledger(url, read_only=True) as ledger:
        there = {job.job_id for job in ledger.list_jobs()}
        assert {*acknowledged, "c"} <= there <= {"a", "b", "c"}
        assert ledger.verify().problems == []


def _add(ledger: Ledger, job_id: str) -> str:
    return ledger.add_job("shop", "text", datetime.now(UTC), job_id=job_id)


def _is_added(url: str, job_id: str) -> bool:
    try:
        with Ledger(url) as ledger:
            if job_id not in {job.job_id for job in ledger.list_jobs()}:
                _add(ledger, job_id)
    except StorageError:
        return False
    return True
