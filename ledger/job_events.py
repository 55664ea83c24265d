"""The events of a job, found by an index that is kept in step with the log when it is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice

from ..eventstore import EventLog, Place
from ..eventstore.engines.files import storage_errors
from ..instrumentation import logger
from ..projections import (
    MOST_EVENTS,
    EventIndex,
    EventIndexError,
    FileRun,
    IndexRun,
    LogEntry,
    MemoryRun,
    ProjectionWriter,
    encode_run,
    list_runs,
    read_runs,
)

WORTH_WRITING = 4096
"""So many events that the files do not have are worth a new one."""
_MOST_AT_ONCE = 16 * WORTH_WRITING
"""More than that nobody makes an index of who was not asked for it."""


class JobEvents:
    """Looks up events for one handle; in any thread. Its files are in the `place` of the ledger."""

    def __init__(
        self, log: EventLog[LogEntry], place: Place | None, writer: ProjectionWriter | None
    ) -> None:
        self._log = log
        self._place = place
        self._writer = writer
        self._lock = threading.Lock()
        self._index: EventIndex | None = None
        """None: the files have to be looked at."""
        self._saved = 0
        """The last event that the files have, as far as is known."""
        self._is_bad = False
        """Whether what the files say was found to be wrong."""

    def of(self, job_id: str) -> list[LogEntry]:
        """Return the events of a job that the log knows, in order.

        Raises:
            StorageError: the log cannot be read.
        """
        log = self._log
        due = log.version(job_id)
        if log.find(()) is None:
            return [record for record in log.read() if record.job_id == job_id]
        for _ in range(2):  # a file may be gone, which another process has put into a larger one
            try:
                records = log.find(self._seqs_of(job_id)) or ()
            except EventIndexError:
                continue
            found = [record for record in records if record is not None and record.job_id == job_id]
            # rule: index-is-counted
            if [record.version for record in found[:due]] == [*range(1, due + 1)]:
                return found
            break
        logger(job_id=job_id).warning("index of events ignored: it is made anew")
        self._distrust()
        return [record for record in log.read() if record.job_id == job_id]

    def _seqs_of(self, job_id: str) -> list[int]:
        with self._lock:
            try:
                index = self._brought_up()
                return [seq for seq in index.find(job_id) if seq <= self._log.seq]
            except EventIndexError:
                self._index = None
                raise

    def _distrust(self) -> None:
        """Begin without the files, which are removed when this handle next writes any."""
        with self._lock:
            self._index, self._saved, self._is_bad = EventIndex(), 0, True

    def _brought_up(self) -> EventIndex:
        """Return the index, with all that this handle knows. Under the lock."""
        if self._index is None:
            self._index = EventIndex(self._sound_runs())
        index = self._index
        records: Iterator[LogEntry] = self._log.read(index.last)
        while some := list(islice(records, _MOST_AT_ONCE)):
            events = ((record.job_id, record.seq) for record in some)
            index.add(MemoryRun.of(events, some[0].seq, some[-1].seq, some[-1].hash))
        return index

    def _sound_runs(self) -> list[FileRun]:
        """Return the runs on disk that are of this log."""
        if self._place is None or self._is_bad:
            return []
        try:
            runs = read_runs(*self._place, self._log.identity.ledger_id)
        except OSError:
            return []
        while runs and not self._is_of_log(runs[-1]):  # rule: index-of-this-log
            runs.pop()
        self._saved = runs[-1].last if runs else 0
        return runs

    def _is_of_log(self, run: FileRun) -> bool:
        if run.last > self._log.seq:
            return False
        last = next(self._log.find([run.last]) or iter(()), None)
        return last is not None and last.hash == run.hash

    def save(self) -> None:
        """Write what the files lack, where it is worth it.

        Raises:
            StorageError: it cannot be written; no harm is done.
        """
        log, writer = self._log, self._writer
        if writer is None or self._place is None or log.find(()) is None:
            return
        if not log.seq - self._saved >= WORTH_WRITING or log.seq > MOST_EVENTS:
            return
        if not log.is_sound:
            return  # what it knows may not be what is in the log
        with writer.locked(), self._lock:
            if self._is_bad:
                self._keep(writer, self._place, ())
                self._is_bad = False
            runs = self._sound_runs()
            if self._index is None or self._index.last < self._saved:
                self._index = EventIndex(runs)  # another process has come further
            missing = log.seq - self._saved
            if missing < WORTH_WRITING or log.seq - self._index.last > _MOST_AT_ONCE:
                return
            try:
                runs_now = self._brought_up().runs
            except EventIndexError:
                self._index, self._is_bad = None, True
                return
            log.sync()  # what is derived is never on disk before what it is derived from
            self._keep(writer, self._place, runs_now)
            self._index, self._saved = None, runs_now[-1].last

    def _keep(self, writer: ProjectionWriter, place: Place, runs: Sequence[IndexRun]) -> None:
        """Have these runs in files, and no others."""
        fs, directory = place
        kept = {run.path.name for run in runs if isinstance(run, FileRun)}
        with storage_errors("write", directory):
            for run in runs:
                if isinstance(run, MemoryRun):
                    name, data = encode_run(run, self._log.identity.ledger_id)
                    writer.put(directory / name, (data,))
                    kept.add(name)
            for path in list_runs(fs, directory):
                if path.name not in kept:
                    writer.put(path, None)
