"""LogReader: one pass over a log, without a lock, in constant memory, and on past damage.

A handle that keeps state has to stop at damage, because behind it every state is a guess. A reader
who only looks at events need not: each line carries its own hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ..domain.errors import LedgerCorruptError
from .engines.files.filesystem import FileSystem, located, storage_errors
from .engines.files.head import Head, HeadFile
from .engines.files.ledger_directory import find_days, first_identity
from .engines.files.segment import corrupt, day_file, read_header
from .log import Log
from .record import (
    MAX_LINE_BYTES,
    RECORDS,
    Form,
    Record,
    RecordError,
    Repaired,
    decode_record,
)

_CHUNK = 256 * 1024


class LogReader:
    """The events of a directory in order, from the first one, or from a later day (`begin`).

    `form` is what records are handed out as.

    `records` gives what is acknowledged and was not read yet; `changed` says whether there is more.
    So one reader follows a log for as long as it likes, over day changes and whoever writes.

    What does not verify goes to `damages`, in order, and reading goes on behind it with every line
    that is sound in itself; whether those are all, and in their place, nobody can prove any more.

    Raises:
        StorageError: there is no ledger, it cannot be read, or a newer release wrote it.
    """

    def __init__(
        self, directory: Path, *, form: Form = RECORDS, fs: FileSystem | None = None
    ) -> None:
        self._fs = fs or FileSystem()
        self._form = form
        self._directory = directory = located(self._fs, directory)
        days = find_days(self._fs, directory)
        self.identity = first_identity(self._fs, directory, days)
        self._head_file = HeadFile(self._fs, directory, read_only=True)
        self._log = Log(
            self._fs,
            directory,
            self.identity.ledger_id,
            read_only=True,
            follow_versions=False,
            form=form,
        )
        self._rest: _Rest | None = None
        """What reads on behind damage."""
        self.damages: list[LedgerCorruptError] = []

    def begin(self, day: date | None) -> None:
        """Before reading: leave out the files in which nothing can be of `day` or later.

        A record is never in the file of an earlier day than its own.
        """
        days = find_days(self._fs, self._directory)
        if day is None or len(days) < 2 or days[0] >= day.isoformat():
            return
        before = max(name for name in days[:-1] if name < day.isoformat())
        following = day_file(self._directory, days[days.index(before) + 1])
        with storage_errors("read", following):
            fd = self._fs.open_read(following)
        try:
            header, _ = read_header(self._fs, fd, following)
        except LedgerCorruptError:
            return  # it will be met, and told of, on the way from the first file
        finally:
            self._fs.close(fd)
        cursor = self._log.cursor
        cursor.day, cursor.seq, cursor.hash = before, header.first_seq - 1, header.prev

    @property
    def repairs(self) -> list[Repaired]:
        """The repairs in what was read."""
        return self._log.repairs

    @property
    def seq(self) -> int:
        """The sequence number of the last record read."""
        return self._log.cursor.seq if self._rest is None else self._rest.seq

    def changed(self) -> bool:
        """Whether there are acknowledged records that were not read yet."""
        head = self._head()
        return head is not None and head.seq > self.seq

    def unread(self) -> int:
        """How many bytes there are that were not read yet."""
        place = self._log.cursor if self._rest is None else self._rest
        size = -place.offset
        for day in find_days(self._fs, self._directory):
            if day >= place.day:
                path = day_file(self._directory, day)
                with storage_errors("read", path):
                    size += self._fs.file_size(path)
        return size

    def _head(self) -> Head | None:
        with storage_errors("read", self._head_file.path):
            head = self._head_file.read()
        if head is not None and self.identity.ledger_id not in ("", head.ledger):
            raise corrupt(self._head_file.path, 1, 0, "head", "HEAD is of another ledger")
        return head

    def records(self) -> Iterator[Record]:
        """The records that are acknowledged by now and were not read before, in order."""
        head = self._head()
        if self._rest is None:
            steps = self._log.steps(head)
            damage: LedgerCorruptError | None
            try:
                while True:
                    yield from next(steps)
            except StopIteration as end:
                damage = end.value or self._too_short(head)
            except LedgerCorruptError as error:
                damage = error
            if damage is None:
                return
            self.damages.append(damage)
            self._rest = _Rest(self._fs, self._directory, self._log, self.damages, self._form)
        yield from self._rest.records(head)

    def _too_short(self, head: Head | None) -> LedgerCorruptError | None:
        if head is None or head.durable_seq <= self._log.cursor.seq:
            return None
        return self._log.behind(head)

    def close(self) -> None:
        self._log.close()
        self._head_file.close()


class _Rest:
    """What is behind damage: every line that is sound in itself; one damage for each bad run."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        log: Log,
        damages: list[LedgerCorruptError],
        form: Form,
    ) -> None:
        self._fs = fs
        self._directory = directory
        self._damages = damages
        self._log = log
        self._form = form
        self.day, self.offset, self._line = log.cursor.day, log.cursor.offset, log.cursor.line
        self.seq, self._hash = log.cursor.seq, log.cursor.hash
        self._following = True
        """Whether what comes next is still within the damage that is already known."""

    def records(self, head: Head | None) -> Iterator[Record]:
        days = [day for day in find_days(self._fs, self._directory) if day >= self.day]
        for day in days:
            path = day_file(self._directory, day)
            with storage_errors("open", path):
                fd = self._fs.open_read(path)
            try:
                if day != self.day:
                    self.day, self.offset, self._line = day, 0, 0
                with storage_errors("read", path):
                    limit = self._fs.size(fd)
                if head is not None and head.day == day:
                    limit = min(limit, head.offset)
                yield from self._file(fd, path, limit)
            finally:
                self._fs.close(fd)

    def _file(self, fd: int, path: Path, limit: int) -> Iterator[Record]:
        if self.offset == 0:
            self._enter(fd, path)
        rest, read_from = b"", self.offset
        while read_from < limit:
            with storage_errors("read", path):
                chunk = self._fs.read_at(fd, min(_CHUNK, limit - read_from), read_from)
            if not chunk:
                break
            read_from += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                record = self._judge(line, path)
                self.offset += len(line) + 1
                self._line += 1
                if record is not None:
                    yield record
            if len(rest) > MAX_LINE_BYTES:
                self._note(path, RecordError("unreadable", "a line without an end"))
                self.offset, rest = read_from, b""

    def _enter(self, fd: int, path: Path) -> None:
        try:
            header, length = read_header(self._fs, fd, path)
        except LedgerCorruptError as damage:
            self._add(damage)
            return
        self._log.note_repair(header)
        self.offset, self._line, self._hash = length, 1, header.hash
        if header.first_seq != self.seq + 1 and not self._following:
            self._note(path, RecordError("chain", f"the header does not follow record {self.seq}"))

    def _judge(self, line: bytes, path: Path) -> Any:
        """The record of a line that is sound in itself, else None; a new fault is noted."""
        try:
            record = decode_record(line, self._form.read)
        except RecordError as fault:
            self._note(path, fault)
            return None
        if record.seq <= self.seq:
            self._note(path, RecordError("sequence", f"record {record.seq} stands here again"))
            return None
        if record.prev != self._hash and not self._following:
            self._note(path, RecordError("chain", f"record {record.seq} does not chain"))
        self.seq, self._hash, self._following = record.seq, record.hash, False
        return record

    def _note(self, path: Path, fault: RecordError) -> None:
        self._add(corrupt(path, self._line + 1, self.offset, fault.kind, fault.message))

    def _add(self, damage: LedgerCorruptError) -> None:
        """Note damage, unless it goes on from the line before, or is what led here."""
        led_here = self._damages[0]
        if not self._following and (damage.path, damage.line) != (led_here.path, led_here.line):
            self._damages.append(damage)
        self._following = True
