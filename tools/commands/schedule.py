"""The `schedule` command: rules by which posts are due again and again, and jobs made by them.

Its commands are in `scheduling/`, but for the one that needs no schedule.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import click

from ...interchange import parse_time
from ...ledger import load_zone
from ..grammar import Group, LedgerCommand
from ..output import print_json
from ..render.occurrences import print_occurrences
from ..scheduling.adding import add, edit
from ..scheduling.changing import end, pause, resume, run_now, skip
from ..scheduling.documents import occurrence_document
from ..scheduling.looking import list_, show
from ..scheduling.options import clock_options, no_rule, read_rule, read_zone, rule_options
from ..session import Session, json_option, pass_session, zone_of


@click.group("schedule", cls=Group)
def schedule() -> None:
    """Have posts made again and again by a rule: each is a job, which can be seen and changed.

    \b
    Example:
      jobledger schedule preview "30 9 * * mon-fri" --zone Europe/Berlin
      jobledger schedule preview --at 9:00,12:30 --on mon,wed --count 4
      jobledger schedule add daily @daily --account my-account --content "Hi {n}"
      jobledger schedule list
    """


for _command in (add, list_, show, edit, pause, resume, skip, run_now, end):
    schedule.add_command(_command)


@schedule.command(
    "preview",
    cls=LedgerCommand,
    pages=True,
    short_help="Show when a rule is due, whatever clocks do.",
)
@rule_options
@click.option("--zone", metavar="ZONE", help="Whose clocks are meant; if not given the ledger's.")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--from", "begin", metavar="TIME", help="What comes behind this; now if not given.")
@partial(clock_options, with_defaults=True)
@json_option
@pass_session
def preview(
    session: Session,
    /,
    zone: str | None,
    count: int,
    begin: str | None,
    gap: Any,
    fold: Any,
    **given: Any,
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
    from ...explanation import words
    from ...ledger import upcoming

    place, now = _zone(session, zone), datetime.now(UTC)
    asked = read_rule(given, now, place)
    if asked is None:
        raise no_rule("give one rule")
    after = now if begin is None else parse_time(begin).bound(now, place)
    found = upcoming(asked, place, after, count=count, gap=gap, fold=fold)
    if session.json:
        print_json([occurrence_document(one, place) for one in found])
    else:
        print_occurrences(found, place, words(asked, zone=place))


def _zone(session: Session, name: str | None) -> ZoneInfo:
    """Return the zone given, else the ledger's, else this machine's."""
    if name is not None:
        return read_zone(name)
    if session.exists():
        with session.reading() as ledger:
            return zone_of(ledger)
    return load_zone(session.zone_to_be(None))
