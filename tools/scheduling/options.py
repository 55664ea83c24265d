"""The options by which something is said of a schedule, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ...domain import JobPriority, ValidationError
from ...interchange import parse_time
from ...ledger import load_zone
from ..files import FILE, naming
from ..job_changes import PRIORITIES, read_metadata
from ..week import parts_of, read_days

if TYPE_CHECKING:
    from ...domain import Rule

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_NONE = "none"

OPTIONS = {
    "zone": "--zone",
    "timezone": "--zone",
    "order": "--order",
    "max_retries": "--max-retries",
    "platform": "--platform",
    "metadata": "--metadata",
    "gap": "--gap",
    "fold": "--fold",
    "misfire": "--misfire",
    "grace": "--grace",
    "catch_up": "--catch-up",
    "until": "--until",
    "max_count": "--max-count",
    "jitter": "--jitter",
    "overlap": "--overlap",
    "account_id": "--account",
    "schedule_id": "ID",
}
"""Which option says a field, by its name in the library."""


@contextmanager
def as_options() -> Iterator[None]:
    """Name the option that a refused field was said by."""
    try:
        yield
    except ValidationError as error:
        option = OPTIONS.get(error.field or "")
        if option is None or error.message.startswith(option):
            raise
        field = str(error.field)
        rest = error.message.removeprefix(f"{field} ")
        said = f"{option} {rest}" if rest != error.message else f"{option}: {error.message}"
        raise ValidationError(
            said, field=error.field, hint=error.advice, remedy=error.remedy
        ) from None


def rule_options(command: CommandT) -> CommandT:
    """RULE, or `--every` with `--anchor`, or `--at` with `--on`: see `read_rule`."""
    for option in (
        click.option("--on", "weekdays", metavar="DAYS", help="With --at: on these, as mon-fri."),
        click.option("--at", "times", metavar="TIMES", help="At these times of day: 9:00,12:30."),
        click.option("--anchor", metavar="TIME", help="With --every: count from this time on."),
        click.option("--every", metavar="DURATION", help="Each time that so much has passed: 90m."),
        click.argument("rule", required=False),
    ):
        command = option(command)
    return command


def clock_options(command: CommandT, *, with_defaults: bool = False) -> CommandT:
    """`--gap` and `--fold`."""
    gap, fold = ("shift", "first") if with_defaults else (None, None)
    command = click.option(
        "--fold",
        type=click.Choice(["first", "second", "both"]),
        default=fold,
        show_default=with_defaults,
        help="A time that clocks show twice.",
    )(command)
    return click.option(
        "--gap",
        type=click.Choice(["shift", "skip", "end"]),
        default=gap,
        show_default=with_defaults,
        help="A time that clocks skip: later by the gap, left out, or the gap's end.",
    )(command)


def said_options(command: CommandT) -> CommandT:
    """Take what can be said of a schedule, and said otherwise later: see `read_said`."""
    for option in (
        click.option(
            "--overlap",
            type=click.Choice(["queue", "skip"]),
            help="One that is due while the one before is not over: it waits, or is left out.",
        ),
        click.option("--jitter", metavar="DURATION", help="Each up to so much later: 15m."),
        click.option("--max-count", metavar="N", help="So many posts in all; `none`: no end."),
        click.option("--until", metavar="TIME", help="The last is at this time; `none`: no end."),
        click.option(
            "--catch-up", type=int, metavar="N", help="With --misfire all: at most so many; 3."
        ),
        click.option("--grace", metavar="DURATION", help="So late is not too late; 10m."),
        click.option(
            "--misfire",
            type=click.Choice(["latest", "skip", "all"]),
            help="Of those that are too late: the latest is posted, none, or all.",
        ),
        clock_options,
        click.option("--metadata", metavar="JSON", help="A JSON object kept with each job."),
        click.option("--max-retries", type=int, metavar="N", help="Of each job; 3."),
        click.option("--priority", type=PRIORITIES, help="Of each job; normal."),
        click.option("--zone", metavar="ZONE", help="Whose clocks are meant."),
        click.option(
            "--order",
            type=click.Choice(["turns", "shuffle", "once"]),
            help="Of several texts: in turn and again, shuffled, or once each.",
        ),
        click.option(
            "--content-file",
            type=FILE,
            metavar="FILE",
            help="Texts of a file, one a line; of a .jsonl, JSON texts.",
        ),
        click.option(
            "--content",
            "contents",
            multiple=True,
            metavar="TEXT",
            help="The text, with {date:%d.%m.} {n} {account}; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def read_rule(given: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> Rule | str | None:
    """Return the rule that is given, in whichever way; None where there is none.

    Raises:
        ValidationError: it is none, or there are several.
    """
    from ...domain import At, Cron, Every

    text, every, times = given["rule"], given["every"], given["times"]
    several = [one for one in (text, every, times) if one is not None]
    if len(several) > 1:
        raise no_rule("give one rule, not several")
    if given["weekdays"] is not None and times is None:
        raise ValidationError("--on goes with --at", field="weekdays", hint="--at 9:00 --on mon")
    if given["anchor"] is not None and every is None:
        raise ValidationError("--anchor goes with --every", field="anchor", hint="--every 90m")
    if every is not None:
        anchor = None
        if given["anchor"] is not None:
            with naming("--anchor"):
                anchor = parse_time(given["anchor"]).bound(now, zone)
        with naming("--every"):
            return Every(read_duration(every, "every"), anchor)
    if times is not None:
        with naming("--on"):
            days = tuple(read_days(given["weekdays"] or ""))
        with naming("--at"):
            return At(tuple(parts_of(times)), days)
    if text is None:
        return None
    with naming("RULE"):
        return Cron(text)


def no_rule(message: str) -> ValidationError:
    """Return the error for not exactly one rule: how one is given."""
    return ValidationError(
        message,
        field="rule",
        hint="a cron text such as '30 9 * * mon-fri', --every 90m, or --at 9:00,12:30",
    )


def read_said(given: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return what is said of a schedule, by the names of `Ledger.add_schedule`; of what is not
    given nothing.

    Raises:
        ValidationError: something of it cannot be read.
    """
    from .texts import read_texts

    as_they_are = ("order", "max_retries", "gap", "fold", "misfire", "catch_up", "overlap", "hold")
    said = {name: given[name] for name in as_they_are if given.get(name) is not None}
    rule = read_rule(given, now, zone)
    if rule is not None:
        said["rule"] = rule
    texts = read_texts(given["contents"], given["content_file"])
    if texts:
        said["content"] = texts
    if given["zone"] is not None:
        said["zone"] = zone.key
    if given["priority"] is not None:
        said["priority"] = JobPriority[given["priority"].upper()]
    if given["metadata"] is not None:
        said["metadata"] = read_metadata(given["metadata"])
    for name in ("grace", "jitter"):
        if given[name] is not None:
            with naming(f"--{name}"):
                said[name] = read_duration(given[name], name)
    if given["until"] is not None:
        with naming("--until"):
            said["until"] = _until(given["until"], now, zone)
    if given["max_count"] is not None:
        said["max_count"] = _count(given["max_count"])
    return said


