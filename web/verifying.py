"""Verifying the log beside the requests: one at a time, in a thread that holds up nobody."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from time import monotonic as _now

import msgspec

from .. import JobLedgerError, Ledger, VerifyReport

MOST_AT_START = 250_000
"""A log of more events is verified when somebody wishes it, and not by itself."""
_LONGEST_REST_S = 0.05
_log = logging.getLogger("jobledger.web")


class Verified(msgspec.Struct, frozen=True):
    """What came of verifying the whole log: a report, or why there is none."""

    begun_at: datetime
    ended_at: datetime
    report: VerifyReport | None
    failure: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.report is not None and self.report.ok

    @property
    def seq(self) -> int:
        """The last event that was verified."""
        return 0 if self.report is None else int(self.report.head["seq"])


class _Stopped(SystemExit):
    """Ends a thread from within, where only an interruption gets through."""


class Verifying:
    """Verifies one ledger when asked to; `last` is what came of it the last time. Any thread may
    ask. It rests as long as it works, so that whoever asks for a page meanwhile gets it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._worked_since = 0.0
        self._done = (0, 0)
        self.last: Verified | None = None

    @property
    def is_running(self) -> bool:
        """Whether it is being verified."""
        return self._thread is not None

    @property
    def percent(self) -> int:
        """How much of it has been read."""
        done, total = self._done
        return min(100 * done // total, 99) if total else 0

    def start_with_server(self) -> None:
        """Verify the log once, unless it is so long that somebody should wish it first."""
        if self._ledger.seq <= MOST_AT_START:
            self.start()

    def start(self) -> bool:
        """Begin; False: it is being verified already, or the server is being stopped."""
        with self._lock:
            if self._thread is not None or self._stop.is_set():
                return False
            self._done = (0, 0)
            # A daemon: whatever it waits for, the program ends without it.
            self._thread = threading.Thread(target=self._run, name="verify", daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """Have it end soon, for good. It is not waited for."""
        self._stop.set()

    def wait(self, longest_s: float) -> None:
        """Wait until it is over."""
        thread = self._thread
        if thread is not None:
            thread.join(longest_s)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        begun_at, report, failure = self._ledger.now(), None, None
        try:
            self._worked_since = _now()
            report = self._ledger.verify(self._read)
        except _Stopped:
            self._thread = None
            return
        except JobLedgerError as error:
            failure = error.message
        except Exception as error:  # noqa: BLE001 - whoever looks is told of it
            _log.exception("the log could not be verified")
            failure = type(error).__name__
        self.last = Verified(begun_at, self._ledger.now(), report, failure)
        self._thread = None

    def _read(self, done: int, total: int) -> None:
        self._done = (done, total)
        if self._stop.wait(min(_now() - self._worked_since, _LONGEST_REST_S)):
            raise _Stopped
        self._worked_since = _now()
