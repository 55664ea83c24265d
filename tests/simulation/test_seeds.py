"""Each rule of many workers is noticed by a seed of the simulator once it is switched off, and each
mistake that is planted in one; with the rule that seed breaks nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    "eventstore/engines/nats", "eventstore/engines/postgresql", "eventstore/engines/memory",
    "eventstore/known_end.py", "eventstore/lease_time.py", "eventstore/shards.py",
    "eventstore/versions.py", "eventstore/writer.py", "ledger/command_handler.py",
    "ledger/engine_clock.py", "ledger/parts.py", "ledger/shard_ids.py", "scheduler/", "testing/",
)  # fmt: skip
"""Where the rules of many workers are."""


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """Copy the project, to make mistakes in it."""
    with copied() as directory:
        yield directory


@pytest.mark.thorough
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
from jobledger.tools.retelling import again, retold
seed, steps = int(sys.argv[1]), int(sys.argv[2])
long = simulate(seed, steps_of(seed, steps, "remote"), engine="remote")
short = shrink(seed, long.failure, engine="remote")
repeated = simulate(seed, short.failure.done, engine="remote", runners=short.runners)
print(json.dumps({
    "rules": [one.failure.rule for one in (long, short, repeated)],
    "steps": [len(one.failure.done) for one in (long, short, repeated)],
    "crowd": [one.crowd for one in (long, short, repeated)],
    "said": [one.failure.message for one in (short, repeated)],
    "digest": [one.digest for one in (short, repeated)],
    "told": retold(short, whole=True), "again": again(short), "story": short.failure.story,
}))
"""
SHORTENED = [
    "two runners never post for one account at once",
    "a runner ends others only after a whole lease of its own",
    "an attempt is its runner's, whatever its number",
]
"""One that breaks at a write, one at a lease, and one at the end of a life."""


def shrunk(copy: Path, seed: int, hash_seed: str) -> dict[str, Any]:
    """Shorten the life of a seed in another process."""
    path = os.pathsep.join([str(copy.parent), str(copy / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", _SHRINK, str(seed), str(LIFE)],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("name", SHORTENED)
def test_a_failing_life_of_many_is_made_shorter_by_the_same_rule(copy: Path, name: str) -> None:
    [seen] = [each for each in SEEN if each.name == name]
    with mutated(copy, seen.mutant):
        found = live(copy, seen, recorded()[name].seed, LIVES)
        assert found is not None
        left = shrunk(copy, found.seed, "1")
    assert len(set(left["rules"])) == 1
    assert seen.says in left["said"][0]
    long, short, repeated = left["steps"]
    assert 0 < short == repeated < long / 3
    assert left["crowd"][1] == left["crowd"][2] <= left["crowd"][0]
    assert len(set(left["said"])) == len(set(left["digest"])) == 1


@pytest.mark.thorough
def test_it_is_the_same_each_time_and_its_command_lives_it_again(copy: Path) -> None:
    """What is left is told step by step: who does what, and when."""
    [seen] = [each for each in SEEN if each.name == SHORTENED[0]]
    with mutated(copy, seen.mutant):
        found = live(copy, seen, recorded()[seen.name].seed, LIVES)
        assert found is not None
        left = shrunk(copy, found.seed, "2")
        assert shrunk(copy, found.seed, "3") == left
        done = subprocess.run(
            [sys.executable, "-m", *left["again"].split(), "--json"],
            cwd=copy.parent,
            env=os.environ | {"PYTHONPATH": str(copy.parent)},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr.decode()
    broken = json.loads(done.stdout)["broken"]
    assert (broken["message"], broken["rule"]) == (left["said"][0], left["rules"][0])
    assert broken["story"] == left["story"]
    told = left["told"].splitlines()
    assert told[-1] == f"again: {left['again']}"
    assert sum(line.startswith("  step ") for line in told) == left["steps"][1]
    assert any("calls the publisher of" in line for line in told)
    assert any("writes event 1: added of job-1" in line for line in told)
