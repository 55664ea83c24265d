"""Running a simulation: life after life, until the steps are done or a rule is broken."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

import msgspec

from ..processes import quiet
from ..stores import STORES
from ..violation import Violation, place_of
from .life import Life
from .shared_life import SharedLife
from .steps import REMOTE, Step, epochs

ENGINES = (*STORES, REMOTE)
"""What is simulated: where a ledger lies, and what can happen to it there."""
AnyLife = Life | SharedLife


class Failure(msgspec.Struct, frozen=True):
    """What went wrong: at which step (None: when a life was brought to its end), and the events
    before it, the newest last. `life` is the number of the ledger, `done` its steps up to there.
    `rule` is where in the source that was found, the same for failures of one kind. `story` tells
    the life a line at a time, where many runners share its ledger.
    """

    step: Step | None
    message: str
    events: list[dict[str, Any]]
    life: int
    done: list[Step]
    rule: str = ""
    story: list[str] = []


class Outcome(msgspec.Struct):
    """What a run came to. `digest` stands for its whole history, byte for byte. `crowd` is how many
    runners shared a ledger at once, at most."""

    seed: int
    engine: str = "files"
    runners: int | None = None
    steps: int = 0
    events: int = 0
    posts: int = 0
    days: float = 0.0
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    digest: str = ""
    crowd: int = 0
    failure: Failure | None = None


def simulate(
    seed: int,
    steps: Iterable[Step],
    progress: Callable[[int], None] = lambda steps: None,
    *,
    engine: str = "files",
    runners: int | None = None,
) -> Outcome:
    """Do the steps, in as many lives as they are of; stops at the first failure.

    `progress` gets the number of steps done so far. `engine` is one of `ENGINES`, and the steps are
    those of a run on it; on a server so many `runners` at most share each ledger, None: as many as
    the seed says.
    """
    outcome, digest = Outcome(seed, engine, runners), sha256()
    with quiet():
        for number, mine in epochs(iter(steps)):
            life = _life(seed, number, engine, runners)
            try:
                outcome.failure = _live(life, number, mine, outcome, progress)
            finally:
                life.close()
            outcome.events += len(life.events)
            outcome.posts += life.posts
            outcome.days += life.days
            outcome.counts += life.counts
            if isinstance(life, SharedLife):
                outcome.crowd = max(outcome.crowd, life.crowd)
            digest.update(life.digest)
            if outcome.failure is not None:
                break
    outcome.digest = digest.hexdigest()[:16]
    return outcome


def _life(seed: int, number: int, engine: str, runners: int | None) -> AnyLife:
    return SharedLife(seed, number, runners) if engine == REMOTE else Life(seed, number, engine)


def _live(
    life: AnyLife, number: int, steps: list[Step], outcome: Outcome, progress: Callable[[int], None]
) -> Failure | None:
    done: list[Step] = []
    step: Step | None = None
    try:
        for step in steps:
            done.append(step)
            life.do(step)
            outcome.steps += 1
            if outcome.steps % 50 == 0:
                progress(outcome.steps)
        step = None
        life.end()
    except Exception as error:  # noqa: BLE001 - whatever the product raises is a finding
        told = str(error)
        if not isinstance(error, Violation):
            told = f"{type(error).__name__}: {error}\n"
            told += "".join(traceback.format_exception(error)[-3:])
        newest, rule = life.events[-12:], place_of(error)
        story = life.stage.story.lines if isinstance(life, SharedLife) else []
        return Failure(step, told, newest, number, done, rule, story)
    progress(outcome.steps)
    return None
