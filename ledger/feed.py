"""Events as they are acknowledged: one reader of a log, and all who receive what it reads.

The reader is a thread, which is there while somebody watches. It is given what this handle
delivers, and looks at the log's end ten times a second for what others append. What comes it hands
to everybody; a receiver that takes too little of it is let go, so that memory does not grow for it.

Nothing here that a receiver calls waits for a lock that is held for long, or that a signal's
handler could find held by its own thread: a `SimpleQueue` may be put to from anywhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from itertools import islice
from queue import Empty, SimpleQueue

from ..domain import Event, JobLedgerError, StorageError, WatcherLetGoError
from ..eventstore import EventLog
from ..projections import LogEntry, to_event
from .state import State

LOOK_EVERY_S = 0.1
MOST_WAITING = 10_000
"""While so many events wait for a receiver, and no more, it may get further ones."""
AT_ONCE = 500
"""So many events at most are read at once."""
_MOST_GIVEN = 256
"""So many deliveries wait for the reader at most; what comes then it reads in the log."""
_ENDS_WITHIN_S = 10.0
"""How long closing waits for the reader, which waits for nobody."""


class Receiver:
    """What waits for one who watches: events in order, then what ended it.

    Put to by the reader, and taken from by the one who watches.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Sequence[Event] | None] = SimpleQueue()
        """None is the end."""
        self._put = self._taken = 0
        """How many events; each is counted by one thread alone."""
        self._error: JobLedgerError | None = None
        self._is_let_go = False
        self._notify: Callable[[], object] | None = None

    def listen(self, notify: Callable[[], object] | None) -> None:
        """Have this called, by another thread, when there is something to take. Look once more
        after this, before waiting for it. None: nothing is called from here on."""
        self._notify = notify

    def put(self, events: Sequence[Event]) -> bool:
        """Have these wait; False: too many do already, and it is let go, or nobody is there."""
        if self._put - self._taken > MOST_WAITING:
            self._is_let_go = True
            with suppress(Empty):
                while True:
                    self._waiting.get_nowait()
            self.end(None)
            return False
        self._put += len(events)
        return self._give(events)

    def end(self, error: JobLedgerError | None) -> None:
        """Let nothing more come; whoever has taken the rest is told of the error."""
        self._error = error
        self._give(None)

    def _give(self, events: Sequence[Event] | None) -> bool:
        self._waiting.put(events)
        notify = self._notify
        try:
            if notify is not None:
                notify()
        except RuntimeError:  # the event loop of the one who watches is closed
            return False
        return True

    def take(self, longest_s: float) -> Sequence[Event] | None:
        """Return what waits, for which it waits at most so long: nothing, if nothing comes. None:
        it is over.

        Raises:
            WatcherLetGoError: it was let go.
            JobLedgerError: the log cannot be read any more.
        """
        try:
            events = (
                self._waiting.get(timeout=longest_s) if longest_s else self._waiting.get_nowait()
            )
        except Empty:
            return ()
        if self._is_let_go:
            raise WatcherLetGoError(f"more than {MOST_WAITING} events waited for this watcher")
        if events is not None:
            self._taken += len(events)
            return events
        if self._error is not None:
            raise copy(self._error) from self._error  # others are told of the same one
        return None


