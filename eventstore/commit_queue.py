"""Group commit: callers who come while somebody writes go into the next write together.

Whoever comes when nobody writes leads: it writes in its own thread, for itself and without handing
anything over. The others wait, each for itself, until they are written or it is theirs to lead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic

from ..domain import StorageError, ValidationError
from .record import MAX_LINE_BYTES, MAX_WRITE_BYTES, NewRecord, R

Decision = Callable[[], Sequence[NewRecord]]
"""Says what is to be appended, on what is known when it is called."""
MAX_APPEND_BYTES = MAX_WRITE_BYTES // 2
"""The most that one caller appends, so that no torn tail is longer than MAX_WRITE_BYTES."""
MAX_SHARED_BYTES = 32 * 1024 * 1024
"""The most that a write carries which several callers share: nobody waits long for the others."""
_LOOK_EVERY_S = 1.0
"""How often whoever waits looks whether somebody is still at work."""
ENVELOPE_BYTES = 512
"""More than a record has around its data."""


class Append(Generic[R]):
    """One caller's records, for a write that may carry those of others too; or a decision, which
    gives them when the write is made, and whose write carries nothing else.

    `finish` says that the write is over; then there is either an `error` or the `result`.
    Calling `lead` and `finish` again does nothing, so whoever was broken off in them may repeat.

    Raises:
        ValidationError: they are too many for one write, or one is too long for a line.
    """

    __slots__ = (
        "_is_going_on",
        "_turn",
        "decision",
        "error",
        "is_written",
        "leads",
        "records",
        "result",
        "size",
    )

    def __init__(self, records: Sequence[NewRecord], decision: Decision | None = None) -> None:
        self.records = records
        self.decision = decision
        self.result: list[R] = []
        self.error: Exception | None = None
        self.is_written = False
        """Whether it is in the log, as durable as the ledger's setting says."""
        self.leads = False
        """Whether its caller has to write now, for itself and for those who wait."""
        self._turn: threading.Lock | None = None
        self._is_going_on = False
        self.size = _size_of(records)
        """About how many bytes it is in the log."""

    def decide(self) -> None:
        """Have the records that the decision gives now, if it is one.

        Raises:
            ValidationError: as when it is made; or whatever the decision raises.
        """
        if self.decision is not None:
            self.records = self.decision()
            self.size = _size_of(self.records)

    def wait_in_line(self) -> None:
        """From here on `wait` waits until there is news."""
        self._turn = threading.Lock()
        self._turn.acquire()

    def wait(self) -> bool:
        """Wait until it is finished, or its caller has to lead; False when nothing has come of it
        for a while."""
        return self._turn is None or self._turn.acquire(timeout=_LOOK_EVERY_S)

    def lead(self) -> None:
        """Have its caller write."""
        self.leads = True
        self._go_on()

    def finish(self) -> None:
        """Let its caller go on: it was written, or has an error."""
        self._go_on()

    def _go_on(self) -> None:
        if self._turn is None or self._is_going_on:
            return
        if self._turn.locked():  # else a call of this that was broken off has let it go
            self._turn.release()
        self._is_going_on = True


def _size_of(records: Sequence[NewRecord]) -> int:
    total = 0
    for new in records:
        size = len(new.data) + ENVELOPE_BYTES
        if size > MAX_LINE_BYTES:
            raise ValidationError(f"a record is longer than {MAX_LINE_BYTES} bytes", field="data")
        total += size
    if total > MAX_APPEND_BYTES:
        raise ValidationError(
            f"{len(records)} records in one write are about {total} bytes, over {MAX_APPEND_BYTES}",
            field="jobs",
            hint="add them in several parts",
        )
    return total


