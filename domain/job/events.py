"""What has happened to a job: the event types, their schema versions, and the way to and from JSON.

Each type's data is a struct of its own. Old events stay readable for ever: when a type's data
changes its meaning, its number in `SCHEMA` goes up and an upcaster brings the old form up by one
version; the line in the log is never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic

import msgspec

from ..errors import StorageError
from ..times import Moment
from .commands import InterruptReason
from .lifecycle import PAST_TENSE
from .state import JobPriority, JobStatus


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of the data of all event types (`Event.data`); `TYPE` is its name in the log."""

    TYPE: ClassVar[str]


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    DataT = TypeVar("DataT", default=EventData)
else:
    from typing import TypeVar

    DataT = TypeVar("DataT")


class Imported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where an imported job comes from (a file's name and a line), and the state it was in there.

    What is not known of `created_at`, and of the `started_at` of a running job, is the time of the
    event.
    """

    source: str
    line: int | None = None
    status: JobStatus
    retry_count: int = 0
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    error: str | None = None
    thread_id: str | None = None
    status_message: str | None = None
    attempt: int = 0
    in_doubt: bool = False
    doubted_attempt: int = 0
    exhausted: bool = False
    outcome_unknown: bool = False
    may_be_out: bool = False
    reconcilable: bool = False
    deferred_until: Moment | None = None
    checkpoints: dict[str, Any] = {}


class JobAdded(EventData, frozen=True):
    """A job came to be. `imported`: it was taken over from elsewhere, with the state that it had
    there."""

    TYPE: ClassVar[str] = "added"
    account_id: str
    content: str
    scheduled_time: Moment
    priority: JobPriority
    max_retries: int
    platform: str
    metadata: dict[str, Any] = {}
    hold: bool = False
    publish_timeout_s: float | None = None
    imported: Imported | None = None


class JobHeld(EventData, frozen=True):
    """It is PENDING: it does not run until it is released."""

    TYPE: ClassVar[str] = "held"


class JobReleased(EventData, frozen=True):
    """It is SCHEDULED again."""

    TYPE: ClassVar[str] = "released"


class JobEdited(EventData, frozen=True):
    """Its content, priority or metadata was changed; only what changed is there."""

    TYPE: ClassVar[str] = "edited"
    content: str | msgspec.UnsetType = msgspec.UNSET
    priority: JobPriority | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class JobRescheduled(EventData, frozen=True):
    """It has another time."""

    TYPE: ClassVar[str] = "rescheduled"
    scheduled_time: Moment


class JobDeferred(EventData, frozen=True):
    """It was due and is held back: the pacing of its account allows it no sooner than `until`."""

    TYPE: ClassVar[str] = "deferred"
    until: Moment
    reason: str


class JobStarted(EventData, frozen=True):
    """An attempt begins. `asks_first`: an earlier one is in doubt, so it reconciles first."""

    TYPE: ClassVar[str] = "started"
    attempt: int
    reconcilable: bool
    asks_first: bool = False
    runner: str | None = None


class JobNoted(EventData, frozen=True):
    """Its running attempt says how far it is."""

    TYPE: ClassVar[str] = "noted"
    attempt: int
    message: str


class JobCheckpointed(EventData, frozen=True):
    """Its running attempt has done a step that no later one has to do again."""

    TYPE: ClassVar[str] = "checkpointed"
    attempt: int
    name: str
    value: Any


class JobCompleted(EventData, frozen=True):
    """The post is out.

    `found` is there where the publisher was asked before anything else, about `asked_about`: true,
    that attempt had posted it; false, it had not, and this one has. `remark`: what is to be known
    besides, such as that its id cannot be read.
    """

    TYPE: ClassVar[str] = "completed"
    attempt: int
    thread_id: str | None = None
    found: bool | None = None
    asked_about: int | None = None
    remark: str | None = None


class JobRetried(EventData, frozen=True):
    """The attempt failed; `scheduled_time` is when the next one is due.

    `called` is False where its publisher never was: no retry was used up, and the job's time is
    what it was.
    """

    TYPE: ClassVar[str] = "retried"
    attempt: int
    error: str
    retry_count: int
    scheduled_time: Moment
    called: bool = True


class JobFailed(EventData, frozen=True):
    """No retry is left, or none is to be made; with `outcome_unknown` the post may be out."""

    TYPE: ClassVar[str] = "failed"
    attempt: int
    error: str
    outcome_unknown: bool = False


class JobInterrupted(EventData, frozen=True):
    """The attempt ended without a known outcome.

    With a `scheduled_time` the job is SCHEDULED again for then, else it is FAILED with its outcome
    unknown. `in_doubt`: the next attempt asks the publisher before anything else; `exhausted`:
    that attempt may ask, but no retry is left to publish with. `called` is False where it was to
    ask, and its publisher never was called: nothing has changed.
    """

    TYPE: ClassVar[str] = "interrupted"
    attempt: int
    reason: InterruptReason
    error: str
    retry_count: int
    scheduled_time: Moment | None = None
    in_doubt: bool = False
    exhausted: bool = False
    called: bool = True

    @property
    def status(self) -> JobStatus:
        """Where the interruption led."""
        return JobStatus.FAILED if self.scheduled_time is None else JobStatus.SCHEDULED


class JobCancelled(EventData, frozen=True):
    """It will not be posted. `in_doubt`: it was running, so the post may be out, and its publisher
    can be asked."""

    TYPE: ClassVar[str] = "cancelled"
    reason: str = ""
    in_doubt: bool = False


class JobExpired(EventData, frozen=True):
    """It was `late_s` seconds past its time when that was found to be too late."""

    TYPE: ClassVar[str] = "expired"
    late_s: float


class JobRequeued(EventData, frozen=True):
    """Somebody has scheduled it again, with all its retries."""

    TYPE: ClassVar[str] = "requeued"
    scheduled_time: Moment


class JobResolved(EventData, frozen=True):
    """Somebody, or the publisher, has said what became of a post that might be out."""

    TYPE: ClassVar[str] = "resolved"
    posted: bool
    thread_id: str | None = None


class JobRemoved(EventData, frozen=True):
    """It is in no projection any more; its events stay in the log."""

    TYPE: ClassVar[str] = "removed"


EVENT_TYPES: dict[str, type[EventData]] = {
    kind.TYPE: kind
    for kind in (
        JobAdded,
        JobHeld,
        JobReleased,
        JobEdited,
        JobRescheduled,
        JobDeferred,
        JobStarted,
        JobNoted,
        JobCheckpointed,
        JobCompleted,
        JobRetried,
        JobFailed,
        JobInterrupted,
        JobCancelled,
        JobExpired,
        JobRequeued,
        JobResolved,
        JobRemoved,
    )
}

SCHEMA: dict[str, int] = dict.fromkeys(EVENT_TYPES, 1)
"""The schema version that each type is written with today."""

UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""`{(type, version): data of that version -> data of the next}`."""

_TRIGGERS = {past: trigger for trigger, past in PAST_TENSE.items() if trigger != "import"}


def trigger_of(data: EventData) -> str:
    """The trigger of the lifecycle that an event with this data follows from."""
    trigger = _TRIGGERS[data.TYPE]
    if trigger == "add" and isinstance(data, JobAdded) and data.imported is not None:
        return "import"
    return trigger


DECODERS = {name: msgspec.json.Decoder(kind).decode for name, kind in EVENT_TYPES.items()}
"""What decodes the data of each type, in the schema version of today."""
_ENCODER = msgspec.json.Encoder()


class Event(
    msgspec.Struct, Generic[DataT], frozen=True, kw_only=True, gc=False, rename={"job_id": "job"}
):
    """One event of the log: what happened (`type`, `data`), to which job, and where it stands.

    `seq` is its place in the ledger (from 1, without gaps), `version` its place among the events of
    its job (from 1, without gaps), `at` the time of its append in UTC, `by` who caused it, None
    where that was not said. `schema`, `batch`, `more`, `prev` and `hash` are the record's own,
    explained in docs/log-format.md.
    """

    seq: int
    at: Moment
    type: str
    job_id: str
    version: int
    data: DataT
    schema: int = 1
    by: str | None = None
    batch: int = 0
    more: int = 0
    prev: str = ""
    hash: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The event with the keys and values of its line in the log."""
        data: Any = self.data
        return {
            "seq": self.seq,
            "batch": self.batch,
            "more": self.more,
            "at": timestamp(self.at),
            "type": self.type,
            "job": self.job_id,
            "version": self.version,
            "schema": self.schema,
            **({} if self.by is None else {"by": self.by}),
            "data": msgspec.json.decode(encode_data(data)),
            "prev": self.prev,
            "hash": self.hash,
        }


def timestamp(moment: datetime) -> str:
    """A time as the log writes it: UTC, always with six digits of microseconds."""
    moment = moment.astimezone(UTC)
    if moment.microsecond:  # nearly always, and then JSON has them all
        return _ENCODER.encode(moment)[1:-1].decode()
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def encode_data(data: EventData) -> bytes:
    """The event's data as JSON."""
    return _ENCODER.encode(data)


def decode_data(kind: str, schema: int, raw: bytes | msgspec.Raw) -> EventData:
    """The typed data of an event, brought up from an older schema version where it has one.

    Raises:
        StorageError: the type or its version is unknown, so a newer release wrote it.
        msgspec.ValidationError, msgspec.DecodeError: the data is not of the type's form.
    """
    current = SCHEMA.get(kind)
    if schema == current:
        return DECODERS[kind](raw)
    if current is None or not 1 <= schema <= current:
        raise StorageError(
            f"an event of type {kind!r}, schema {schema}, is not known to this release",
            hint="a newer release of jobledger wrote it: upgrade to read this ledger",
        )
    data = msgspec.json.decode(raw)
    for version in range(schema, current):
        data = UPCASTERS[kind, version](data)
    return msgspec.convert(data, EVENT_TYPES[kind], strict=False)