class Feed:
    """The reader of one handle's log."""

    def __init__(self, log: EventLog[LogEntry], state: State) -> None:
        self._log = log
        self._state = state
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._receivers: dict[Receiver, None] = {}
        self._thread: threading.Thread | None = None
        self._given: SimpleQueue[Sequence[LogEntry]] = SimpleQueue()
        """What was delivered and not handed out yet; an empty delivery only wakes the thread."""
        self._seq = 0
        """The last event that everybody was handed, while somebody watches."""
        self._is_closed = False

    @contextmanager
    def joined(self, receiver: Receiver) -> Iterator[int]:
        """Hand to the receiver, within the `with`, every event behind the one whose number this
        gives.

        Raises:
            StorageError: the handle is closed, or no thread can be started.
        """
        if self._pid != os.getpid():
            self._begin()  # in the child of a fork, whose parent's reader is not here
        try:
            with self._lock:
                self._receivers[receiver] = None
                self._log.check_open()
                if self._is_closed:  # looked at behind the line above: closing ends all it finds
                    raise StorageError("the ledger is being closed", hint="open it again")
                if self._thread is None or not self._thread.is_alive():
                    self._start()
                seq = self._seq
            yield seq
        finally:
            self._receivers.pop(receiver, None)
            if not self._receivers:
                self._given.put(())

    def serves(self, receiver: Receiver) -> bool:
        """Say whether it is still handed what comes; else it has by now what ended that, unless
        nobody was there to tell it."""
        thread = self._thread
        return receiver in self._receivers and thread is not None and thread.is_alive()

    def _start(self) -> None:
        self._given = SimpleQueue()
        thread = threading.Thread(target=self._run, name="jobledger-feed", daemon=True)
        self._thread = thread  # any other one that is still there ends
        if self._give not in self._state.on_records:
            self._state.on_records.append(self._give)
        self._seq = self._log.seq
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            self._thread = None
            raise StorageError(f"no thread can be started to watch the ledger: {error}") from error

    def _give(self, records: Sequence[LogEntry]) -> None:
        """Take what was delivered; called in the midst of that. What is left out is read later."""
        if records[-1].seq > self._seq and self._given.qsize() < _MOST_GIVEN:
            self._given.put(records)

    def close(self) -> None:
        """End everybody's watching, when they were handed what this handle knows."""
        self._is_closed = True
        self._given.put(())
        thread = self._thread
        # In a signal's handler this thread may have what that one waits for.
        is_inside = self._lock._is_owned()  # type: ignore[attr-defined]  # as Condition asks it
        if thread is not None and not is_inside:
            thread.join(_ENDS_WITHIN_S)
        self._end_all(None)

    def abandon(self) -> None:
        """End everybody's watching in the child of a fork, where there is no reader."""
        self._begin()
        self._is_closed = True

    def _end_all(self, error: JobLedgerError | None) -> None:
        for receiver in list(self._receivers):
            receiver.end(error)
            self._receivers.pop(receiver, None)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while self._goes_on():
            is_over = self._is_closed  # before what was delivered by then is handed out
            try:
                error = self._turn()
            except JobLedgerError as failure:
                error = failure
            except BaseException as failure:  # noqa: BLE001 - whoever watches is told of it
                error = StorageError(f"the ledger cannot be watched: {failure!r}")
            if error is not None or is_over:
                self._end_all(error)

    def _is_current(self) -> bool:
        return self._thread is threading.current_thread()

    def _goes_on(self) -> bool:
        """Say whether somebody watches; if nobody does, this thread is none any more."""
        with self._lock:
            if self._receivers and self._is_current():
                return True
            if self._is_current():
                self._thread = None
                with suppress(ValueError):
                    self._state.on_records.remove(self._give)
            return False

    def _turn(self) -> JobLedgerError | None:
        """Wait for what comes, and hand it out; return what ends the watching, if something does.

        Raises: what ends it as well.
        """
        error = None
        try:
            self._hand_out(self._given.get(timeout=LOOK_EVERY_S))
        except Empty:
            error = self._look()
        with suppress(Empty):
            while True:
                self._hand_out(self._given.get_nowait())
        self._read_missing(self._log.seq)
        return error

    def _look(self) -> JobLedgerError | None:
        """Bring the handle up to the log's end, which gives what is new; return what is wrong."""
        log = self._log
        try:
            if log.changed() or not log.is_sound:
                log.refresh()
            log.check_not_poisoned()
        except JobLedgerError as error:
            return error
        return log.damage

    def _hand_out(self, records: Sequence[LogEntry]) -> None:
        if not records or records[-1].seq <= self._seq:
            return
        self._read_missing(records[0].seq - 1)
        self._put([to_event(record) for record in records if record.seq > self._seq])

    def _read_missing(self, until: int) -> None:
        """Hand out what is in the log up to this number, and was not given here: more than may
        wait was delivered at once, or the state was read anew."""
        while self._seq < until and self._is_current():
            count = min(AT_ONCE, until - self._seq)
            events = [to_event(record) for record in islice(self._log.read(self._seq), count)]
            if not events:
                return
            self._put(events)

    def _put(self, events: Sequence[Event]) -> None:
        with self._lock:
            if not self._is_current():
                return
            self._seq = events[-1].seq
            receivers = list(self._receivers)
        for receiver in receivers:
            if not receiver.put(events):
                self._receivers.pop(receiver, None)
