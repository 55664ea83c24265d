"""What can be done to a schedule, and to the slots of an account, from a page or by a program: one
way for both, as `actions.py` is for jobs.

Spans of time are numbers of seconds. A rule is the text of a cron rule, or an object whose `kind`
is `cron`, `at` or `every`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from .. import At, Cron, Every, JobNotFoundError, Ledger, Occurrence, ValidationError
from .actions import NoArguments, Priority, Version, priority_of, read_into, told
from .problems import Refusal
from .roles import ADD_SCHEDULE, SCHEDULE_ACTIONS, SET_SLOTS
from .site import Call

Rule = Cron | At | Every
SCHEDULE_ID = "^[A-Za-z0-9._-]{1,40}$"
Seconds = Annotated[float, told(minimum=0)]
LocalOrExact = Annotated[str, told(examples=["2026-12-31", "2026-12-31T09:00"])]
"""A day (all of it), or a time; without an offset it is of the schedule's zone."""


class CronRule(msgspec.Struct, tag="cron", tag_field="kind", forbid_unknown_fields=True):
    """At the times that a cron text names."""

    text: str


class AtRule(msgspec.Struct, tag="at", tag_field="kind", forbid_unknown_fields=True):
    """At these times of day, on these weekdays; on each day where none is named."""

    times: list[str]
    weekdays: list[str] = []


class EveryRule(msgspec.Struct, tag="every", tag_field="kind", forbid_unknown_fields=True):
    """Each time that so many seconds have passed since the anchor (ISO 8601, with an offset)."""

    interval: Seconds
    anchor: str | None = None


GivenRule = str | CronRule | AtRule | EveryRule


