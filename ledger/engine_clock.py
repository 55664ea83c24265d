"""The time of the engine, for all machines that share a ledger there: whose own clocks may differ.

It is asked for once when the ledger is opened, and now and then after; between, what counts is how
much time has passed here, by a clock that only goes on. So a machine whose clock is wrong, or is
set meanwhile, runs jobs when the others would, and what it records has the time that they have.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import msgspec

from ..domain import StorageError
from ..eventstore import Elapsed, TellsTime, TimeTold, boot_time
from ..instrumentation import logger

ASK_EVERY_S = 300.0
FAR_OFF = timedelta(seconds=5)
"""A machine's clock that is further from the engine's than this is told."""
_DRIFT = 0.0005
"""How much a clock that only goes on may be wrong by, of the time that passed: as much as kernels
correct one by, at most."""


class _Sample(msgspec.Struct, frozen=True):
    """What the engine said: `at` is its time where `elapsed_s` have passed here, give or take
    `within_s`: half of what it took to answer."""

    at: datetime
    elapsed_s: float
    within_s: float

    def time_at(self, elapsed_s: float) -> datetime:
        return self.at + timedelta(seconds=elapsed_s - self.elapsed_s)

    def within_at(self, elapsed_s: float) -> float:
        return self.within_s + _DRIFT * abs(elapsed_s - self.elapsed_s)


class EngineClock:
    """Tells the engine's time. Safe to use from any thread; only the first word is waited for.

    `machine` is the clock of this machine, which is only compared; `elapsed` counts seconds, those
    of a suspended machine included; `begin` has something done beside, a thread of its own where it
    is not given. After `close` the engine is asked no more.

    Raises:
        StorageError: the engine does not say what time it is.
    """

    def __init__(
        self,
        engine: TellsTime,
        machine: Callable[[], datetime],
        location: str,
        *,
        elapsed: Elapsed | None = None,
        begin: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._engine = engine
        self._machine = machine
        self._location = location
        self._elapsed = elapsed or boot_time() or monotonic
        self._begin = begin or _in_a_thread
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_told = False
        self._sample = _sampled(engine.time(self._elapsed))
        self._ask_at_s = self._sample.elapsed_s + ASK_EVERY_S
        self._compare()

    def now(self) -> datetime:
        """Return the engine's time, in UTC. It asks nobody; where it is long since, it has somebody
        else ask."""
        elapsed_s = self._elapsed()
        if elapsed_s >= self._ask_at_s and not self._is_closed:
            self._ask_at_s = elapsed_s + ASK_EVERY_S  # first: one asks, not all who look
            self._begin(self._ask_again)
        return self._sample.time_at(elapsed_s)  # rule: machine-clock-is-not-used

    def off_by(self) -> timedelta:
        """Return how far this machine's clock is ahead of the engine's; negative: behind."""
        return self._machine() - self._sample.time_at(self._elapsed())

    def close(self) -> None:
        """Ask no more; the time goes on."""
        self._is_closed = True

    def _ask_again(self) -> None:
        with suppress(StorageError):  # out of reach: what it said last goes on
            told = _sampled(self._engine.time(self._elapsed))
            with self._lock:
                if _is_better(told, self._sample):
                    self._sample = told
            self._compare()

    def _compare(self) -> None:
        """Tell where this machine's clock is far off: once, until it is right again."""
        off = self.off_by()
        is_far = abs(off) > FAR_OFF + timedelta(seconds=self._sample.within_s)
        if is_far and not self._is_told:
            which = "ahead of" if off > timedelta(0) else "behind"
            logger(location=self._location, off_s=round(off.total_seconds(), 3)).warning(
                f"this machine's clock is {abs(off).total_seconds():.0f} s {which} that of the"
                " server, which is the one that counts"
            )
        self._is_told = is_far


def _sampled(told: TimeTold) -> _Sample:
    half = (told.answered_s - told.asked_s) / 2
    return _Sample(told.at.astimezone(UTC), told.asked_s + half, half)


def _is_better(new: _Sample, old: _Sample) -> bool:
    """Whether a new sample is to be believed: the more exact one by now is, unless they contradict
    each other. Then the engine's clock was set, or it is another server's."""
    apart_s = abs((new.at - old.time_at(new.elapsed_s)).total_seconds())
    old_within_s = old.within_at(new.elapsed_s)
    is_exact = new.within_s <= old_within_s
    return is_exact or apart_s > new.within_s + old_within_s  # rule: engine-clock-was-set


def _in_a_thread(work: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # no thread just now: it is asked the next time
        threading.Thread(target=work, name="jobledger-time", daemon=True).start()
