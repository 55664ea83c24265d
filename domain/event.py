"""An event: what happened, with its place in the log and its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic

import msgspec

from .times import Moment, timestamp


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of the data of all event types (`Event.data`).

    `TYPE` is its name in the log and `TRIGGERS` what it follows from in the lifecycle. Old events
    stay readable for ever, and no line is rewritten: where a type's data changes its meaning, it
    gets one more of `UPCASTERS`, the n-th of which brings data of schema version n to n + 1. What
    only adds to it is in `SINCE`.
    """

    TYPE: ClassVar[str]
    TRIGGERS: ClassVar[tuple[str, ...]]
    UPCASTERS: ClassVar[tuple[Callable[[dict[str, Any]], dict[str, Any]], ...]] = ()
    SINCE: ClassVar[tuple[tuple[str, int], ...]] = ()
    """Fields that an earlier release would leave out in silence, with the schema version that they
    came with: data that has one is written as of that version, all other as before."""

    @property
    def trigger(self) -> str:
        """What led to it: a trigger of the lifecycle."""
        return self.TRIGGERS[0]


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from .job.events import JobEvent
    from .schedule.events import ScheduleEvent

    DataT = TypeVar("DataT", default=JobEvent | ScheduleEvent, covariant=True)
else:
    from typing import TypeVar

    DataT = TypeVar("DataT")


class Event(
    msgspec.Struct, Generic[DataT], frozen=True, kw_only=True, gc=False, rename={"job_id": "job"}
):
    """One event: what happened (`type`, `data`), to which job, when, and who caused it.

    `seq` is its place in the ledger (from 1, without gaps), `version` its place among the events of
    its job (from 1, without gaps), `at` the time of its append in UTC, `by` who caused it, None
    where that was not said. An event of a schedule has `schedule:ID` in the place of a job's id,
    and one of an account's slots `slots:ACCOUNT`. `shard` is the chain whose `seq` it is, where the
    ledger has several; None where it has one.
    """

    seq: int
    at: Moment
    type: str
    job_id: str
    version: int
    data: DataT
    by: str | None = None
    shard: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the event with the keys and values of its line in the log; one that a ledger
        returns has all of them, in their order. A `shard`, which no line has, comes first."""
        return {
            **({} if self.shard is None else {"shard": self.shard}),
            "seq": self.seq,
            "at": timestamp(self.at),
            "type": self.type,
            "job": self.job_id,
            "version": self.version,
            **({} if self.by is None else {"by": self.by}),
            "data": msgspec.json.decode(msgspec.json.encode(self.data)),
        }
