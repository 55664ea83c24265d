"""The capabilities of engines that say who runs a ledger's jobs: one process, or any number."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from ..domain import StorageError


@runtime_checkable
class KeepsRunner(Protocol):
    """An engine that says itself which process runs the ledger's jobs, one at most."""

    def runner_lock(self) -> RunnerLock:
        """Return the lock of one runner, not taken yet."""

    def runner_pid(self) -> int | None:
        """Return the process that has it (0: it does not say); None: none."""


class RunnerLock(Protocol):
    """The right to run a ledger's jobs, which only one process has at a time."""

    def acquire(self) -> None:
        """Take it. Whatever it raises, `release` lets go of what was taken by then.

        Raises:
            SchedulerRunningError: another runner has it; names its pid.
        """

    def check(self) -> None:
        """Check that it is still ours.

        Raises:
            SchedulerRunningError: another runner has it.
        """

    def release(self) -> None:
        """Let go of it; again where that was interrupted."""

    def abandon(self) -> None:
        """Let go of what is this process's alone: in the child of a fork, it is the parent's."""


class RunnerSeen(msgspec.Struct, frozen=True):
    """A runner as the engine has it: by the engine's clock, in UTC. `expires_at`: when its lease
    runs out unless it is renewed, None where it holds until the process ends; `ended_by`: who ended
    it, which is the runner itself where it left."""

    runner: str
    started_at: datetime | None
    renewed_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None


@runtime_checkable
class SharesRuns(Protocol):
    """An engine on which any number of runners run a ledger's jobs, each by a lease that it renews.

    What has run out gives others the right to end that runner; until then it still may go on.
    """

    def lease(self, name: str) -> RunnerLease:
        """Return a lease for a runner in this process, not taken yet; `name` tells people who."""

    def runners(self) -> list[RunnerSeen]:
        """Return the runners that have not ended, and some that ended lately, the newest last.

        Raises:
            StorageError: they cannot be read.
        """


class RunnerLease(RunnerLock, Protocol):
    """The right of one runner to run jobs beside others, as long as it renews it.

    While it is held, the handle that it is of appends only by that right: not once it was ended.
    `acquire` takes a new one, under another `runner`; after an end the same object can do it again.
    """

    @property
    def runner(self) -> str:
        """Who that is, for the log: another name for each lease that ever was."""

    def valid_for_s(self) -> float:
        """Say for how long it holds without a further word from the engine, by a clock that goes on
        in a suspended machine; 0: it has run out, as far as is known here."""

    def living(self) -> frozenset[str]:
        """Return the runners that nobody has ended. One that is not among them has ended.

        Raises:
            StorageError: they cannot be read.
        """

    def end_lapsed(self) -> list[str]:
        """End the runners whose lease has run out, and return them: for good, from here on nothing
        that they append is taken. Nobody, where this one has not itself renewed for a whole lease:
        after a standstill of the engine all have run out at once.

        Raises:
            StorageError: it cannot be done.
        """


class RunnerEndedError(StorageError):
    """Another runner has ended this one, whose lease had run out. Internal: nothing was written."""
