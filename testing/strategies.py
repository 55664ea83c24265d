"""Hypothesis strategies: texts, metadata, jobs, changes of a job, faults of a disk, ledgers."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from ..domain import JobLedgerError, JobPriority, NewJob, is_visible, meant_platform
from ..ledger import Ledger, ManualClock
from .disk import SimulatedDisk
from .faults import Fault
from .processes import SimulatedWriter
from .stores import LEDGER

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The moment at which `ledgers` begin and that `jobs` are scheduled around, unless told."""

_CHARACTERS = st.characters(exclude_categories=["Cs"])
texts = st.text(_CHARACTERS, min_size=1, max_size=60).filter(
    lambda text: bool(text.strip()) and is_visible(text)
)
"""Any text that a job may have."""
platforms = texts.filter(lambda name: meant_platform(name) is None)
"""Any name of a platform that a job may have: none that is nearly one of a table."""
keys = st.text(_CHARACTERS, max_size=10)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_CHARACTERS, max_size=20)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
"""Any value that JSON and the log can hold."""
metadata = st.dictionaries(keys, json_values, max_size=4)


def jobs(
    now: datetime = START,
    *,
    accounts: st.SearchStrategy[str] = texts,
    contents: st.SearchStrategy[str] = texts,
    within: timedelta = timedelta(hours=6),
) -> st.SearchStrategy[NewJob]:
    """Jobs that `add_job` accepts at `now`, due up to `within` before or after it."""
    return st.builds(
        NewJob,
        account_id=accounts,
        content=contents,
        scheduled_time=st.timedeltas(-within, within).map(lambda by: now + by),
        priority=st.sampled_from(JobPriority),
        max_retries=st.integers(0, 4),
        platform=platforms,
        metadata=st.none() | metadata,
        hold=st.booleans(),
    )


class JobChange(msgspec.Struct, frozen=True):
    """A change that anybody may ask for: the method of Ledger, its arguments, and the states in
    which the lifecycle has it. `delay` is for those that take a time: from now."""

    method: str
    states: tuple[str, ...]
    arguments: dict[str, Any] = {}
    delay: timedelta | None = None

    def __call__(self, ledger: Ledger, job_id: str) -> None:
        call: Callable[..., None] = getattr(ledger, self.method)
        if self.delay is None:
            call(job_id, **self.arguments)
        else:
            call(job_id, ledger._now() + self.delay, **self.arguments)


_WAITING = ("pending", "scheduled")
_DELAYS = st.timedeltas(timedelta(hours=-6), timedelta(hours=6))


def commands() -> st.SearchStrategy[JobChange]:
    """Every command that a user can give for one job, as a `Change`."""
    return st.one_of(
        st.just(JobChange("hold_job", ("scheduled",))),
        st.just(JobChange("release_job", ("pending",))),
        st.builds(
            lambda content, priority: JobChange(
                "edit_job", _WAITING, {"content": content, "priority": priority}
            ),
            texts,
            st.sampled_from(JobPriority),
        ),
        _DELAYS.map(lambda delay: JobChange("reschedule_job", _WAITING, delay=delay)),
        texts.map(lambda why: JobChange("cancel_job", (*_WAITING, "running"), {"reason": why})),
        _DELAYS.map(
            lambda delay: JobChange("requeue_job", ("failed", "expired", "cancelled"), delay=delay)
        ),
        st.just(
            JobChange(
                "remove_job",
                (*_WAITING, "completed", "failed", "cancelled", "expired"),
            )
        ),
    )


def disk_faults() -> st.SearchStrategy[Fault]:
    """One operation of the next thirty fails: by death, an error, a full disk or a short write."""
    return st.builds(
        Fault,
        at=st.integers(1, 30),
        error=st.sampled_from([None, errno.EIO, errno.ENOSPC]),
        always=st.booleans(),
        part=st.sampled_from([0.0, 0.4, 0.9]),
    )


@st.composite
def ledgers(draw: st.DrawFn, *, clock: ManualClock | None = None, max_jobs: int = 8) -> Ledger:
    """Draw an open Ledger in memory with a history: jobs, and changes of them that were allowed.

    Its disk is a SimulatedDisk, its clock stands still at the last event. Close it when done.
    """
    clock = ManualClock(START) if clock is None else clock
    ledger = SimulatedWriter(LEDGER, clock=clock, fs=SimulatedDisk())
    for new in draw(st.lists(jobs(clock.now()), max_size=max_jobs)):
        job_id = ledger.add_jobs([new])[0]
        for change in draw(st.lists(commands(), max_size=3)):
            clock.advance(draw(st.timedeltas(timedelta(0), timedelta(hours=1))))
            try:
                change(ledger, job_id)
            except JobLedgerError:
                continue  # not in that state
    return ledger
