"""Watching several chains: what each hands out, as it comes, each chain in its order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..domain import Event, JobLedgerError, StorageError, WatcherLetGoError
from .feed import Receiver
from .history import check_after
from .merged_history import MergedHistory, no_number, of_shard

if TYPE_CHECKING:
    from .ledger import Ledger
    from .shard_set import ShardSet

_LOOK_EVERY_S = 1.0


class _OfShard(Receiver):
    """What one chain hands its events to: they go on with the chain's number."""

    def __init__(self, number: int, to: Receiver) -> None:
        super().__init__()
        self._number = number
        self._to = to

    def put(self, events: Sequence[Event]) -> bool:
        return self._to.put([of_shard(event, self._number) for event in events])

    def end(self, error: JobLedgerError | None) -> None:
        self._to.end(error)  # whose chain ends, or has trouble, ends all: it is told


class MergedWatching:
    """Gives everybody who watches a ledger of several chains their events."""

    def __init__(self, shards: ShardSet[Ledger], history: MergedHistory) -> None:
        self._shards = shards
        self._history = history

    def begin(self, after: int | None) -> dict[int, int]:
        """Return by chain the number to begin behind.

        Raises:
            ValidationError: `after` is another number than 0, which is before all of them.
            StorageError: a handle is closed.
        """
        if after is not None and check_after(after):
            raise no_number(f"after={after}")
        return {n: handle._watching.begin(after) for n, handle in self._shards.each()}

    def events(self, last: dict[int, int], handle: object) -> Generator[Event, None, None]:
        """As `Ledger.watch`; a chain's numbers go on from `last`."""
        with self._joined(last) as (receiver, missed):
            for event in missed:
                yield from _once(event, last)
            while (taken := self._take(receiver, _LOOK_EVERY_S)) is not None:
                for event in taken:
                    yield from _once(event, last)

    async def events_async(
        self, last: dict[int, int], handle: object
    ) -> AsyncGenerator[Event, None]:
        """As `Ledger.awatch`."""
        import asyncio

        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        with self._joined(last) as (receiver, missed):
            while (event := await asyncio.to_thread(next, missed, None)) is not None:
                for each in _once(event, last):
                    yield each
            receiver.listen(lambda: loop.call_soon_threadsafe(ready.set))
            try:
                while (taken := self._take(receiver, 0.0)) is not None:
                    for event in taken:
                        for each in _once(event, last):
                            yield each
                    if not taken:
                        await ready.wait()
                        ready.clear()
            finally:
                receiver.listen(None)

    @contextmanager
    def _joined(self, last: dict[int, int]) -> Iterator[tuple[Receiver, Iterator[Event]]]:
        """Hand the receiver what comes on all chains, and give what is there by then."""
        receiver = Receiver()
        with ExitStack() as stack:
            for number, handle in self._shards.each():
                stack.enter_context(handle._watching.joined(_OfShard(number, receiver)))
            yield receiver, self._missed(dict(last))

    def _missed(self, last: dict[int, int]) -> Iterator[Event]:
        if not any(last.values()):
            yield from self._history.events()
            return
        for number, handle in self._shards.each():
            for event in handle.events(last[number]):
                yield of_shard(event, number)

    def _take(self, receiver: Receiver, longest_s: float) -> Sequence[Event] | None:
        if any(handle._is_inside() for handle in self._shards.handles):
            raise StorageError(
                "a ledger was watched from within a call of it",
                hint="a projection or a signal handler is no place to wait for events",
            )
        for handle in self._shards.handles:
            handle._store.check_not_forked()
        try:
            return receiver.take(longest_s)
        except WatcherLetGoError as error:
            raise WatcherLetGoError(
                f"{error.message}, and it gets no more",
                hint="watch the shards one by one (shard=1 in the location): each can be gone on"
                " with behind a number",
            ) from None


def _once(event: Event, last: dict[int, int]) -> Iterator[Event]:
    """Yield an event unless it was there before."""
    number = event.shard or 1
    if event.seq > last[number]:
        last[number] = event.seq
        yield event