def read_zone(name: str) -> ZoneInfo:
    """Return the zone that `--zone` names.

    Raises:
        ValidationError: there is none of this name.
    """
    try:
        return load_zone(name)
    except ValidationError as error:
        raise ValidationError(
            f"--zone: {error.message}", field="zone", hint="an IANA name, such as Europe/Berlin"
        ) from None


def read_duration(text: str, field: str) -> timedelta:
    """Return the duration that a text such as `90m`, `1h30m` or `2d` is.

    Raises:
        ValidationError: it is none.
    """
    if text == "0":
        return timedelta(0)
    try:
        distance = parse_time(f"+{text.removeprefix('+')}").distance
    except ValidationError:
        distance = None
    if distance is None:
        raise ValidationError(f"{text!r:.40} is no duration", field=field, hint="such as 90m, 2d")
    return distance


def _until(text: str, now: datetime, zone: ZoneInfo) -> datetime | date | None:
    """Return the last time that is meant, by the clocks of the zone; of a day all of it."""
    if text.lower() == _NONE:
        return None
    typed = parse_time(text)
    at = typed.ahead(now, zone).at
    is_day = typed.clock is None and typed.distance is None
    if at <= now if not is_day else at.date() < now.astimezone(zone).date():
        raise ValidationError(
            f"{text!r:.40} is past", field="until", hint="`jobledger schedule end` ends one now"
        )
    return at.date() if is_day else at


def _count(text: str) -> int | None:
    if text.lower() == _NONE:
        return None
    if not text.isascii() or not text.isdigit():
        raise ValidationError(
            f"--max-count: {text!r:.40} is no number", field="max_count", hint="such as 10, or none"
        )
    return int(text)
