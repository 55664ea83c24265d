"""What is measured of a ledger, and whether it is well: for those who watch it from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from ..domain import JobStatus, StorageError
from ..eventstore import APPEND_BOUNDS_S, EventLog, Place
from ..instrumentation import Histogram, Metric, Sample, prometheus_text
from ..projections import Counters, CountsOfLog, LogEntry, merged_counts
from ..release import __version__
from . import metric_table as table
from .state import State

if TYPE_CHECKING:
    from ..integrity import Seal, VerifyReport
    from .ledger import Ledger

MOST_TOKENS = 100
"""The most accounts whose tokens have a sample of their own."""
LEAST_FREE_BYTES = 64 * 1024 * 1024
"""With less room on the disk a ledger is not ready: a write may fail any time."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured of one chain, or of all together, at one moment. None: it is not known.

    `due` counts jobs, and `oldest_due` is the time of the one that has waited longest. `appends`
    and `is_poisoned` are of this handle; `tokens` is when they end, by account.
    """

    now: datetime
    counts: CountsOfLog
    states: Mapping[JobStatus, int]
    unknown: int
    due: int
    oldest_due: datetime | None
    next_of_schedule: datetime | None
    waiting_accounts: Sequence[str]
    """Accounts without a valid token that have scheduled jobs."""
    has_runner: bool
    seq: int
    log_bytes: int
    free_bytes: int | None
    verified_seq: int | None
    is_verified: bool | None
    is_poisoned: bool
    appends: Histogram
    tokens: Mapping[str, datetime] = {}


class WatchedRunner(Protocol):
    """What else there is to watch in this process: a runner."""

    def token_expiries(self) -> Mapping[str, datetime]:
        """Return when the tokens of accounts end, as far as it is known."""

    def faults(self, *, ready: bool) -> Iterable[str]:
        """Say what is wrong; with `ready`, also what keeps it from its work."""


class LedgerMetrics:
    """Measures one chain. For any thread; nothing of what it does costs as much as there are jobs.

    `has_runner` says whether somebody runs the jobs, `newest_seal` what was verified for sealing.
    """

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        counters: Counters,
        place: Place | None,
        *,
        now: Callable[[], datetime],
        has_runner: Callable[[], bool],
        newest_seal: Callable[[], Seal | None],
    ) -> None:
        self._log = log
        self._state = state
        self._counters = counters
        self._place = place
        self._now = now
        self._has_runner = has_runner
        self._newest_seal = newest_seal
        self._verified: tuple[int, bool] | None = None
        self.watched: WatchedRunner | None = None
        """The runner of this chain in this process."""

    def note_verified(self, report: VerifyReport) -> None:
        """Note what came of verifying the whole log."""
        self._verified = int(report.head.get("seq", 0)), report.ok

    def measure(self) -> Measured:
        """Measure now.

        Raises:
            StorageError: the log, or its directory, cannot be read.
        """
        log, board = self._log, self._state.board
        log.refresh()
        now = self._now()
        # Whoever is asked here may be slow, and nobody else is to wait for that.
        has_runner, free_bytes = self._has_runner(), self._free_bytes()
        verified_seq, is_verified = self._known_verified()
        tokens = {} if self.watched is None else self.watched.token_expiries()
        with self._state.lock:
            due, oldest = board.overdue(now)
            counts = self._counters.capture()
            waiting = [
                account
                for account in counts.no_token
                if board.counts_of(account)[JobStatus.SCHEDULED]
            ]
            return Measured(
                now=now,
                counts=counts,
                states=board.counts(),
                unknown=board.unknown(),
                due=due,
                oldest_due=oldest,
                next_of_schedule=board.schedules.next_time(now, board.jobs.open),
                waiting_accounts=waiting,
                has_runner=has_runner,
                seq=log.seq,
                log_bytes=log.figures.size_bytes,
                free_bytes=free_bytes,
                verified_seq=verified_seq,
                is_verified=False if log.damage is not None else is_verified,
                is_poisoned=log.is_poisoned,
                appends=log.figures.append_took,
                tokens=tokens,
            )

    def _known_verified(self) -> tuple[int | None, bool | None]:
        """Return what this process has verified last; else what somebody has, to seal it."""
        if self._verified is not None:
            return self._verified
        seal = self._newest_seal()
        return (None, None) if seal is None else (seal.seq, True)

    def _free_bytes(self) -> int | None:
        if self._place is None:
            return None
        try:
            return self._place.fs.free_bytes(self._place.directory)
        except OSError:
            return None

    def faults(self, *, ready: bool) -> list[str]:
        """Say what is wrong with this handle; with `ready`, also what keeps it from its work."""
        found: list[str] = []
        if self._log.is_poisoned:
            found.append("a write has failed: the disk, or the server, has to be looked at")
        try:
            self._log.check_open()
        except StorageError as error:
            found.append(error.message)
        if self._log.damage is not None:
            found.append(f"the log is damaged: {self._log.damage.message}")
        free = self._free_bytes() if ready else None
        if free is not None and free < LEAST_FREE_BYTES:
            found.append(f"the disk is full: {free // 1024} KiB are free")
        if self.watched is not None:
            found += self.watched.faults(ready=ready)
        return found


def measured(ledger: Ledger) -> Measured:
    """Measure a ledger now, over all its chains. Raises as `LedgerMetrics.measure`."""
    return _merged([one._metrics.measure() for one in ledger._chains()])


def _merged(every: Sequence[Measured]) -> Measured:
    """Return what is measured of all chains together: a runner there is where each has one."""
    if len(every) == 1:
        return every[0]
    verified = [one.verified_seq for one in every if one.verified_seq is not None]
    sound = [one.is_verified for one in every if one.is_verified is not None]
    free = [one.free_bytes for one in every if one.free_bytes is not None]
    appends = Histogram.of(APPEND_BOUNDS_S)
    tokens: dict[str, datetime] = {}
    for one in every:
        appends = appends.plus(one.appends)
        tokens |= one.tokens
    return Measured(
        now=max(one.now for one in every),
        counts=merged_counts(one.counts for one in every),
        states={status: sum(one.states[status] for one in every) for status in JobStatus},
        unknown=sum(one.unknown for one in every),
        due=sum(one.due for one in every),
        oldest_due=_earliest(one.oldest_due for one in every),
        next_of_schedule=_earliest(one.next_of_schedule for one in every),
        waiting_accounts=[account for one in every for account in one.waiting_accounts],
        has_runner=all(one.has_runner for one in every),
        seq=sum(one.seq for one in every),
        log_bytes=sum(one.log_bytes for one in every),
        free_bytes=min(free, default=None),
        verified_seq=sum(verified) if len(verified) == len(every) else None,
        is_verified=all(sound) if len(sound) == len(every) or not all(sound) else None,
        is_poisoned=any(one.is_poisoned for one in every),
        appends=appends,
        tokens=tokens,
    )


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def metrics_text(figures: Measured) -> str:
    """Return what was measured, as Prometheus reads it."""
    return prometheus_text(_samples(figures))


def _samples(m: Measured) -> Iterable[tuple[Metric, list[Sample]]]:
    counts = m.counts
    age_s = 0.0 if m.oldest_due is None else max((m.now - m.oldest_due).total_seconds(), 0.0)
    yield table.JOBS, [Sample(m.states[status], (status.value,)) for status in JobStatus]
    yield table.DUE, [Sample(m.due)]
    yield table.OLDEST_DUE, [Sample(age_s)]
    yield table.RUNNER_UP, [Sample(m.has_runner)]
    yield table.UNKNOWN, [Sample(m.unknown)]
    yield table.ATTEMPTS, _by_two(counts.attempts)
    yield table.FAILURES, _by_two(counts.failures)
    yield table.START_DELAY, [Sample(counts.start_delay)]
    yield table.DURATION, [Sample(counts.duration)]
    yield table.APPEND, [Sample(m.appends)]
    yield table.EVENTS, _by_one(counts.events)
    yield table.SEQ, [Sample(m.seq)]
    yield table.LOG_BYTES, [Sample(m.log_bytes)]
    yield table.DISK_FREE, _where_known(m.free_bytes)
    yield table.VERIFIED_SEQ, _where_known(m.verified_seq)
    yield table.VERIFY_OK, _where_known(m.is_verified)
    yield table.POISONED, [Sample(m.is_poisoned)]
    following = m.next_of_schedule
    yield table.SCHEDULE_NEXT, _where_known(None if following is None else following.timestamp())
    yield table.MISFIRES, _by_one(counts.misfires)
    soonest = sorted(m.tokens.items(), key=lambda item: (item[1], item[0]))[:MOST_TOKENS]
    yield table.TOKEN_EXPIRES, [Sample(at.timestamp(), (account,)) for account, at in soonest]
    yield table.BUILD_INFO, [Sample(1, (__version__,))]


def _where_known(value: float | None) -> list[Sample]:
    return [] if value is None else [Sample(value)]


def _by_one(counted: Mapping[str, int]) -> list[Sample]:
    return [Sample(count, (name,)) for name, count in sorted(counted.items())]


def _by_two(counted: Mapping[str, Mapping[str, int]]) -> list[Sample]:
    return [
        Sample(count, (name, each))
        for name, counts in sorted(counted.items())
        for each, count in sorted(counts.items())
    ]
