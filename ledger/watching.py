"""Watching: the events behind a number, those that are there and those that come, one by one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractContextManager
from itertools import islice, takewhile

from ..domain import Event, StorageError, WatcherLetGoError
from ..eventstore import EventLog
from ..projections import LogEntry
from .feed import AT_ONCE, Feed, Receiver
from .history import History, check_after

_LOOK_EVERY_S = 1.0
"""How often whoever waits looks whether there is still somebody to wait for."""


class Watching:
    """Gives everybody who watches a handle their events; `is_inside` says whether the calling
    thread is in the midst of a call of the handle, where nobody may wait."""

    def __init__(
        self,
        feed: Feed,
        log: EventLog[LogEntry],
        history: History,
        *,
        is_inside: Callable[[], bool],
    ) -> None:
        self._feed = feed
        self._log = log
        self._history = history
        self._is_inside = is_inside

    def begin(self, after: int | None) -> int:
        """Return the number to begin behind: `after`, or that of the last event there is now.

        Raises:
            ValidationError: it is none.
            StorageError: the handle is closed.
        """
        self._log.check_open()
        if after is not None:
            return check_after(after)
        return max(self._log.seq, self._log.acknowledged_seq())

    def joined(self, receiver: Receiver) -> AbstractContextManager[int]:
        """Hand the receiver what comes, within the `with`. Raises as `Feed.joined`."""
        return self._feed.joined(receiver)

    def events(self, after: int, handle: object) -> Generator[Event, None, None]:
        """As `Ledger.watch`. The handle is not forgotten meanwhile."""
        begun = -AT_ONCE
        while after - begun >= AT_ONCE:  # until there is little that was not read
            begun = after
            for event in self._history.events(after):
                yield event
                after = event.seq
        receiver = Receiver()
        with self._feed.joined(receiver) as joined:
            taken: Sequence[Event] | None = self._between(after, joined)
            while taken is not None:
                for event in taken:
                    if event.seq > after:
                        yield event
                        after = event.seq
                taken = self._next(receiver, after)
        self._log.check_not_forked()

    def _next(self, receiver: Receiver, after: int) -> Sequence[Event] | None:
        """Return what comes next, having waited for it; None: it is over."""
        while True:
            self._refuse_inside()
            is_served = self._feed.serves(receiver)
            taken = _take(receiver, after, longest_s=_LOOK_EVERY_S if is_served else 0.0)
            if taken is None or taken:
                return taken
            if not is_served:
                self._log.check_not_forked()
                raise _left_alone()

    async def events_async(self, after: int, handle: object) -> AsyncGenerator[Event, None]:
        """As `Ledger.awatch`. The handle is not forgotten meanwhile."""
        import asyncio  # a tenth of what a program imports that has no event loop

        begun = -AT_ONCE
        while after - begun >= AT_ONCE:
            begun = after
            self._refuse_inside()
            for event in await asyncio.to_thread(self._some, after):
                yield event
                after = event.seq
        receiver = Receiver()
        with self._feed.joined(receiver) as joined:
            taken: Sequence[Event] | None = []
            if joined > after:
                taken = await asyncio.to_thread(self._between, after, joined)
            while taken is not None:
                for event in taken:
                    if event.seq > after:
                        yield event
                        after = event.seq
                taken = await self._next_async(receiver, after)
        self._log.check_not_forked()

    async def _next_async(self, receiver: Receiver, after: int) -> Sequence[Event] | None:
        """Return what comes next; None: it is over."""
        import asyncio

        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        receiver.listen(lambda: loop.call_soon_threadsafe(ready.set))
        try:
            while (taken := _take(receiver, after)) is not None and not taken:
                self._refuse_inside()
                await ready.wait()
                ready.clear()
        finally:
            receiver.listen(None)
        return taken

    def _some(self, after: int) -> list[Event]:
        return list(islice(self._history.events(after), AT_ONCE))

    def _between(self, after: int, until: int) -> list[Event]:
        """Return the events behind `after` up to `until`, of which there are few."""
        if until <= after:
            return []
        return list(takewhile(lambda event: event.seq <= until, self._history.events(after)))

    def _refuse_inside(self) -> None:
        """Refuse to wait for what could only come when the caller goes on."""
        if self._is_inside():
            raise StorageError(
                "a ledger was watched from within a call of it",
                hint="a projection or a signal handler is no place to wait for events",
            )


def _take(receiver: Receiver, after: int, longest_s: float = 0.0) -> Sequence[Event] | None:
    try:
        return receiver.take(longest_s)
    except WatcherLetGoError as error:
        raise WatcherLetGoError(
            f"{error.message}, and it gets no more: {after} was the last one that it took",
            after=after,
            hint=f"watch again after {after}: none is missed",
        ) from None


def _left_alone() -> StorageError:
    return StorageError(
        "nobody reads the ledger any more for who watches it",
        hint="a watcher is of the process that began it",
    )
