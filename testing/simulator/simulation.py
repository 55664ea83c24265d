"""Running a simulation: life after life, until the steps are done or a rule is broken."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any

import msgspec

from ..processes import quiet
from ..stores import STORES
from ..violation import Violation
from .life import Life
from .shared_life import SharedLife
from .steps import REMOTE, Step, epochs

ENGINES = (*STORES, REMOTE)
"""What is simulated: where a ledger lies, and what can happen to it there."""
AnyLife = Life | SharedLife


class Failure(msgspec.Struct, frozen=True):
    """What went wrong: at which step (None: when a life was brought to its end), and the events
    before it, the newest last. `life` is the number of the ledger, `done` its steps up to there.
    """

    step: Step | None
    message: str
    events: list[dict[str, Any]]
    life: int
    done: list[Step]


class Outcome(msgspec.Struct):
    """What a run came to. `digest` stands for its whole history, byte for byte."""

    seed: int
    engine: str = "files"
    runners: int | None = None
    steps: int = 0
    events: int = 0
    posts: int = 0
    days: float = 0.0
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    digest: str = ""
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
    except Violation as error:
        return Failure(step, str(error), life.events[-12:], number, done)
    except Exception as error:  # noqa: BLE001 - whatever the product raises is a finding
        told = "".join(traceback.format_exception(error)[-3:])
        return Failure(
            step, f"{type(error).__name__}: {error}\n{told}", life.events[-12:], number, done
        )
    progress(outcome.steps)
    return None


def shrink(
    seed: int, failure: Failure, *, engine: str = "files", runners: int | None = None
) -> Outcome:
    """Find the shortest run that still breaks a rule: steps of that life are left out, in ever
    smaller parts, as long as something is still broken."""
    best = simulate(seed, failure.done, engine=engine, runners=runners)
    if best.failure is None:  # it does not fail by itself: nothing can be left out
        return Outcome(seed, engine, runners, failure=failure, steps=len(failure.done))
    size = len(best.failure.done) // 2
    while size:
        for kept in list(_without(best.failure.done, size)):
            again = simulate(seed, kept, engine=engine, runners=runners)
            if again.failure is not None and len(again.failure.done) < len(best.failure.done):
                best = again
                break
        else:
            size //= 2
    return best


def _without(steps: list[Step], size: int) -> Iterator[list[Step]]:
    for start in range(0, len(steps), size):
        kept = steps[:start] + steps[start + size :]
        if kept:
            yield kept
