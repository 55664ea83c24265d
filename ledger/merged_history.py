"""History over several chains: events in order of time, each saying of which chain it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from ..domain import Event, ValidationError
from .history import History, check_after
from .merged_queries import MergedView
from .zone import to_utc

if TYPE_CHECKING:
    from .ledger import Ledger
    from .shard_set import ShardSet


def of_shard(event: Event, number: int) -> Event:
    """Return an event that says of which chain it is."""
    return msgspec.structs.replace(event, shard=number)


def no_number(what: str) -> ValidationError:
    """Return the error for a sequence number where there are several chains."""
    return ValidationError(
        f"{what}: each shard of this ledger has sequence numbers of its own",
        field="after" if "after" in what else "seq",
        hint="say a time, or open one shard by shard=1 in the location, read-only",
    )


class MergedHistory(History):
    """The history of all chains."""

    def __init__(self, shards: ShardSet[Ledger], zone: ZoneInfo) -> None:
        self._shards = shards
        self._zone = zone

    def of_job(self, job_id: str) -> list[Event]:
        """As `Ledger.history`."""
        handle = self._shards.find(job_id) or self._shards.of_any(job_id)
        number = self._shards.handles.index(handle) + 1
        return [of_shard(event, number) for event in handle.history(job_id)]

    def known_ids(self) -> list[str]:
        """As `Ledger.known_ids`, chain by chain."""
        return [job_id for handle in self._shards.handles for job_id in handle.known_ids()]

    def events(
        self,
        after: int = 0,
        *,
        job_id: str | None = None,
        types: Sequence[str] | None = None,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Event]:
        """As `Ledger.events`, in order of time; those of one chain stay in its order, also where
        its clock went back."""
        if check_after(after):
            raise no_number(f"after={after}")
        streams = [
            self._in_time(
                number,
                handle.events(job_id=job_id, types=types, by=by, since=since, until=until),
            )
            for number, handle in self._shards.each()
        ]
        for _, _, event in merge(*streams, key=lambda item: item[:2]):
            yield event

    def _in_time(
        self, number: int, events: Iterator[Event]
    ) -> Iterator[tuple[datetime, int, Event]]:
        newest: datetime | None = None
        for event in events:
            newest = event.at if newest is None else max(newest, event.at)
            yield newest, number, of_shard(event, number)

    def as_of(self, when: datetime | int | None = None, *, seq: int | None = None) -> MergedView:
        """As `Ledger.as_of`, by time."""
        if isinstance(when, int) and not isinstance(when, bool) and seq is None:
            when, seq = None, when
        if (when is None) == (seq is None):
            raise ValidationError("give either a time or a sequence number", field="when")
        if when is None:
            raise no_number(f"seq={seq!r}")
        moment = to_utc(when, self._zone, "when")
        views = [handle.as_of(moment) for handle in self._shards.handles]
        return MergedView(views, moment, self._shards.number_of)
