"""The simulator: a bounded part of what it can do, and whether it finds what is planted."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from planted.bugs import BUGS
from support.mutants import copied, mutated
from support.tiers import one_in

from jobledger.testing.simulator.simulation import ENGINES, Outcome, simulate
from jobledger.testing.simulator.steps import WEIGHTS, steps_of
from jobledger.testing.stores import DiskStore, MemoryStore

FIXED = (1, 2, 3, 4)
STEPS = 2000
ON_MEMORY = (11, 12)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Play fixed seeds and a new one, which is printed."""
    fresh = random.SystemRandom().randrange(2**32)
    print(f"new seed: {fresh}")
    return [simulate(seed, steps_of(seed, STEPS)) for seed in (*FIXED, fresh)]


@pytest.fixture(scope="module")
def on_memory() -> list[Outcome]:
    """Play on the engine in memory, with a new seed, too."""
    fresh = random.SystemRandom().randrange(2**32)
    print(f"new seed: {fresh}")
    return [
        simulate(seed, steps_of(seed, STEPS, "memory"), engine="memory")
        for seed in (*ON_MEMORY, fresh)
    ]


@pytest.mark.thorough
def test_no_rule_is_broken_in_two_thousand_days(
    outcomes: list[Outcome], record_property: Callable[[str, object], None]
) -> None:
    """A failure names its seed, and `jobledger simulate --seed N --steps 2000` repeats it."""
    for outcome in outcomes:
        assert outcome.failure is None, f"seed {outcome.seed}: {outcome.failure}"
        assert outcome.steps == STEPS
    days = sum(outcome.days for outcome in outcomes)
    record_property("simulated days", round(days))
    print(f"{days:.0f} days, {sum(outcome.events for outcome in outcomes)} events")
    assert days >= 2000


@pytest.mark.thorough
def test_everything_that_can_happen_has_happened(outcomes: list[Outcome]) -> None:
    """A kind of step that never comes up would prove nothing."""
    happened = set().union(*(outcome.counts for outcome in outcomes))
    assert happened >= {*WEIGHTS, *DiskStore.FAULTS, "meanwhile"}
    assert sum(outcome.posts for outcome in outcomes) > 100


@pytest.mark.thorough
def test_no_rule_is_broken_on_an_engine_in_memory(on_memory: list[Outcome]) -> None:
    """A failure names its seed: `jobledger simulate --seed N --steps 2000 --engine memory`."""
    for outcome in on_memory:
        assert outcome.failure is None, f"seed {outcome.seed}: {outcome.failure}"
        assert outcome.steps == STEPS


@pytest.mark.thorough
def test_all_but_what_a_disk_is_needed_for_happens_in_memory(on_memory: list[Outcome]) -> None:
    """Power cuts and torn tails are of files; what gets lost on the way is of engines."""
    happened = set().union(*(outcome.counts for outcome in on_memory))
    assert happened == (
        {*WEIGHTS, *MemoryStore.FAULTS, "meanwhile", "lives"} - {"power_cut", "torn_tail"}
    )
    assert sum(outcome.posts for outcome in on_memory) > 100


def jobledger(*arguments: str, root: Path | None = None, **environment: str) -> Any:
    path = {} if root is None else {"PYTHONPATH": str(root.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "jobledger", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | path | environment,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("steps", one_in(2, ["200", "600"]))
def test_a_seed_gives_the_same_history_to_the_byte_in_another_process(steps: str) -> None:
    arguments = ("simulate", "--seed", "5", "--steps", steps)
    first = jobledger(*arguments, PYTHONHASHSEED="1")
    assert first["broken"] is None
    assert jobledger(*arguments, PYTHONHASHSEED="2") == first
    assert jobledger("simulate", "--seed", "6", "--steps", steps)["digest"] != first["digest"]
    on_memory = (*arguments, "--engine", "memory")
    first = jobledger(*on_memory, PYTHONHASHSEED="1")
    assert (first["engine"], first["broken"]) == ("memory", None)
    assert jobledger(*on_memory, PYTHONHASHSEED="2") == first


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["cancelling forgets that the post may be out"])
def test_a_planted_bug_is_found_in_memory_too(name: str) -> None:
    """By the same rules, which know nothing of engines; and its command repeats it."""
    bug = next(bug for bug in BUGS if bug.name == name)
    with copied() as root, mutated(root, bug):
        arguments = ("simulate", "--steps", "4000", "--engine", "memory", "--seed", "1")
        found = jobledger(*arguments, root=root)["broken"]
        again = jobledger(*found["again"].split()[1:], root=root)["broken"]
        assert (again["step"], again["message"]) == (found["step"], found["message"])


def test_every_engine_that_is_simulated_can_be_chosen() -> None:
    from jobledger.tools.commands.simulate import simulate_

    [engine] = [option for option in simulate_.params if option.name == "engine"]
    assert isinstance(engine.type, click.Choice)
    assert set(engine.type.choices) == set(ENGINES)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    assert list(steps_of(9, 50)) == list(steps_of(9, 80))[:50]


@pytest.mark.thorough
def test_a_planted_bug_is_found_repeated_by_its_command_and_shortened() -> None:
    """What the failure prints is enough to have it again; `--shrink` leaves steps out."""
    bug = next(bug for bug in BUGS if bug.name == "cancelling forgets that the post may be out")
    with copied() as root, mutated(root, bug):
        found = jobledger("simulate", "--seed", "1", "--steps", "4000", root=root)["broken"]
        assert "posted 2 times" in found["message"] or "is out" in found["message"]
        assert found["events"]
        again = jobledger(*found["again"].split()[1:], root=root)["broken"]
        assert (again["step"], again["message"]) == (found["step"], found["message"])
        arguments = ("simulate", "--seed", "1", "--steps", "4000", "--shrink")
        short = jobledger(*arguments, root=root)["broken"]
        assert len(short["steps"]) < len(found["steps"]) / 4
        again = jobledger(*short["again"].split()[1:], root=root)["broken"]
        assert again["message"] == short["message"]


def test_steps_that_are_not_there_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from jobledger.tools.cli import main

    with pytest.raises(SystemExit) as stopped:
        sys.exit(main(["simulate", "--seed", "1", "--steps", "10", "--only", "3,99"]))
    assert stopped.value.code == 2
    assert "--only must be numbers of steps from 0 to 9" in capsys.readouterr().err