class CommitQueue(Generic[R]):
    """Those who wait for a write, in the order in which they came.

    An interruption (Ctrl-C, a signal's handler that raises) may come anywhere. Nobody may be left
    waiting for a leader who is gone: what has to be done for others is done again where it was
    broken off, and doing it twice does no harm.
    """

    def __init__(self) -> None:
        self._appends: dict[int, Append[R]] = {}
        """By the thread that waits."""
        self._lock = threading.Lock()
        self._leader: int | None = None
        """The thread that writes, or is about to. None: nobody does, and nobody waits."""
        self._taken: list[Append[R]] = []
        """What the leader is writing."""
        self._here: set[int] = set()
        """The threads that are in `write`."""

    def __len__(self) -> int:
        return len(self._appends)

    def is_here(self) -> bool:
        """Whether the calling thread is in `write` already: this is a handler that interrupted it,
        or an observer that it calls."""
        return threading.get_ident() in self._here

    def write(self, append: Append[R], lead: Callable[[], None]) -> None:
        """Return when `append` is finished: by somebody who led, or by `lead`, called here.

        `lead` has to `take` the appends that it writes, this one among them, and to finish them
        all. An append that its caller breaks off (Ctrl-C) while it waits is not written.

        Raises:
            StorageError: this very thread is in the midst of an append.
        """
        thread = threading.get_ident()
        if thread in self._here:
            raise change_within_change()
        try:
            self._here.add(thread)
            self._join(append, thread)
            while not append.wait():
                if self._is_left_alone(append, thread):
                    break
            if append.leads:
                lead()
        except BaseException:
            self._break_off(append, thread)
            raise
        finally:
            try:
                self._pass_on(thread)
            except BaseException:
                self._pass_on(thread)
                raise
            finally:
                self._here.discard(thread)

    def _join(self, append: Append[R], thread: int) -> None:
        with self._lock:
            if self._leader is None:
                append.leads = True
                self._leader = thread
            else:
                append.wait_in_line()
            self._appends[thread] = append

    def _is_left_alone(self, append: Append[R], thread: int) -> bool:
        """Whether nobody leads any more: several interruptions may do that. Then the caller does,
        or hears that whoever had taken its append is gone."""
        with self._lock:
            if self._leader in self._here and not append.leads:
                return False
            if self._appends.get(thread) is append:
                self._leader, append.leads = thread, True
            elif not append.is_written and append.error is None:
                append.error = broken_off()
            return True

    def take(self) -> list[Append[R]]:
        """Take as many from the front as fit into one write, to be finished; the rest are for the
        next. A decision is taken alone.

        For who leads, whose own append is the first.
        """
        size = 0
        taken: list[Append[R]] = []
        with self._lock:
            for append in self._appends.values():
                size += append.size
                is_alone = append.decision is not None
                if taken and (is_alone or size > MAX_SHARED_BYTES):
                    break
                taken.append(append)
                if is_alone:
                    break
            self._taken = taken  # before they leave the line: see `_break_off`
            if len(taken) == len(self._appends):
                self._appends.clear()
            else:
                for thread in list(self._appends)[: len(taken)]:
                    del self._appends[thread]
        return taken

    def _break_off(self, append: Append[R], thread: int) -> None:
        """Leave the line; and whoever leads leaves nobody waiting whom it has taken."""
        with self._lock:
            if self._appends.get(thread) is append:
                del self._appends[thread]
            taken = self._taken if append.leads and self._leader == thread else []
        for other in taken:
            if not other.is_written and other.error is None:
                other.error = broken_off()
            other.finish()

    def _pass_on(self, thread: int) -> None:
        """After leading: who has waited longest leads now. Does nothing when it was done."""
        with self._lock:
            if self._leader != thread:
                return
            self._taken = []
            first = next(iter(self._appends), None)
            if first is not None:
                self._appends[first].lead()  # it waits for our lock before it does anything
            self._leader = first


def broken_off() -> StorageError:
    """Return the error for an append whose writer was interrupted."""
    return StorageError(
        "the write was interrupted; whether the change is in the log is unknown",
        remedy="look_for_it",
    )


def change_within_change() -> StorageError:
    """Return the error for an append by a thread in the midst of one, or of being told of one."""
    return StorageError(
        "a change was made from within another change",
        hint="a projection or a signal handler is no place to change jobs",
    )
