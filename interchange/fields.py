"""The fields of a job in other forms: which there are, and the way from plain values to a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import msgspec

from ..domain import (
    DICT_KEYS,
    TIMES,
    JobPriority,
    JobStatus,
    Post,
    ScheduledJob,
    ValidationError,
    copy_json,
    least_attempt,
    stated_doubt,
)
from .problems import Refuse, place

KEYS = DICT_KEYS
"""Those of `ScheduledJob.to_dict`: in every form, always."""
DOUBT = ("in_doubt", "exhausted", "outcome_unknown", "may_be_out")
"""The facts that a `Doubt` is made of."""
_OF_THE_LEDGER = ("version", "order", "runner", "schedule", "trace")
"""What a ledger makes itself, wherever a job comes from: neither runners nor schedules come along
with a job."""
STATE = tuple(
    name
    for field in ScheduledJob.__struct_fields__
    if field not in KEYS and field not in _OF_THE_LEDGER
    for name in (DOUBT if field == "doubt" else (field,))
)
"""What a job has besides, such as what it has to remember so that it does not go out twice: only
where it is set."""
WITHOUT_ID = "-"
"""The id of a job that has none yet."""
NEEDED = ("account_id", "content", "scheduled_time")

_KNOWN = frozenset((*KEYS, *STATE))


class Row(msgspec.Struct, frozen=True):
    """One job as it stands in a file: JSON values by key, and the line that it begins on.

    `faults` is what was wrong with it before it got here, `notes` what is to be told of it, each
    with its field. With a reason to be `left_out` it is no job.
    """

    source: str
    line: int
    values: dict[str, Any]
    faults: tuple[ValidationError, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    left_out: str = ""

    @property
    def place(self) -> str:
        return place(self.source, self.line)


def to_document(job: ScheduledJob) -> dict[str, Any]:
    """Write a job as JSON values: the keys of `to_dict`, and of `STATE` those that are not what an
    import would take them for if they were left out."""
    document = job.to_dict()
    if job.attempt != least_attempt(job.status, job.retry_count):
        document["attempt"] = job.attempt
    for name in STATE:
        value = getattr(job, name)
        if name not in document and name != "attempt" and value not in (None, False, 0, {}):
            document[name] = value.isoformat() if isinstance(value, datetime) else copy_json(value)
    return document


def own_metadata(values: Mapping[str, Any]) -> list[str]:
    """Return the keys that are no fields of a job, and so belong into its metadata."""
    return [name for name in values if name not in _KNOWN]


def is_plan(values: Mapping[str, Any]) -> bool:
    """Whether a row is a post that somebody plans, and not a job that some scheduler has: those
    say when they were made."""
    return values.get("created_at") is None


def takes_slot(values: Mapping[str, Any]) -> bool:
    """Whether a row is a post without a time, which can take a slot."""
    return is_plan(values) and values.get("scheduled_time") in (None, "")


class Reading(Protocol):
    """How the texts of a row are understood: its times and its state."""

    def time(self, text: str) -> datetime:
        """Return the moment that a text means, or raise a ValidationError."""

    def status(self, word: object) -> JobStatus:
        """Return the state that a word means, or raise a ValidationError."""


def to_job(values: Mapping[str, Any], reading: Reading, refuse: Refuse) -> ScheduledJob:
    """Make the job of a row; what is `None` or not there gets its default, and `job_id` says that
    there is none yet.

    Whether the values are acceptable is for the import to say; here they only get their types.
    `refuse` is told of each that has not its type or is missing: it has a stand-in then.
    """
    known = {name: value for name, value in values.items() if name in _KNOWN and value is not None}
    for name in NEEDED:
        if name not in known:
            refuse(ValidationError(f"{name} is missing", field=name))
            known[name] = stand_in(name, reading)
    known["metadata"] = _with_own(known.get("metadata", {}), values, refuse)
    known.setdefault("job_id", WITHOUT_ID)
    if "post" in known and not isinstance(known["post"], Post):
        _put(known, "post", _post, reading, refuse)
    for name, read in (("priority", _priority), ("status", reading.status)):
        if name in known:
            _put(known, name, read, reading, refuse)
    for name in TIMES:
        if name in known and not isinstance(known[name], datetime):
            _put(known, name, partial(_time, name=name, reading=reading), reading, refuse)
    done = known.get("status") is JobStatus.COMPLETED
    if not done and known.get("completed_at") is not None and not is_plan(values):
        _keep_the_end(known)
    try:
        doubt = stated_doubt({name: known.pop(name) for name in DOUBT if name in known})
    except ValidationError as error:
        refuse(error)
        doubt = stated_doubt({})
    known = {name: value for name, value in known.items() if name not in DOUBT}
    return ScheduledJob(doubt=doubt, **known)


def stand_in(name: str, reading: Reading, job: ScheduledJob | None = None) -> Any:
    """Return a value that is acceptable in place of one that is not, so that the rest of the job
    can be looked at."""
    if name == "scheduled_time" or (
        name == "completed_at" and job is not None and job.status is JobStatus.COMPLETED
    ):
        return reading.time("now")
    if name in NEEDED:
        return "-"
    return _DEFAULTS.get(name)


def _put(
    known: dict[str, Any],
    name: str,
    read: Callable[[object], object],
    reading: Reading,
    refuse: Refuse,
) -> None:
    try:
        known[name] = read(known[name])
    except ValidationError as error:
        refuse(error)
        known[name] = stand_in(name, reading)


def _keep_the_end(known: dict[str, Any]) -> None:
    """Keep when a job ended that is not completed, as some schedulers say it, in its metadata."""
    metadata = known["metadata"]
    ended = known.pop("completed_at")
    if isinstance(metadata, dict) and "completed_at" not in metadata:
        known["metadata"] = {**metadata, "completed_at": ended.isoformat()}


def _with_own(metadata: object, values: Mapping[str, Any], refuse: Refuse) -> object:
    own = own_metadata(values)
    if not own or not isinstance(metadata, dict):
        return metadata
    for name in own:
        if name in metadata:
            refuse(ValidationError(
                f"metadata has a key {name!r}, and so has the row",
                field="metadata",
                hint="which of the two is meant? Take one away",
            ))  # fmt: skip
    return metadata | {name: values[name] for name in own}


def _time(value: object, name: str, reading: Reading) -> datetime:
    if not isinstance(value, str):
        raise ValidationError(
            f"{name} must be a time as text, not {value!r:.60}", field=name, hint=_as_text(value)
        )
    try:
        return reading.time(value)
    except ValidationError as error:
        raise ValidationError(
            f"{name} {error.message}", field=name, hint=error.advice, remedy=error.remedy
        ) from None


def _as_text(value: object) -> str | None:
    """Say how a time that JSON has in another way is written as text."""
    if isinstance(value, dict) and isinstance(value.get("$date"), str):
        return f"write it as {value['$date']!r:.60}"
    if isinstance(value, int) and not isinstance(value, bool) and 10**9 <= value < 10**13:
        seconds = value / 1000 if value >= 10**11 else value
        return f"write it as {datetime.fromtimestamp(seconds, UTC).isoformat()!r}"
    return None


def _post(value: object) -> Post:
    """Read a post as `Post.to_dict` writes it."""
    try:
        return msgspec.convert(value, Post)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValidationError(f"post is not as a post is written: {error}", field="post") from None


def _priority(value: object) -> JobPriority:
    """Read a priority by its number or its name."""
    if isinstance(value, str):
        name = value.strip().upper().removeprefix("JOBPRIORITY.")
        if name in JobPriority.__members__:
            return JobPriority[name]
        value = int(name) if name.isascii() and name.isdigit() and len(name) < 9 else value
    if isinstance(value, int) and not isinstance(value, bool) and value in {*JobPriority}:
        return JobPriority(value)
    names = ", ".join(f"{p.value} ({p.name.lower()})" for p in JobPriority)
    raise ValidationError(f"priority must be one of {names}, not {value!r:.60}", field="priority")


_DEFAULTS: dict[str, Any] = {
    field.name: {} if field.name in ("metadata", "checkpoints") else field.default
    for field in msgspec.structs.fields(ScheduledJob)
    if field.name not in NEEDED and field.name != "job_id"
}
