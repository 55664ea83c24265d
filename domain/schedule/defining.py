"""What may be said of a schedule: every refusal names the field and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any, get_args

import msgspec

from ..errors import ValidationError
from ..job.state import JobPriority
from ..times import in_utc, is_naive
from ..validation import (
    check_account,
    check_count,
    check_flag,
    check_member,
    check_metadata,
    check_number,
    check_platform,
)
from .content import check_texts
from .local_time import ZoneClock
from .recurrence import Recurrence
from .rules import At, Cron, Every, Fold, Gap, Rule, as_anchored, local_fields
from .state import ContentOrder, Misfire, Overlap, ScheduleDefinition

MOST_A_DAY = 24 * 60
"""A rule comes at most so often a day: once a minute."""
LONGEST_GRACE = timedelta(days=7)
LONGEST_JITTER = timedelta(hours=12)
MOST_CAUGHT_UP = 100

_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_CHOICES: Mapping[str, Any] = {
    "gap": Gap,
    "fold": Fold,
    "misfire": Misfire,
    "overlap": Overlap,
    "order": ContentOrder,
}

FIELDS = (
    "rule", "account_id", "content", "zone", "order", "priority", "max_retries", "platform",
    "metadata", "hold", "gap", "fold", "misfire", "grace", "catch_up", "until", "max_count",
    "jitter", "overlap",
)  # fmt: skip
"""What can be said of a schedule, by the names of the arguments of `add_schedule`."""


FIXED = ("account_id", "platform")
"""What cannot be changed: the jobs that are there have it already."""


def check_schedule_id(value: object) -> str:
    """Check 1 to 40 of `A-Z a-z 0-9 . _ -`, and return it: its jobs' ids begin with it."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValidationError(
            f"schedule_id must be 1 to 40 of A-Z a-z 0-9 . _ -, not {value!r:.60}",
            field="schedule_id",
        )
    return str(value)


def define(
    said: Mapping[str, Any],
    clock: ZoneClock,
    now: datetime,
    before: ScheduleDefinition | None = None,
) -> ScheduleDefinition:
    """Return what is said of a schedule, checked; `said` has the names of `FIELDS`, and those that
    are missing are as `add_schedule` has them. `clock` is that of the zone that is said. Texts and
    a platform that it had `before` were accepted then, whatever is known of the platform by now.

    Raises:
        ValidationError: of the first field that is not acceptable.
    """
    account_id = check_account(said["account_id"])
    platform = _platform(said.get("platform", "threads"), is_new=before is None)
    kept = before is not None and said["content"] == before.content
    facts: dict[str, Any] = {
        "account_id": account_id,
        "content": check_texts(said["content"], account_id, None if kept else platform),
        "rule": _rule(said["rule"], now),
        "zone": said["zone"],
        "priority": check_member(said.get("priority", JobPriority.NORMAL), JobPriority, "priority"),
        "max_retries": check_count(said.get("max_retries", 3), "max_retries"),
        "platform": platform,
        "metadata": check_metadata(said.get("metadata")),
        "hold": check_flag(said.get("hold", False), "hold"),
        "grace_s": _span_s(said.get("grace"), "grace", LONGEST_GRACE, 600.0),
        "jitter_s": _span_s(said.get("jitter"), "jitter", LONGEST_JITTER, 0.0),
        "catch_up": check_number(said.get("catch_up", 3), "catch_up", MOST_CAUGHT_UP),
        "until": _until(said.get("until"), clock),
        "max_count": None,
    }
    if said.get("max_count") is not None:
        facts["max_count"] = check_number(said["max_count"], "max_count", 999_999)
    for name, choices in _CHOICES.items():
        if name in said:
            facts[name] = _chosen(said[name], name, get_args(choices))
    definition = ScheduleDefinition(**facts)
    _check_density(definition, clock, now)
    return definition


def _platform(given: object, *, is_new: bool) -> str:
    try:
        return check_platform(given, lenient=not is_new)
    except ValidationError as error:  # without the remedy, which is one of jobs
        raise ValidationError(error.message, field=error.field, hint=error.advice) from None


def said_of(definition: ScheduleDefinition) -> dict[str, Any]:
    """Return what was said of a schedule, by the names of `FIELDS`, for `define`."""
    facts = {name: getattr(definition, name) for name in FIELDS if name not in ("grace", "jitter")}
    facts["grace"] = timedelta(seconds=definition.grace_s)
    facts["jitter"] = timedelta(seconds=definition.jitter_s)
    return facts


def _rule(given: object, now: datetime) -> Rule:
    rule = Cron(given) if isinstance(given, str) else given
    if not isinstance(rule, (Cron, At, Every)):
        raise ValidationError(
            f"{given!r:.60} is no rule", field="rule", hint="a cron text, Cron, At or Every"
        )
    return as_anchored(rule, now.replace(microsecond=0))


def _check_density(definition: ScheduleDefinition, clock: ZoneClock, now: datetime) -> None:
    """Check that the rule comes, and not more often than once a minute.

    Raises:
        ValidationError: it does not.
    """
    rule = definition.rule
    if not isinstance(rule, Every):
        seconds, _ = local_fields(rule)
        closest = min((after - before for before, after in pairwise(seconds)), default=60)
        if len(seconds) > MOST_A_DAY or closest < 60:
            raise ValidationError(
                "the rule comes more often than once a minute",
                field="rule",
                hint="of the seconds give one, such as 0",
            )
    recurrence = Recurrence(rule, clock, gap=definition.gap, fold=definition.fold)
    for _ in islice(recurrence.after(now), 1):
        return
    raise ValidationError("the rule never comes", field="rule")


def _chosen(value: object, field: str, choices: tuple[str, ...]) -> object:
    if value not in choices:
        raise ValidationError(
            f"{field} {value!r:.60} is none", field=field, hint=", ".join(choices)
        )
    return value


def _span_s(value: object, field: str, longest: timedelta, default: float) -> float:
    if value is None:
        return default
    if not isinstance(value, timedelta):
        raise ValidationError(f"{field} must be a timedelta, not {value!r:.60}", field=field)
    if not timedelta(0) <= value <= longest:
        raise ValidationError(f"{field} must be from 0 to {longest}, not {value}", field=field)
    return value.total_seconds()


def _until(value: object, clock: ZoneClock) -> datetime | None:
    """Return the last local time that is meant: of a day, its last moment."""
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59))
    if not isinstance(value, datetime):
        raise ValidationError(f"until must be a date or a time, not {value!r:.60}", field="until")
    if is_naive(value):
        return _to_the_second(value)
    try:
        local = in_utc(value).astimezone(clock.zone)
    except (ValueError, OverflowError):
        raise ValidationError(f"until is no time: {value!r:.60}", field="until") from None
    return _to_the_second(local)


def _to_the_second(local: datetime) -> datetime:
    return datetime.combine(local.date(), local.time().replace(microsecond=0, fold=0))


def changed(definition: ScheduleDefinition, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a schedule after a change, for `define`: what is not said stays.

    Raises:
        ValidationError: nothing is said, or something that cannot be changed.
    """
    given = {name: value for name, value in said.items() if value is not msgspec.UNSET}
    for name in FIXED:
        if given.get(name, getattr(definition, name)) != getattr(definition, name):
            raise ValidationError(
                f"the {name} of a schedule cannot be changed",
                field=name,
                hint="end it, and add another one",
            )
    if not given:
        raise ValidationError("nothing to edit", hint="give one of " + ", ".join(FIELDS))
    return {**said_of(definition), **given}
