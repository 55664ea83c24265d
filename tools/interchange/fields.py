"""The fields of a job in other forms: which there are, and the way from plain values to a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from ...domain import (
    DICT_KEYS,
    TIMES,
    JobPriority,
    JobStatus,
    ScheduledJob,
    ValidationError,
    copy_json,
    least_attempt,
    stated_doubt,
)
from ..typed_times import parse_moment

KEYS = DICT_KEYS
"""Those of `ScheduledJob.to_dict`: in every form, always."""
DOUBT = ("in_doubt", "exhausted", "outcome_unknown", "may_be_out")
"""The facts that a `Doubt` is made of."""
_OF_THE_LEDGER = ("version", "order")
"""What a ledger makes itself, wherever a job comes from."""
STATE = tuple(
    name
    for field in ScheduledJob.__struct_fields__
    if field not in KEYS and field not in _OF_THE_LEDGER
    for name in (DOUBT if field == "doubt" else (field,))
)
"""What a job has besides, such as what it has to remember so that it does not go out twice: only
where it is set."""
NEEDED = ("account_id", "content", "scheduled_time")

_KNOWN = frozenset((*KEYS, *STATE))


class Row(msgspec.Struct, frozen=True):
    """One job as it stands in a file: JSON values by key, and the line that it begins on."""

    source: str
    line: int
    values: dict[str, Any]

    @property
    def place(self) -> str:
        return place(self.source, self.line)


class RowFault(msgspec.Struct, frozen=True):
    """What is wrong with a file, and where; without a place the message has it."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def place(source: str, line: int) -> str:
    """Name a line of a file, as messages do."""
    return f"{source}, line {line}"


def to_document(job: ScheduledJob) -> dict[str, Any]:
    """Write a job as JSON values: the keys of `to_dict`, and of `STATE` those that are not what an
    import would take them for if they were left out."""
    document = job.to_dict()
    if job.attempt != least_attempt(job.status, job.retry_count):
        document["attempt"] = job.attempt
    for name in STATE:
        value = getattr(job, name)
        if name != "attempt" and value not in (None, False, 0, {}):
            document[name] = value.isoformat() if isinstance(value, datetime) else copy_json(value)
    return document


def own_metadata(values: dict[str, Any]) -> list[str]:
    """Return the keys that are no fields of a job, and so belong into its metadata."""
    return [name for name in values if name not in _KNOWN]


def to_job(values: dict[str, Any], now: datetime) -> ScheduledJob:
    """Make the job of a row; what is `None` or not there gets its default, and a UUID its `job_id`.

    Whether the values are acceptable is for the import to say; here they only get their types.

    Raises:
        ValidationError: a field is missing, or is not what it should be.
    """
    known = {name: value for name, value in values.items() if name in _KNOWN and value is not None}
    for name in NEEDED:
        if name not in known:
            raise ValidationError(f"{name} is missing", field=name)
    known["metadata"] = _with_own(known.get("metadata", {}), values)
    known.setdefault("job_id", str(uuid4()))
    for name, read in _READERS.items():
        if name in known:
            known[name] = read(known[name])
    for name in TIMES:
        if name in known:
            known[name] = _time(known[name], name, now)
    doubt = stated_doubt({name: known.pop(name) for name in DOUBT if name in known})
    return ScheduledJob(doubt=doubt, **known)


def _with_own(metadata: object, values: dict[str, Any]) -> object:
    own = own_metadata(values)
    if not own or not isinstance(metadata, dict):
        return metadata
    for name in own:
        if name in metadata:
            raise ValidationError(
                f"metadata has a key {name!r}, and so has the row",
                field="metadata",
                hint="which of the two is meant? Take one away",
            )
    return metadata | {name: values[name] for name in own}


def _time(value: object, name: str, now: datetime) -> datetime:
    if not isinstance(value, str):
        raise ValidationError(f"{name} must be a time as text, not {value!r:.60}", field=name)
    try:
        return parse_moment(value, now)
    except ValidationError as error:
        raise ValidationError(
            f"{name} {error.message}", field=name, hint=error.advice, remedy=error.remedy
        ) from None


def _status(value: object) -> JobStatus:
    try:
        return JobStatus(str(value).strip().lower())
    except ValueError:
        names = ", ".join(JobStatus)
        raise ValidationError(
            f"status must be one of {names}, not {value!r:.60}", field="status"
        ) from None


def _priority(value: object) -> JobPriority:
    """Read a priority by its number or its name."""
    if isinstance(value, str):
        name = value.strip().upper()
        if name in JobPriority.__members__:
            return JobPriority[name]
        value = int(name) if name.isascii() and name.isdigit() and len(name) < 9 else value
    if isinstance(value, int) and not isinstance(value, bool) and value in {*JobPriority}:
        return JobPriority(value)
    names = ", ".join(f"{p.value} ({p.name.lower()})" for p in JobPriority)
    raise ValidationError(f"priority must be one of {names}, not {value!r:.60}", field="priority")


_READERS: dict[str, Callable[[object], object]] = {"status": _status, "priority": _priority}
