"""Each rule of many workers is noticed by a seed of the simulator once it is switched off, and each
mistake that is planted in one; with the rule that seed breaks nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted.bugs import BUGS
from seeds.recorded import LIFE, recorded
from seeds.rules import ELSEWHERE, SEEN, Seen
from seeds.table import rows, table
from seeds.trying import live, try_seeds
from support.anchors import ROOT, find_anchors
from support.mutants import copied, mutated
from switches.rules import RULES

from jobledger.testing.simulator.simulation import simulate
from jobledger.testing.simulator.steps import steps_of

LIVES = 40
"""So many seeds are tried, from the recorded one on: where the code makes one step more than it
did, another life becomes of each seed."""
OF_MANY = (
    "eventstore/engines/nats", "eventstore/engines/postgresql", "eventstore/known_end.py",
    "eventstore/lease_time.py", "eventstore/shards.py", "ledger/engine_clock.py",
    "ledger/shard_ids.py", "scheduler/dispatcher.py", "scheduler/lease.py",
    "scheduler/recording.py", "scheduler/rescuer.py", "scheduler/running.py",
    "testing/remote_engine.py", "testing/remote_server.py",
)  # fmt: skip
"""Where the rules of many workers are."""


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """Copy the project, to make mistakes in it."""
    with copied() as directory:
        yield directory


@pytest.mark.parametrize("seen", SEEN, ids=lambda seen: seen.name)
def test_a_rule_that_is_switched_off_is_noticed_by_its_seed(copy: Path, seen: Seen) -> None:
    """By the very invariant that says so. Another one is found by `python -m seeds --write`."""
    assert try_seeds(copy, seen, recorded()[seen.name].seed, LIVES) is not None


@pytest.mark.parametrize("seed", sorted({found.seed for found in recorded().values()}))
def test_with_all_rules_its_life_breaks_none(seed: int) -> None:
    outcome = simulate(seed, steps_of(seed, LIFE, "remote"), engine="remote")
    assert outcome.failure is None


def test_every_rule_of_many_workers_has_a_seed_or_a_reason_why_none_can_notice() -> None:
    every = {mutant.name: mutant for mutant in [*BUGS, *RULES]}
    listed = {every[name].anchor for name in [*(seen.name for seen in SEEN), *ELSEWHERE]}
    there = {
        anchor.name
        for anchor in find_anchors().values()
        if anchor.path.relative_to(ROOT).as_posix().startswith(OF_MANY)
    }
    assert there - listed == set()
    assert not {seen.name for seen in SEEN} & set(ELSEWHERE)


def test_what_no_seed_can_notice_is_noticed_by_tests_of_its_own() -> None:
    for other in ELSEWHERE.values():
        assert other.why
        assert not any("--engine remote" in test for test in other.tests)


def test_the_table_of_the_document_is_the_one_of_what_was_found() -> None:
    assert table() == rows(recorded())


# -- a shorter life --------------------------------------------------------------------------------

_SHRINK = """
import json, sys
from jobledger.testing.simulator import shrink, simulate, steps_of
seed, steps = int(sys.argv[1]), int(sys.argv[2])
failure = simulate(seed, steps_of(seed, steps, "remote"), engine="remote").failure
short = shrink(seed, failure, engine="remote")
again = simulate(seed, short.failure.done, engine="remote")
print(json.dumps([
    failure.message, len(failure.done),
    short.failure.message, [step.index for step in short.failure.done], short.digest,
    again.failure.message, again.digest,
]))
"""
SHORTENED = "two runners never post for one account at once"


def shrunk(copy: Path, seed: int, hash_seed: str) -> list[object]:
    """Shorten the life of a seed in another process."""
    path = os.pathsep.join([str(copy.parent), str(copy / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", _SHRINK, str(seed), str(LIFE)],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_failing_life_of_many_is_shortened_and_the_same_each_time(copy: Path) -> None:
    [seen] = [each for each in SEEN if each.name == SHORTENED]
    with mutated(copy, seen.mutant):
        found = live(copy, seen, recorded()[seen.name].seed, LIVES)
        assert found is not None
        first, second = shrunk(copy, found.seed, "1"), shrunk(copy, found.seed, "2")
    assert first == second
    _, length, said, kept, digest, said_again, digest_again = first
    assert isinstance(kept, list)
    assert isinstance(length, int)
    assert 0 < len(kept) < length / 4
    assert (said, digest) == (said_again, digest_again)
