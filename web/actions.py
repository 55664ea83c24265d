"""What can be done to a job, from a page or by a program: one way for both.

An action has its arguments as a type, which the API's JSON and the pages' forms are read into, and
which `openapi.json` describes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from .. import (
    InvalidScheduleTimeError,
    JobPriority,
    Ledger,
    NextSlot,
    Post,
    ScheduledJob,
    ValidationError,
)
from .problems import Refusal
from .roles import ACTIONS, ADD, ADD_DRAFT, may
from .site import Call


def told(**schema: object) -> msgspec.Meta:
    """Say in the description what the ledger checks, in words that name what is wrong."""
    return msgspec.Meta(extra_json_schema=schema)


Version = Annotated[int, told(minimum=1)]
Priority = Annotated[
    int | str, told(enum=[*(p.value for p in JobPriority), *(p.name.lower() for p in JobPriority)])
]
"""1 to 4, or low, normal, high, urgent."""
Content = Annotated[str, told(minLength=1, maxLength=100_000, pattern=r"\S")]
"""As long as the platform takes, as that counts; `lenient` leaves it to the platform."""
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601; without an offset, as a browser gives it, in the ledger's time zone."""
JOB_ID = "^[A-Za-z0-9._-]{1,64}$"
NEXT_SLOT = "next-slot"
"""What stands for a time where a job is to take the next free slot of its account."""
TimeOrSlot = Annotated[
    str,
    told(anyOf=[{"format": "date-time", "type": "string"}, {"const": NEXT_SLOT}]),
]
T = TypeVar("T")


class NoArguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An action that needs nothing more."""

    version: Version | None = None


class EditArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """What is given is changed; `metadata` is replaced as a whole."""

    content: Content | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    post: Post | UnsetType | None = UNSET
    lenient: bool = False


class RescheduleArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """A time without an offset is taken in the ledger's time zone."""

    scheduled_time: Time


class CancelArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """Why it is cancelled, for whoever looks at it later."""

    reason: str = ""


class RequeueArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """When it is to be posted; without a time at once."""

    scheduled_time: Time | None = None


class ResolveArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """What became of a post whose outcome is unknown, and its id where it is out."""

    posted: bool
    thread_id: str | None = None


class AddArguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The arguments of `add_job`; `publish_timeout` as an ISO 8601 duration (`PT30S`), and
    `"next-slot"` as a time takes the next free slot of the account."""

    account_id: Annotated[str, told(minLength=1, maxLength=256, pattern=r"\S")]
    content: Content
    scheduled_time: TimeOrSlot
    priority: Priority = 2
    max_retries: Annotated[int, told(minimum=0, maximum=1_000_000)] = 3
    platform: Annotated[str, told(minLength=1, maxLength=64, pattern=r"\S")] = "threads"
    metadata: dict[str, Any] | None = None
    hold: bool = False
    job_id: Annotated[str, told(pattern=JOB_ID)] | None = None
    publish_timeout: timedelta | None = None
    lenient: bool = False
    post: Post | None = None


def check_without_files(post: object) -> None:
    """Check that a post which a program sent has addresses of media and no files: whose files they
    would be is this machine. A form has files that were sent with it (`sent_files.py`).

    Raises:
        ValidationError: it has one.
    """
    if not isinstance(post, Post):
        return
    for index, part in enumerate(post.parts):
        for number, media in enumerate(part.media):
            field = f"post.parts[{index}].media[{number}]"
            if not media.is_address or media.file is not None:  # rule: no-file-of-this-machine
                raise ValidationError(
                    f"{field} must be an address, and no file of the machine of this page",
                    field=f"{field}.source",
                    hint="https://…; a file is added on a page, by a command, or the library",
                )


def priority_of(value: Priority) -> JobPriority:
    """Return the priority of a number or a word.

    Raises:
        ValidationError: there is none such.
    """
    try:
        if isinstance(value, str) and not value.isdecimal():
            return JobPriority[value.upper()]
        return JobPriority(int(value))  # a form has texts for numbers
    except (KeyError, ValueError):
        words = ", ".join(f"{one.name.lower()} ({one.value})" for one in JobPriority)
        raise ValidationError(f"priority {value!r} is none", field="priority", hint=words) from None


def time_of(text: str) -> datetime:
    """Return the time that a text is.

    Raises:
        InvalidScheduleTimeError: it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidScheduleTimeError(
            f"scheduled_time {text!r:.60} is no time",
            field="scheduled_time",
            hint="ISO 8601, such as 2026-01-31T09:00 or 2026-01-31T09:00+07:00",
        ) from None


