"""MemoryEventStore: the promises of `EventStore` without a disk, for tests and simulations.

A `MemoryLog` is what a directory is to the JSONL store: several handles may share one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from uuid import uuid4

from ..domain.errors import StorageError, ValidationError
from .record import GENESIS, NewRecord, Record, encode_record
from .store import Identity, Observer, VersionConflictError, position_conflict


class MemoryLog:
    """The records of one ledger, in order."""

    def __init__(self, *, timezone: str = "UTC", ledger_id: str | None = None) -> None:
        self.identity = Identity(ledger_id or str(uuid4()), timezone)
        self.records: list[Record] = []
        self.versions: dict[str, int] = {}
        self.lock = threading.RLock()


class MemoryEventStore:
    """One handle on a MemoryLog."""

    def __init__(
        self,
        log: MemoryLog,
        *,
        clock: Callable[[], datetime],
        observer: Observer = lambda records: None,
        timezone: str | None = None,
    ) -> None:
        if timezone is not None and timezone != log.identity.timezone:
            raise ValidationError(
                f"timezone is {timezone!r}, but this ledger was created with"
                f" {log.identity.timezone!r}",
                field="timezone",
            )
        self._log = log
        self._clock = clock
        self._observer = observer
        self._seq = 0
        self._closed = False

    @property
    def identity(self) -> Identity:
        return self._log.identity

    @property
    def seq(self) -> int:
        return self._seq

    def version(self, job: str) -> int:
        return next(
            (r.version for r in reversed(self._log.records[: self._seq]) if r.job == job), 0
        )

    def jobs(self) -> Collection[str]:
        return dict.fromkeys(record.job for record in self._log.records[: self._seq])

    def append(
        self, records: Sequence[NewRecord], *, expected_seq: int | None = None
    ) -> list[Record]:
        with self._log.lock:
            self.refresh()
            if expected_seq not in (None, self._seq):
                raise position_conflict(self._seq, expected_seq)
            versions: dict[str, int] = {}
            for new in records:
                current = versions.get(new.job, self._log.versions.get(new.job, 0))
                if new.version != current + 1:
                    raise VersionConflictError(
                        f"job {new.job} is at version {current}, not {new.version - 1}",
                        job_id=new.job,
                    )
                versions[new.job] = new.version
            now = self._clock()
            prev = self._log.records[-1].hash if self._log.records else GENESIS
            written: list[Record] = []
            for index, new in enumerate(records):
                _, record = encode_record(
                    new,
                    seq=self._seq + index + 1,
                    batch=self._seq + 1,
                    more=len(records) - index - 1,
                    at=now,
                    prev=prev,
                )
                prev = record.hash
                written.append(record)
            self._log.records += written
            self._log.versions.update(versions)
            self.refresh()
            return written

    def refresh(self) -> None:
        if self._closed:
            raise StorageError("the ledger is closed")
        with self._log.lock:
            new = self._log.records[self._seq :]
            self._seq += len(new)
            if new:
                self._observer(new)

    def changed(self) -> bool:
        return not self._closed and len(self._log.records) > self._seq

    def read(self, after: int = 0) -> Iterator[Record]:
        return iter(self._log.records[after : self._seq])

    def sync(self) -> None:
        """Nothing is more durable than memory here."""

    def close(self) -> None:
        self._closed = True
