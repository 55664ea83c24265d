"""Being asked to stop: from any thread, or from a signal handler, also before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """Raised in a publisher, or where one is waited for, when its time is up."""


class StopRequest:
    """What asks a `run` or a `run_due` to end.

    A request is seen by whatever runs when it is made; made while nothing runs, it is kept for what
    runs next, which then ends at once. Whoever has seen it has used it up. Nothing here takes a
    lock or waits, so that a signal handler may ask in the midst of anything.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._at_once = 0
        self._used = 0
        self._wake: list[Callable[[], object]] = []

    def ask(self) -> None:
        """Start nothing more, and end when what runs has ended, or its grace time."""
        self._asked += 1
        self._tell()

    def ask_at_once(self) -> None:
        """End now: whatever runs is given up."""
        self._at_once = self._asked = self._asked + 1
        self._tell()

    def _tell(self) -> None:
        for wake in list(self._wake):
            wake()

    @contextmanager
    def seen(self) -> Iterator[Stop]:
        """Within the `with` something runs that will end when it is asked to."""
        stop = Stop(self, self._used)
        try:
            yield stop
        finally:
            self._used = max(self._used, self._asked)

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Within the `with` each request calls `wake`, in whatever thread it is made."""
        self._wake.append(wake)
        try:
            yield
        finally:
            self._wake.remove(wake)


class Stop:
    """What one run sees of the requests."""

    def __init__(self, request: StopRequest, used: int) -> None:
        self._request = request
        self._used = used

    @property
    def is_asked(self) -> bool:
        """Whether it is to end."""
        return self._request._asked > self._used

    @property
    def is_at_once(self) -> bool:
        """Whether it is to end now."""
        return self._request._at_once > self._used
