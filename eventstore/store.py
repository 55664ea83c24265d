"""The EventStore protocol: what every engine promises, and no more than all of them can keep.

An engine holds one ledger's records in one global order. Appending is conditional on the version of
the job; reading starts from a position; following is asking whether something came and having it
delivered. Locks, files and flushing are the engine's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

from ..domain.errors import JobLedgerError
from .record import NewRecord

Durability = Literal["fsync", "batch", "none"]
Observer = Callable[[Sequence[Any]], None]
"""Gets each record of the ledger once, in order, whoever appended it; whole writes at a time."""


class Identity(msgspec.Struct, frozen=True):
    """What a ledger is, fixed when it is created."""

    ledger_id: str
    timezone: str


class VersionConflictError(JobLedgerError):
    """The job is not at the version that the append expected; nothing of it was appended.

    Internal: a ledger decides again on the newer state.
    """

    job_id: str


def position_conflict(seq: int, expected: int | None) -> VersionConflictError:
    """The error for an append that expected the log to end elsewhere."""
    return VersionConflictError(f"the log is at record {seq}, not {expected}", job_id="")


class EventStore(Protocol):
    """One handle on a ledger's log. Safe to use from any thread.

    It hands records out in the `Form` that it was opened with.
    """

    @property
    def identity(self) -> Identity:
        """The ledger's id and time zone."""

    @property
    def seq(self) -> int:
        """The sequence number of the last record delivered to the observer, 0 before any."""

    def version(self, job: str) -> int:
        """The version of the job's latest delivered record; 0 when it has none."""

    def jobs(self) -> Collection[str]:
        """The ids of all jobs with a delivered record, in the order of their first one."""

    def append(self, records: Sequence[NewRecord], *, expected_seq: int | None = None) -> list[Any]:
        """Append all of `records` or none, as one write, and deliver them to the observer.

        What others appended meanwhile is delivered first. On return the records are as durable as
        the engine's setting says. With `expected_seq` they are appended only as the very next ones
        after that record: for what was decided on more than the jobs concerned.

        Raises:
            VersionConflictError: a record's version does not follow its job's latest one, or the
                log has gone on beyond `expected_seq`.
            StorageError: the outcome is unknown, and this handle accepts no more appends.
        """

    def refresh(self) -> None:
        """Deliver every record that is acknowledged and that this handle has not seen.

        A new handle has seen nothing: its first `refresh` (or `append`) delivers the whole log.

        Raises:
            LedgerCorruptError: the log does not verify from here on.
        """

    def changed(self) -> bool:
        """Whether `refresh` would deliver something. Cheap enough to ask many times a second."""

    def read(self, after: int = 0) -> Iterator[Any]:
        """The records after `after`, in order, up to the last one delivered when it is called."""

    def sync(self) -> None:
        """Make everything acknowledged durable, whatever the durability setting."""

    def close(self) -> None:
        """Sync, and let go of everything held. Calling it again does nothing."""
