"""Writing to a log: several callers' records as one write, and what becomes of that."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Generic

from ..domain import JobLedgerError, LedgerBusyError
from ..instrumentation import Histogram
from .clock_jump import JumpGuard
from .commit_queue import Append
from .cursor import Cursor
from .delivery import Delivery
from .follower import LogFollower
from .log_figures import APPEND_BOUNDS_S
from .port import (
    AppendFailedError,
    Durability,
    Engine,
    Exclusive,
    LogReplacedError,
    Queues,
    Reopens,
    Write,
)
from .record import Form, Header, NewRecord, R, encode_header, encode_write
from .scan import new_header
from .standing import Standing
from .versions import accept


class LogWriter(Generic[R]):
    """Appends to the engine behind what `follower` has read; used by one thread at a time."""

    def __init__(
        self,
        engine: Engine,
        follower: LogFollower[R],
        form: Form[R],
        delivery: Delivery[R],
        standing: Standing,
        clock: Callable[[], datetime],
        jump: JumpGuard,
        durability: Durability,
    ) -> None:
        self._engine = engine
        self._queues = engine if isinstance(engine, Queues) else None
        self._follower = follower
        # Asked for at each write: straight from the engine where it has them.
        self._turn: Callable[[], AbstractContextManager[None]] = follower.turn
        self._settle: Callable[[], None] = follower.settle
        if isinstance(engine, Exclusive):
            self._turn, self._settle = engine.turn, partial(_settle, engine, follower)
        self._form = form
        self._delivery = delivery
        self._standing = standing
        self._clock = clock
        self._jump = jump
        self._durability = durability
        self._is_overtaken = False
        """Others appended since this handle did: to do it on what is known would be in vain."""
        self.took = Histogram.of(APPEND_BOUNDS_S)
        """How long the writes of this handle took, from the wait for the turn to the answer."""

    def commit(self, together: list[Append[R]]) -> None:
        """Write once, and sync once, for everybody who waits; finish them all."""
        follower = self._follower
        try:
            self._mend()
            begun = perf_counter()
            with self._turn():
                accepted, written = self._write(together)
            if written:
                self._count(perf_counter() - begun)
            start = 0
            for request in accepted:
                request.result = written[start : start + len(request.records)]
                request.is_written = True
                start += len(request.records)
            if written:
                self._tell(written)
        except LogReplacedError as error:
            follower.lose()
            _fail(together, error)
        except AppendFailedError as error:
            follower.let_go()
            _fail(together, self._standing.fail(error))
        except Exception as error:  # noqa: BLE001 - every waiting caller has to hear of it
            follower.let_go()
            _fail(together, error)
        except BaseException:
            # Ctrl-C in the middle of a write: nobody knows how far it got.
            self._standing.break_off()
            raise  # whoever waits hears of it by `CommitQueue`
        for request in together:
            request.finish()

    def _count(self, seconds: float) -> None:
        """Do what `Histogram.add` does, here, since it is done for each write."""
        self.took.counts[bisect_left(APPEND_BOUNDS_S, seconds)] += 1
        self.took.sum_us += round(seconds * 1e6)

    def _mend(self) -> None:
        """Be able to write: go on after an interruption, which is no fault of the disk's.

        Raises:
            StorageError: the handle is closed, refused or poisoned.
        """
        standing = self._standing
        if not standing.is_sound:
            if standing.was_broken_off and not standing.is_closed:
                self.reopen()
            standing.check_usable()
        follower = self._follower
        if not (follower.is_read and follower.log.is_whole):
            follower.read_anew()

    def _write(self, together: list[Append[R]]) -> tuple[list[Append[R]], list[R]]:
        """Append what can be accepted of this, as one write, again where others were faster; only
        then the cursor moves. Returns whose it is, and the records."""
        written: tuple[list[Append[R]], list[R]] | None = None
        if self._queues is None:
            written = self._on_newest(together)
        elif not self._is_overtaken and all(request.decision is None for request in together):
            written = self._at_once(together)
        while written is None:
            with self._queue():
                written = self._on_newest(together)
        return written

    def _at_once(self, together: list[Append[R]]) -> tuple[list[Append[R]], list[R]] | None:
        """Append on what is known, without a look at what there is: the engine compares. None:
        nothing was, and nobody was refused for it."""
        refused = [request for request in together if request.error is not None]
        written = self._try(together)
        if written is not None and written[1]:
            return written  # so what was known was all there is, also for those that were refused
        for request in together:
            if request not in refused:
                request.error = None
        return None

    def _on_newest(self, together: list[Append[R]]) -> tuple[list[Append[R]], list[R]] | None:
        """Append behind what there is by now; None: others were faster."""
        seen = self._follower.log.cursor.seq
        self._settle()  # rule: catch-up-before-appending
        self._is_overtaken = self._follower.log.cursor.seq != seen
        return self._try(together)

    def _try(self, together: list[Append[R]]) -> tuple[list[Append[R]], list[R]] | None:
        """Append behind what is known; None: that is not the end."""
        for request in together:
            if request.decision is not None:
                request.decide()
        log = self._follower.log
        accepted, versions = accept(together, log.versions)
        # Most writes are of one caller.
        news: Sequence[NewRecord] = (
            accepted[0].records
            if len(accepted) == 1
            else [new for request in accepted for new in request.records]
        )
        if not news:
            return accepted, []
        write, header, then, records = self._encode(news)
        # rule: lost-answer-is-no-refusal
        if not self._engine.append(write, after=log.cursor, then=then):
            return None
        log.go_on(then, header, versions)
        return accepted, records

    def _queue(self) -> AbstractContextManager[None]:
        # rule: overtaken-once
        return nullcontext() if self._queues is None else self._queues.queue()

    def _encode(self, news: Sequence[NewRecord]) -> tuple[Write, Header | None, Cursor, list[R]]:
        """Make the lines of one write that follows the cursor, the header of the day where they
        begin it, and where the cursor will stand."""
        then = self._follower.log.cursor.copy()
        now = news[0].at if len(news) == 1 else max((n.at for n in news if n.at), default=None)
        now = now or self._clock()
        day = max(now.date().isoformat(), then.day)  # rule: day-never-goes-back
        header, header_line = None, b""
        if day != then.day:
            if then.day:
                self._jump.check(now, then.day)  # rule: no-file-after-a-jump
            header = new_header(self._engine.identity, day, then)
            header_line, digest = encode_header(header)
            then.enter(day, len(header_line), digest)
        # What begins a day comes behind what is durable, whatever was before.
        durable_seq = self._engine.durable_seq if header is None else then.seq
        batch = durable_seq + 1  # rule: record-names-its-batch
        lines, records = encode_write(
            news, seq=then.seq + 1, batch=batch, at=now, prev=then.hash, form=self._form
        )
        then.append(len(lines), records, batch)
        return Write(day, header_line, lines), header, then, records

    def _tell(self, written: list[R]) -> None:
        """Deliver what is in the log. It is acknowledged whatever comes of that: an observer that
        has no memory just now, or no thread, has it read the log anew."""
        try:
            self._delivery.deliver(written)
        except JobLedgerError:
            raise
        except Exception:  # noqa: BLE001 - it is not whole, and so it is read anew
            return
        self._follower.log.told()

    def sync(self) -> None:
        """Make everything acknowledged durable, whatever the durability setting.

        Raises:
            StorageError: what was acknowledged is not on disk.
        """
        follower, standing, engine = self._follower, self._standing, self._engine
        if standing.is_closed or standing.is_refused or not follower.is_whole:
            return
        if standing.poison is not None:
            if engine.durable_seq < follower.log.cursor.seq and self._durability != "fsync":
                raise standing.poison  # what was acknowledged is not on disk
            return
        try:
            try:
                if follower.has_turns:  # else nobody has left anything that is not whole
                    with follower.turn():
                        follower.settle()
                        engine.sync(follower.log.cursor)
                else:
                    engine.sync(follower.log.cursor)
            except LedgerBusyError:
                # What was acknowledged here can be made certain all the same, without a turn.
                engine.sync(follower.log.cursor)
        except LogReplacedError:
            follower.lose()
            raise
        except AppendFailedError as error:
            raise standing.fail(error) from error.__cause__

    def reopen(self) -> None:
        """Do what closing and opening again does after a failed write, on this very handle.

        Raises:
            StorageError: the disk still refuses; nothing has changed.
        """
        follower, engine = self._follower, self._engine
        if self._standing.poison is None:
            return
        if isinstance(engine, Reopens):
            try:
                engine.reopen(follower.log.cursor if follower.is_whole else None)
            except LogReplacedError:
                follower.lose()
        if not follower.is_whole:
            follower.read_anew()
        with follower.turn():
            follower.settle(opening=True)
        self._standing.recover()


def _settle(engine: Exclusive, follower: LogFollower[R]) -> None:
    engine.settle(follower.log)


def _fail(together: list[Append[R]], error: Exception) -> None:
    for request in together:
        if not request.is_written:
            request.error = request.error or error
