"""Closing a handle: once, by whoever asks for it, and from wherever that is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from ..eventstore import EventLog
from ..eventstore.engines.files import Patience
from ..instrumentation import logger
from ..projections import LogEntry
from . import open_handles
from .derived_files import DerivedFiles
from .feed import Feed
from .settings import LedgerSettings
from .state import State
from .write_behind import WriteBehind


class Closing:
    """How far one handle is with its life, for all the names that it is used under."""

    def __init__(
        self,
        settings: LedgerSettings,
        log: EventLog[LogEntry],
        state: State,
        files: DerivedFiles | None,
        behind: WriteBehind,
        feed: Feed,
        patience: Patience,
        location: str,
        stop_clock: Callable[[], None],
    ) -> None:
        self._log = log
        self._state = state
        self._files = files
        self._behind = behind
        self._feed = feed
        self._patience = patience
        self._location = location
        self._stop_clock = stop_clock
        self._read_only = settings.read_only
        self._lock = threading.RLock()
        self.is_closed = False
        """Nothing new is begun with it."""
        self.is_let_go = False
        """Closing it is done."""

    def begin(self, handle: open_handles.Handle) -> None:
        """Note that the handle is open from here on."""
        open_handles.remember(handle, read_only=self._read_only)
        if not self._read_only:
            self._behind.follow()

    def close(self, handle: open_handles.Handle) -> None:
        """Close the handle, as `Ledger.close`; from within one of its calls, when that is over."""
        if self.is_let_go:
            return
        if handle._is_inside():
            self._close_later(handle)
            return
        with self._lock:
            if not self.is_let_go:
                self.is_closed = True
                self._patience.hurry()
                handle._let_go()
                self.is_let_go = True
        open_handles.forget(handle)

    def _close_later(self, handle: open_handles.Handle) -> None:
        """Have a thread close, which waits for the call that this one is in."""
        if self.is_closed:
            return  # it is being closed
        self.is_closed = True
        self._patience.hurry()
        with suppress(RuntimeError):  # no thread just now: it is closed at the program's end
            threading.Thread(target=open_handles.close_quietly, args=(handle,), daemon=True).start()

    def is_inside(self) -> bool:
        """Say whether the calling thread is in the midst of a call of the handle."""
        # The locks' own word for it, which `threading.Condition` relies on as well.
        mine = self._state.lock._is_owned() or self._lock._is_owned()  # type: ignore[attr-defined]
        writing = self._files is not None and self._files.is_inside()
        return mine or self._log.is_inside() or writing

    def is_in_use(self) -> bool:
        """Say whether another thread is in the midst of a call of the handle."""
        if not self._state.lock.acquire(blocking=False):
            return True
        self._state.lock.release()
        return self._log.is_in_use()

    def let_go(self) -> None:
        """Do what closing does; again where it was interrupted."""
        self._stop_clock()
        self._feed.close()
        if not self._behind.stop():
            logger(directory=self._location).error("closed while files are being written")
        try:
            if not self._read_only:
                self._behind.write_last()
        finally:
            self._log.close()
            self._behind.let_go()

    def abandon(self) -> None:
        """In the child of a fork: let go of what is the parent's, touching nothing."""
        self.is_closed = self.is_let_go = True
        self._stop_clock()
        self._feed.abandon()
        self._log.abandon()