def _edit(ledger: Ledger, job_id: str, given: EditArguments) -> None:
    priority = given.priority
    ledger.edit_job(
        job_id,
        content=given.content,
        priority=UNSET if isinstance(priority, UnsetType) else priority_of(priority),
        metadata=given.metadata,
        post=given.post,
        version=given.version,
        lenient=given.lenient,
    )


def _reschedule(ledger: Ledger, job_id: str, given: RescheduleArguments) -> None:
    ledger.reschedule_job(job_id, time_of(given.scheduled_time), version=given.version)


def _hold(ledger: Ledger, job_id: str, given: NoArguments) -> None:
    ledger.hold_job(job_id, version=given.version)


def _release(ledger: Ledger, job_id: str, given: NoArguments) -> None:
    ledger.release_job(job_id, version=given.version)


def _cancel(ledger: Ledger, job_id: str, given: CancelArguments) -> None:
    ledger.cancel_job(job_id, given.reason, version=given.version)


def _requeue(ledger: Ledger, job_id: str, given: RequeueArguments) -> None:
    at = time_of(given.scheduled_time) if given.scheduled_time else ledger.now()
    ledger.requeue_job(job_id, at, version=given.version)


def _resolve(ledger: Ledger, job_id: str, given: ResolveArguments) -> None:
    ledger.resolve_job(
        job_id, posted=given.posted, thread_id=given.thread_id or None, version=given.version
    )


def _remove(ledger: Ledger, job_id: str, given: NoArguments) -> None:
    ledger.remove_job(job_id, version=given.version)


DOES: dict[str, tuple[type[NoArguments], Callable[[Ledger, str, Any], None]]] = {
    "edit": (EditArguments, _edit),
    "reschedule": (RescheduleArguments, _reschedule),
    "hold": (NoArguments, _hold),
    "release": (NoArguments, _release),
    "cancel": (CancelArguments, _cancel),
    "requeue": (RequeueArguments, _requeue),
    "resolve": (ResolveArguments, _resolve),
    "remove": (NoArguments, _remove),
}
"""The actions of `roles.ACTIONS`: their arguments, and what does them."""


def read_into(kind: type[T], given: object, *, is_form: bool) -> T:
    """Return what was sent as a value of a type; texts of a form stand for numbers, too.

    Raises:
        ValidationError: it is none; `field` is the one that is wrong.
    """
    try:
        return msgspec.convert(given, kind, strict=not is_form)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`").partition("[")[0] or None
        if field is None and "`" in what:
            field = what.split("`")[1]
        raise ValidationError(f"{field}: {what}" if field else what, field=field) from None


def perform(call: Call, job_id: str, action: str, given: object, *, is_form: bool) -> None:
    """Do something to a job, as whoever asks.

    Raises:
        Refusal: there is no such action, or the visitor may not.
        JobLedgerError: it is refused, or it is unknown whether it was done.
    """
    if action not in ACTIONS:
        raise Refusal(404, f"{action!r} is no action", hint=", ".join(ACTIONS))
    job = call.site.ledger.get_job(job_id)
    check_may(call, action, job)
    kind, do = DOES[action]
    arguments = read_into(kind, given, is_form=is_form)
    if not is_form:
        check_without_files(getattr(arguments, "post", None))
    permission = ACTIONS[action]
    if arguments.version is None and permission.role is not permission.on_draft:
        # Whether they may depends on its state: only while it is what was looked at here.
        arguments = msgspec.structs.replace(arguments, version=job.version)
    do(call.site.acting(call.visitor), job_id, arguments)


def check_may(call: Call, action: str, job: ScheduledJob) -> None:
    """Check that the visitor may do this to a job.

    Raises:
        Refusal: they may not.
    """
    permission = ACTIONS[action]
    if call.site.read_only or not may(call.role, action, job.status):
        call.must_be(max(permission.role, permission.on_draft))
        raise Refusal(403, f"your role does not allow to {action} this job")


def add(call: Call, given: object, *, is_form: bool) -> str:
    """Add a job, as whoever asks; return its id.

    Raises:
        Refusal: the visitor may not.
        JobLedgerError: it is refused, or it is unknown whether it was done.
    """
    call.must_be(ADD_DRAFT)
    new = read_into(AddArguments, given, is_form=is_form)
    if not new.hold:
        call.must_be(ADD)
    if not is_form:
        check_without_files(new.post)
    return call.site.acting(call.visitor).add_job(
        new.account_id,
        new.content,
        NextSlot() if new.scheduled_time == NEXT_SLOT else time_of(new.scheduled_time),
        priority_of(new.priority),
        new.max_retries,
        platform=new.platform,
        metadata=new.metadata,
        hold=new.hold,
        job_id=new.job_id or None,
        publish_timeout=new.publish_timeout,
        lenient=new.lenient,
        post=new.post,
    )
