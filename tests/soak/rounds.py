"""What happens to workers and to their server, over and over, until it is enough."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from support.nats import Cluster
from support.nats_workers import kill_leaders
from support.pair import Pair
from support.waiting import eventually

from jobledger import Ledger, LedgerCorruptError, StorageError
from soak.world import LEASE_S, World

GoesOn = Callable[[], bool]
"""Whether there is to be another round; asked before each."""
Round = Callable[[random.Random, GoesOn], Counter[str]]


def kills(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Kill one of three workers with SIGKILL, again and again."""
    with World(chance) as world:
        while goes_on():
            world.go_on(chance.uniform(0.3, 2.5))
            world.kill_one()
        world.check(may_repeat=False)
        return world.counts


def shards(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Kill workers on a ledger of four chains, and crash its server now and then."""
    with World(chance, shards=4) as world:
        while goes_on():
            world.go_on(chance.uniform(0.3, 2.5))
            if chance.random() < 0.8:
                world.kill_one()
            else:
                world.crash(chance.uniform(0.0, 2.0))
        world.check(may_repeat=True)
        return world.counts


def crashes(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Crash the server under everybody, and start it again."""
    with World(chance) as world:
        while goes_on():
            world.go_on(chance.uniform(1.0, 4.0))
            world.crash(chance.uniform(0.0, 3.0))
        world.check(may_repeat=True)
        return world.counts


def cuts(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Cut every connection after some bytes, by chance."""
    with World(chance, cuts=True) as world:
        while goes_on():
            world.go_on(1.0)
        world.check(may_repeat=True)
        return world.counts


def stops(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Stop a worker until its lease has run out, and let it wake."""
    with World(chance) as world:
        world.go_on(2 * LEASE_S)
        while goes_on():
            world.stop_one(chance.uniform(1.0, 3.0) * LEASE_S)
            world.go_on(chance.uniform(0.0, 1.0))
        world.check(may_repeat=True)
        return world.counts


def leaders(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Kill the NATS server that leads a ledger's stream, of three, and a worker with it."""
    cluster = Cluster()
    try:
        cluster.start()
        url = cluster.url("soak", lease="2")
        Ledger(url).close()
        with TemporaryDirectory() as directory:
            return kill_leaders(cluster, url, Path(directory), chance, goes_on)
    finally:
        cluster.end()


def failovers(chance: random.Random, goes_on: GoesOn) -> Counter[str]:
    """Let a standby take over while somebody adds: a synchronous one, or another one, which at
    times is behind. What is lost has to be told by the writer and by a mirror."""
    counts: Counter[str] = Counter()
    while goes_on():
        with closing(Pair()) as pair, TemporaryDirectory() as directory:
            _fail_over(pair, chance, Path(directory), counts)
    return counts


def _fail_over(pair: Pair, chance: random.Random, directory: Path, counts: Counter[str]) -> None:
    is_synchronous = chance.random() < 0.3
    counts["failovers, synchronous" if is_synchronous else "failovers"] += 1
    if is_synchronous:
        pair.be_synchronous()
    writer = Ledger(pair.url)
    mirror = writer.mirror(directory / "mirror")
    try:
        added = [_add(writer, f"{n}") for n in range(chance.randrange(5, 60))]
        is_behind = not is_synchronous and chance.random() < 0.7
        if is_behind:
            eventually(pair.has_caught_up)
            pair.standby.stop()
            added += [_add(writer, f"behind-{n}") for n in range(3)]
        mirror.catch_up()
        pair.primary.stop(pair.CRASH)
        if is_behind:
            pair.standby.start()
        pair.standby.promote()
        with Ledger(pair.url) as fresh:
            there = {job.job_id for job in fresh.list_jobs()}
            assert fresh.verify().problems == []
        counts["jobs"] += len(added)
        lost = set(added) - there
        if not lost:
            assert _add(writer, "after")
            assert mirror.catch_up() == 1
            return
        assert not is_synchronous, f"a synchronous standby has lost {sorted(lost)}"
        counts["lost in a failover to a standby that was behind"] += len(lost)
        assert _tells(lambda: _add(writer, "after")), f"the writer does not miss {sorted(lost)}"
        assert _tells(mirror.catch_up), f"the mirror does not miss {sorted(lost)}"
        counts["failovers with loss, told by the writer and by the mirror"] += 1
    finally:
        with suppress(StorageError):
            mirror.close()
        with suppress(StorageError):
            writer.close()


def _add(ledger: Ledger, job_id: str) -> str:
    return ledger.add_job("shop", "text", datetime.now(UTC), job_id=job_id)


def _tells(call: Callable[[], object]) -> bool:
    try:
        call()
    except LedgerCorruptError as error:
        return error.kind == "lost"
    return False


ROUNDS: dict[str, Round] = {
    each.__name__: each for each in (kills, shards, crashes, cuts, stops, failovers, leaders)
}
