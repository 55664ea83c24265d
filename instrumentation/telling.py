"""Telling without changing what happens, and without flooding: failures that repeat, and callbacks.

How to say it is in `log`; here is how often, and what becomes of code of others that is only told
something.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Generic, ParamSpec

from ..domain import ValidationError
from .foreign import described
from .hooks import tell
from .interruption import is_interruption
from .log import logger
from .operational_event import RepeatedTrouble, TroubleOver

P = ParamSpec("P")

Progress = Callable[[int, int], None]
"""Called with what is done of a long work and what there is in all, as often as the work likes."""

FIRST_AGAIN_S = 10.0
LONGEST_AGAIN_S = 3600.0
MOST_KINDS = 5
"""So many different failures are told at once while it goes on; then even new ones wait."""


class Repeated:
    """A failure that may repeat, told once, then counted and told again ever more rarely.

    The first one is logged at once, so is each that says something else; the next after 10 seconds,
    and from then on after twice the time, up to an hour, with how many there were and since when.
    That it works again is told once. In any thread.
    """

    def __init__(
        self,
        event: str,
        *,
        again: str | None = None,
        time: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._event = event
        self._again = again or f"{event}: works again"
        self._time = time
        self._now = now
        self._lock = threading.RLock()  # a signal handler may come through here as well
        self._failures = 0
        self._kinds: set[str] = set()
        self._since: datetime | None = None
        self._next_at = 0.0
        self._wait_s = FIRST_AGAIN_S

    def failed(self, error: str | BaseException, **values: object) -> None:
        """Note that it failed, once more or for the first time."""
        from ..domain import grouped  # only needed when something is wrong

        text = described(error) if isinstance(error, BaseException) else error
        with self._lock:
            self._failures += 1
            kind = grouped(text)
            is_new = kind not in self._kinds and len(self._kinds) < MOST_KINDS
            at = self._time()
            if self._failures == 1:
                self._since = self._now()
                self._next_at, self._wait_s = at + FIRST_AGAIN_S, FIRST_AGAIN_S
            elif at >= self._next_at:
                self._wait_s = min(2 * self._wait_s, LONGEST_AGAIN_S)
                self._next_at = at + self._wait_s
            elif not is_new:
                return
            if is_new:
                self._kinds.add(kind)
            failures, since = self._failures, self._since
        tell(
            RepeatedTrouble(
                what=self._event, more=values, failures=failures, since=since, error=text
            )
        )

    def worked(self) -> None:
        """Note that it worked; cheap where it did before."""
        if not self._failures:
            return
        with self._lock:
            if not self._failures:
                return
            failures, since = self._failures, self._since
            self._failures = 0
            self._kinds.clear()
        tell(TroubleOver(what=self._again, failures=failures, since=since))


class OnlyTold(Generic[P]):
    """A callback of somebody else's that is told what happens, and cannot change it.

    When it raises, that is logged, and it is left alone from then on; an interruption passes.

    Raises:
        ValidationError: it cannot be called.
    """

    def __init__(self, what: str, callback: Callable[P, object]) -> None:
        if not callable(callback):
            raise ValidationError(f"{what} must be callable, not {callback!r:.60}", field=what)
        self._what = what
        self._callback: Callable[P, object] | None = callback

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell it, unless it has failed before."""
        if self._callback is None:
            return
        try:
            self._callback(*args, **kwargs)
        except BaseException as error:
            if is_interruption(error):
                raise
            self._callback = None
            logger(callback=self._what, error=error).error(
                "a callback failed; it is not called again"
            )