class ScheduleSaid(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be said of a schedule; what is not given is as usual, or stays."""

    rule: GivenRule | UnsetType = UNSET
    content: str | list[str] | UnsetType = UNSET
    zone: str | UnsetType | None = UNSET
    order: Literal["turns", "shuffle", "once"] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    max_retries: Annotated[int, told(minimum=0, maximum=1_000_000)] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    hold: bool | UnsetType = UNSET
    gap: Literal["shift", "skip", "end"] | UnsetType = UNSET
    fold: Literal["first", "second", "both"] | UnsetType = UNSET
    misfire: Literal["latest", "skip", "all"] | UnsetType = UNSET
    grace: Seconds | UnsetType | None = UNSET
    catch_up: Annotated[int, told(minimum=1)] | UnsetType = UNSET
    until: LocalOrExact | UnsetType | None = UNSET
    max_count: Annotated[int, told(minimum=1)] | UnsetType | None = UNSET
    jitter: Seconds | UnsetType | None = UNSET
    overlap: Literal["queue", "skip"] | UnsetType = UNSET


class AddScheduleArguments(ScheduleSaid, forbid_unknown_fields=True, kw_only=True):
    """The arguments of `add_schedule`."""

    schedule_id: Annotated[str, told(pattern=SCHEDULE_ID)]
    rule: GivenRule
    account_id: Annotated[str, told(minLength=1, maxLength=256, pattern=r"\S")]
    content: str | list[str]
    platform: Annotated[str, told(minLength=1, maxLength=64, pattern=r"\S")] = "threads"
    paused: bool = False


class EditScheduleArguments(ScheduleSaid, forbid_unknown_fields=True, kw_only=True):
    """What is given is changed, and the waiting jobs that nobody has changed by hand with it."""

    version: Version | None = None


class SkipArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """Which occurrence will not be: that of a moment, or the next one. Without an offset it is a
    time of the schedule's zone."""

    when: Annotated[str, told(format="date-time")] | None = None


class RunNowArguments(msgspec.Struct, forbid_unknown_fields=True):
    """One more post needs nothing to be said."""


class EndArguments(NoArguments, forbid_unknown_fields=True, kw_only=True):
    """Why it ends, for whoever looks at it later."""

    reason: str = ""


class PreviewArguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The arguments of `preview`; `after` without an offset is a time of the zone."""

    rule: GivenRule
    zone: str | None = None
    after: Annotated[str, told(format="date-time")] | None = None
    count: Annotated[int, told(minimum=1, maximum=1000)] = 10
    gap: Literal["shift", "skip", "end"] = "shift"
    fold: Literal["first", "second", "both"] = "first"


class SlotsArguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Times of day by weekday (`mon`), and the zone that they are of; without one it stays."""

    week: dict[str, list[str]]
    zone: str | None = None


def rule_of(given: GivenRule) -> Rule:
    """Return the rule that somebody means.

    Raises:
        ValidationError: it is none.
    """
    match given:
        case CronRule(text):
            return Cron(text)
        case AtRule(times, weekdays):
            return At(tuple(times), tuple(weekdays))
        case EveryRule(interval, anchor):
            since = None if anchor is None else moment_of(anchor, "anchor")
            span = span_of(interval, "interval")
            return Every(span, since)
        case _:
            return Cron(given)


def span_of(seconds: float, field: str) -> timedelta:
    """Return so many seconds as a span.

    Raises:
        ValidationError: that is more than a calendar has.
    """
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValidationError(f"{field} is no span of time", field=field) from None


def moment_of(text: str, field: str) -> datetime:
    """Return the time that a text is.

    Raises:
        ValidationError: it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError(
            f"{field} {text!r:.60} is no time", field=field, hint="such as 2026-01-31T09:00"
        ) from None


def until_of(text: str, zone: str) -> datetime:
    """Return the last local time of a zone that a text means: of a day its last moment.

    Raises:
        ValidationError: it is none.
    """
    found = _until(text)
    if not isinstance(found, datetime):
        return datetime.combine(found, time(23, 59, 59))
    return found if found.tzinfo is None else found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _until(text: str) -> datetime | date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return moment_of(text, "until")


def said_in(given: ScheduleSaid) -> dict[str, Any]:
    """Return what is given, by the names and in the types of `add_schedule`.

    Raises:
        ValidationError: something is not what it has to be; `field` says what.
    """
    turned: dict[str, Callable[[Any], Any]] = {
        "rule": rule_of,
        "priority": priority_of,
        "grace": lambda seconds: span_of(seconds, "grace"),
        "jitter": lambda seconds: span_of(seconds, "jitter"),
        "until": _until,
    }
    said = {}
    for name in ScheduleSaid.__struct_fields__:
        value = getattr(given, name)
        if not isinstance(value, UnsetType):
            is_turned = name in turned and value is not None
            said[name] = turned[name](value) if is_turned else value
    return said


@contextmanager
def naming_zone() -> Iterator[None]:
    """Have a zone that is not known be the field `zone`, as it is called here.

    Raises:
        ValidationError: as it was, but for the field.
    """
    try:
        yield
    except ValidationError as error:
        if error.field != "timezone":
            raise
        raise ValidationError(
            error.message.replace("timezone", "zone", 1), field="zone", hint=error.hint
        ) from None


def _edit(ledger: Ledger, schedule_id: str, given: EditScheduleArguments) -> None:
    with naming_zone():
        ledger.edit_schedule(schedule_id, version=given.version, **said_in(given))


def _pause(ledger: Ledger, schedule_id: str, given: NoArguments) -> None:
    ledger.pause_schedule(schedule_id, version=given.version)


def _resume(ledger: Ledger, schedule_id: str, given: NoArguments) -> None:
    ledger.resume_schedule(schedule_id, version=given.version)


def _skip(ledger: Ledger, schedule_id: str, given: SkipArguments) -> None:
    when = None if given.when is None else moment_of(given.when, "when")
    ledger.skip_occurrence(schedule_id, when, version=given.version)


def _run_now(ledger: Ledger, schedule_id: str, given: RunNowArguments) -> str:
    return ledger.run_schedule_now(schedule_id)


def _end(ledger: Ledger, schedule_id: str, given: EndArguments) -> None:
    ledger.end_schedule(schedule_id, given.reason, version=given.version)


SCHEDULE_DOES: dict[str, tuple[type[msgspec.Struct], Callable[[Ledger, str, Any], str | None]]] = {
    "edit": (EditScheduleArguments, _edit),
    "pause": (NoArguments, _pause),
    "resume": (NoArguments, _resume),
    "skip": (SkipArguments, _skip),
    "run-now": (RunNowArguments, _run_now),
    "end": (EndArguments, _end),
}
"""The actions of `roles.SCHEDULE_ACTIONS`: their arguments, and what does them."""


def perform_on_schedule(
    call: Call, schedule_id: str, action: str, given: object, *, is_form: bool
) -> str | None:
    """Do something to a schedule, as whoever asks; return the id of the job that was made, if one
    was.

    Raises:
        Refusal: there is no such action, or the visitor may not.
        JobLedgerError: it is refused, or it is unknown whether it was done.
    """
    if action not in SCHEDULE_ACTIONS:
        raise Refusal(404, f"{action!r} is no action", hint=", ".join(SCHEDULE_ACTIONS))
    call.must_be(SCHEDULE_ACTIONS[action].role)
    kind, do = SCHEDULE_DOES[action]
    return do(call.site.acting(call.visitor), schedule_id, read_into(kind, given, is_form=is_form))


def add_schedule(call: Call, given: object, *, is_form: bool) -> str:
    """Add a schedule, as whoever asks; return its id.

    Raises:
        Refusal: the visitor may not.
        JobLedgerError: it is refused, or it is unknown whether it was done.
    """
    call.must_be(ADD_SCHEDULE)
    new = read_into(AddScheduleArguments, given, is_form=is_form)
    said = said_in(new)
    with naming_zone():
        return call.site.acting(call.visitor).add_schedule(
            new.schedule_id,
            said.pop("rule"),
            account_id=new.account_id,
            platform=new.platform,
            paused=new.paused,
            **said,
        )


def preview_of(ledger: Ledger, asked: PreviewArguments) -> list[Occurrence]:
    """Return when a rule is due, as it is asked for.

    Raises:
        ValidationError: something of it is not acceptable.
    """
    after = None if asked.after is None else moment_of(asked.after, "after")
    with naming_zone():
        return ledger.preview(
            rule_of(asked.rule),
            zone=asked.zone,
            after=after,
            count=asked.count,
            gap=asked.gap,
            fold=asked.fold,
        )


def set_slots(call: Call, account_id: str, given: SlotsArguments) -> None:
    """Have an account post at these times, as whoever asks.

    Raises:
        Refusal: the visitor may not.
        JobLedgerError: it is refused, or it is unknown whether it was done.
    """
    call.must_be(SET_SLOTS)
    with naming_zone():
        call.site.acting(call.visitor).set_slots(account_id, given.week, zone=given.zone)


def must_be_there(schedule_id: str, *, is_there: bool) -> None:
    """Refuse what is of a schedule that was not there at the moment that is looked at.

    Raises:
        JobNotFoundError: it was not.
    """
    if not is_there:
        raise JobNotFoundError(
            f"there was no schedule {schedule_id!r} by then", job_id=f"schedule:{schedule_id}"
        )
