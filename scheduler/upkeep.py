"""What a runner does for its ledger at its start and once a day, beside its work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from ..domain import JobLedgerError
from ..instrumentation import logger

EVERY = timedelta(days=1)


class MediaUpkeep:
    """Has files of posts removed that no job needs any more, in a thread: nothing waits for it."""

    def __init__(self, remove: Callable[[], list[str]], now: Callable[[], datetime]) -> None:
        self._remove = remove
        self._now = now
        self._last: datetime | None = None
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin where a day has passed. It never raises."""
        now = self._now()
        if self._last is not None and abs(now - self._last) < EVERY:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._last = now
        self._thread = threading.Thread(target=self._run, name="jobledger-media", daemon=True)
        with suppress(RuntimeError):  # no thread just now: tomorrow is time enough
            self._thread.start()

    def _run(self) -> None:
        try:
            removed = self._remove()
        except (JobLedgerError, OSError) as error:
            logger(error=str(error)).warning("files of posts could not be cleaned up")
            return
        if removed:
            logger(count=len(removed)).info("removed files of posts that no job needs")
