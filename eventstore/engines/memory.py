"""MemoryEventStore: the promises of `EventStore` without a disk, for tests and simulations.

A `MemoryLog` is what a directory is to the JSONL store: several handles may share one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from ...domain.errors import StorageError
from ..record import GENESIS, RECORDS, Form, NewRecord, encode_write
from ..store import Identity, Observer, VersionConflictError, position_conflict
from ..zone_rules import check_same_zone


class MemoryLog:
    """The records of one ledger, in order."""

    def __init__(self, *, timezone: str = "UTC", ledger_id: str | None = None) -> None:
        self.identity = Identity(ledger_id or str(uuid4()), timezone)
        self.records: list[Any] = []
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
        form: Form = RECORDS,
    ) -> None:
        check_same_zone(timezone, log.identity.timezone)
        self._log = log
        self._clock = clock
        self._observer = observer
        self._form = form
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
            (r.version for r in reversed(self._log.records[: self._seq]) if r.job_id == job), 0
        )

    def jobs(self) -> Collection[str]:
        return dict.fromkeys(record.job_id for record in self._log.records[: self._seq])

    def append(self, records: Sequence[NewRecord], *, expected_seq: int | None = None) -> list[Any]:
        with self._log.lock:
            self.refresh()
            if expected_seq not in (None, self._seq):
                raise position_conflict(self._seq, expected_seq)
            versions: dict[str, int] = {}
            for new in records:
                current = versions.get(new.job_id, self._log.versions.get(new.job_id, 0))
                if new.version != current + 1:
                    raise VersionConflictError(
                        f"job {new.job_id} is at version {current}, not {new.version - 1}",
                        job_id=new.job_id,
                    )
                versions[new.job_id] = new.version
            now = self._clock()
            prev = self._log.records[-1].hash if self._log.records else GENESIS
            first = self._seq + 1
            _, written = encode_write(
                records, seq=first, batch=first, at=now, prev=prev, form=self._form
            )
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

    def read(self, after: int = 0) -> Iterator[Any]:
        return iter(self._log.records[after : self._seq])

    def sync(self) -> None:
        """Nothing is more durable than memory here."""

    def close(self) -> None:
        self._closed = True
