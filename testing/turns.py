"""Processes that take turns: each in a thread of its own, of which only one goes on at a time.

Who is let go on, and how far, is decided by who holds the other end; nothing else decides anything,
so that the same decisions give the same history. Between two `point`s a process is alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .faults import Killed

FAR = 1_000_000
"""More points than any task has."""
_MOST_DEATHS = 10_000
"""A dead process that goes on for so long goes on for ever."""


class Actor:
    """One process: it does one task at a time, and stops at points of it until it is let go on.

    `error` is what the last task has raised. `name` is for people.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.is_dead = False
        self.points = 0
        """How many it has come to in its life."""
        self._task: Callable[[], object] | None = None
        self._left = 0
        self._deaths = 0
        self._waits_for: Callable[[], bool] | None = None
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._thread = threading.Thread(target=self._live, name=f"simulated {name}", daemon=True)
        self._is_ended = False
        self._thread.start()

    # -- from outside ------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether it is in the midst of a task."""
        return self._task is not None

    @property
    def is_blocked(self) -> bool:
        """Whether it waits for something that has not come."""
        return self._waits_for is not None and not self._waits_for()

    def begin(self, task: Callable[[], object]) -> None:
        """Give it something to do, once it is let go on."""
        assert self._task is None, f"{self.name} is at something already"
        self._task, self.error = task, None

    def go_on(self, points: int = FAR) -> None:
        """Let it go on for so many points at most, or until its task is over, or it has to wait."""
        if self._task is None or (self.is_blocked and not self.is_dead):
            return
        self._left = points
        self._go.release()
        self._back.acquire()

    def die(self) -> None:
        """Have it die where it is: nothing that it does from here on has an effect."""
        self.is_dead = True
        self.go_on()

    def end(self) -> None:
        """Let its thread end."""
        if self._is_ended:
            return
        self.die()
        self._is_ended = True
        self._go.release()
        self._thread.join()

    # -- from within -------------------------------------------------------------------------------

    def point(self) -> None:
        """Come to a place where others may go on first, or where it dies.

        Raises:
            Killed: it is dead.
        """
        if threading.current_thread() is not self._thread:
            self.check_alive()
            return  # whoever looks at it from outside
        self.points += 1
        if not self.is_dead:
            self._left -= 1
            if self._left > 0:
                return
            self._pause()
        if self.is_dead:
            self._deaths += 1
            if self._deaths > _MOST_DEATHS:
                self._left = FAR
                raise SystemExit(f"{self.name} is dead, and goes on and on")
            raise Killed

    def check_alive(self) -> None:
        """Do nothing more where it is dead.

        Raises:
            Killed: it is.
        """
        if self.is_dead:
            raise Killed

    def wait_for(self, has_come: Callable[[], bool]) -> None:
        """Go on only when something has come.

        Raises:
            Killed: it died meanwhile.
        """
        while not has_come() and not self.is_dead:
            self._waits_for = has_come
            try:
                self._pause()
            finally:
                self._waits_for = None
        if self.is_dead:
            raise Killed

    def _pause(self) -> None:
        self._back.release()
        self._go.acquire()

    def _live(self) -> None:
        while True:
            self._go.acquire()
            task = self._task
            if task is None:
                return
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - it is asked for by who gave the task
                self.error = error
            self._task = None
            self._back.release()
