"""The `schedule` command: rules by which posts are due again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from ...domain import ValidationError, timestamp
from ...ledger import load_zone
from ..grammar import Group, LedgerCommand
from ..output import print_json
from ..render.occurrences import print_occurrences
from ..session import Session, json_option, pass_session, zone_of
from ..typed_times import parse_time

if TYPE_CHECKING:
    from ...domain import Occurrence, Rule


@click.group("schedule", cls=Group)
def schedule() -> None:
    """Look at rules by which posts are due again and again.

    \b
    Example:
      jobledger schedule preview "30 9 * * mon-fri" --zone Europe/Berlin
      jobledger schedule preview --at 9:00,12:30 --on mon,wed --count 4
    """


@schedule.command("preview", cls=LedgerCommand)
@click.argument("rule", required=False)
@click.option("--every", metavar="DURATION", help="Each time that so much has passed, as 90m.")
@click.option("--at", "times", metavar="TIMES", help="At these times of day, as 9:00,12:30.")
@click.option("--on", "weekdays", metavar="WEEKDAYS", help="With --at: on these, as mon,wed.")
@click.option("--zone", metavar="ZONE", help="Whose clocks are meant; if not given the ledger's.")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--from", "begin", metavar="TIME", help="What comes behind this; now if not given.")
@click.option(
    "--gap",
    type=click.Choice(["shift", "skip", "end"]),
    default="shift",
    show_default=True,
    help="A time that clocks skip: later by the gap, left out, or the gap's end.",
)
@click.option(
    "--fold",
    type=click.Choice(["first", "second", "both"]),
    default="first",
    show_default=True,
    help="A time that clocks show twice.",
)
@json_option
@pass_session
def preview(
    session: Session,
    rule: str | None,
    every: str | None,
    times: str | None,
    weekdays: str | None,
    zone: str | None,
    count: int,
    begin: str | None,
    gap: Any,
    fold: Any,
) -> None:
    """Show when a rule is due, and where clocks that change have moved it.

    RULE is a cron text: minute, hour, day of month, month, day of week, or six with the seconds
    first; names, lists, ranges, steps, L, L-3, 15W, LW, fri#2, 5L, @daily and its like. Day of
    month and day of week: either, unless one begins with `*`.

    \b
    Example:
      jobledger schedule preview "0 9 1 * *"
      jobledger schedule preview --every 90m --from 2026-03-28T22:00 --zone Europe/Berlin
    """
    from ...domain import Cron
    from ...explanation import words
    from ...ledger import upcoming

    asked = _rule(rule, every, times, weekdays)
    place = _zone(session, zone)
    now = datetime.now(UTC)
    after = now if begin is None else parse_time(begin).bound(now, place)
    found = upcoming(asked, place, after, count=count, gap=gap, fold=fold)
    if session.json:
        print_json([_document(one, place) for one in found])
    else:
        print_occurrences(found, place, words(Cron(asked) if isinstance(asked, str) else asked))


def _rule(
    text: str | None, every: str | None, times: str | None, weekdays: str | None
) -> Rule | str:
    """Return the rule that is asked for, in whichever way.

    Raises:
        ValidationError: it is none, or there is not exactly one.
    """
    from ...domain import At, Every

    given = [one for one in (text, every, times) if one is not None]
    if len(given) != 1:
        raise ValidationError(
            "give one rule" if not given else "give one rule, not several",
            field="rule",
            hint="a cron text such as '30 9 * * mon-fri', --every 90m, or --at 9:00,12:30",
        )
    if weekdays is not None and times is None:
        raise ValidationError("--on goes with --at", field="weekdays")
    if every is not None:
        return Every(_duration(every))
    if times is not None:
        return At(_parts(times), _parts(weekdays or ""))
    return str(text)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _duration(text: str) -> timedelta:
    """Return the duration that a text such as `90m`, `1h30m` or `2d` is.

    Raises:
        ValidationError: it is none.
    """
    try:
        distance = parse_time(f"+{text.removeprefix('+')}").distance
    except ValidationError:
        distance = None
    if distance is None:
        raise ValidationError(f"{text!r:.40} is no duration", field="every", hint="such as 90m, 2d")
    return distance


def _zone(session: Session, name: str | None) -> ZoneInfo:
    """Return the zone given, else the ledger's, else this machine's."""
    if name is not None:
        return load_zone(name)
    if session.exists():
        with session.reading() as ledger:
            return zone_of(ledger)
    return load_zone(session.zone_to_be(None))


def _document(one: Occurrence, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "at": timestamp(one.at),
        "local": one.local.isoformat(),
        "offset": one.at.astimezone(zone).isoformat()[-6:],
        "moved": one.moved,
        "doubled": one.doubled,
    }
