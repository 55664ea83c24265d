"""`schedule add` and `schedule edit`: what is said of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ...domain import Schedule, ScheduleStatus, ValidationError
from ...explanation import words
from ...ledger import Ledger, chain_of, load_zone
from ..grammar import command
from ..output import print_json
from ..session import Session, json_option, pass_session, zone_of
from .documents import schedule_document
from .options import (
    as_options,
    no_rule,
    read_said,
    read_zone,
    rule_options,
    said_options,
)
from .outcome import ScheduleOutcome
from .schedule_id import SCHEDULE

_SHOWN = 5


@command("add", short_help="Add a schedule, with its jobs of 14 days.")
@click.argument("schedule_id", metavar="ID")
@rule_options
@click.option("--account", "--account-id", "account_id", metavar="ACCOUNT", help="Who posts.")
@said_options
@click.option("--platform", metavar="NAME", help="Where; threads if not given.")
@click.option("--hold", is_flag=True, help="Its jobs are drafts that wait for `release`.")
@click.option("--paused", is_flag=True, help="It makes no jobs until `schedule resume`.")
@click.option("--dry-run", is_flag=True, help="Show what it would make, and add nothing.")
@json_option
@pass_session
def add(session: Session, /, schedule_id: str, paused: bool, dry_run: bool, **given: Any) -> None:
    """Add a schedule, with the jobs of its next 14 days; a runner goes on making them.

    RULE is as for `preview`; times are by the clocks of --zone, else of the account's slots, else
    of the ledger. What is not said is as docs/schedules.md has it.

    \b
    Example:
      jobledger schedule add daily "30 9 * * mon-fri" --account my-account --content "Hello, {n}!"
      jobledger schedule add tips --at 9:00,18:30 --on mon-fri --account my-account \\
        --content-file tips.txt --order shuffle --jitter 15m
      jobledger schedule add hourly --every 60m --account my-account --content "Hi" --dry-run
    """
    account_id = given["account_id"]
    if account_id is None:
        raise ValidationError("whose posts are they?", field="account_id", hint="--account NAME")
    with session.reading() if dry_run else session.ledger(create=True) as ledger:
        now = ledger.now()
        zone = _zone(ledger, given["zone"], account_id)
        said = read_said(given, now, zone) | {"account_id": account_id}
        if "rule" not in said:
            raise no_rule("give a rule")
        if "content" not in said:
            raise ValidationError(
                "what is it to post?", field="content", hint="--content TEXT, or --content-file"
            )
        if given["platform"] is not None:
            said["platform"] = given["platform"]
        with as_options(), _trial(ledger, account_id) if dry_run else _same(ledger) as target:
            if dry_run:
                _check_unused(ledger, schedule_id)
            chain = chain_of(target, account_id)
            seq = chain.seq
            target.add_schedule(schedule_id, **said, paused=paused)
            outcome = ScheduleOutcome(chain, schedule_id, seq)
            found = target.get_schedule(schedule_id)
            done = "would add" if dry_run else "added"
            if not dry_run:
                session.done = f"added schedule {schedule_id}"
            show_change(session, target, found, f"{done} {schedule_id}", outcome, full=True)


@contextmanager
def _same(ledger: Ledger) -> Iterator[Ledger]:
    yield ledger


@contextmanager
def _trial(ledger: Ledger, account_id: str) -> Iterator[Ledger]:
    """Yield a ledger in memory, on which a schedule has the jobs that it would have here."""
    from uuid import uuid4

    from ...ledger import ManualClock

    clock = ManualClock(ledger.now())
    with Ledger(f"memory:{uuid4()}", timezone=ledger.timezone, clock=clock) as trial:
        slots = ledger.slots(account_id)
        if slots is not None:
            trial.set_slots(account_id, slots.week, zone=slots.zone)
        yield trial


def _check_unused(ledger: Ledger, schedule_id: str) -> None:
    if any(one.schedule_id == schedule_id for one in ledger.schedules()):
        raise ValidationError(
            f"schedule_id {schedule_id!r} was used before",
            field="schedule_id",
            hint="an id is never used twice, not even after its schedule has ended",
        )


def _zone(ledger: Ledger, named: str | None, account_id: str) -> ZoneInfo:
    """Return the zone whose clocks are meant: as `add_schedule` has it."""
    if named is not None:
        return read_zone(named)
    slots = ledger.slots(account_id)
    return zone_of(ledger) if slots is None else load_zone(slots.zone)


@command("edit", short_help="Change what is given of one, and its waiting jobs.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@rule_options
@said_options
@click.option("--hold/--no-hold", default=None, help="Its jobs are drafts, or are not any more.")
@json_option
@pass_session
def edit(session: Session, /, schedule_id: str, **given: Any) -> None:
    """Change what is given of a schedule, and its waiting jobs that nobody has changed by hand.

    Those at times that it has no longer are cancelled, new ones are made; what became of them is
    said. What is not given stays as it is. Account and platform cannot be changed.

    \b
    Example:
      jobledger schedule edit daily "0 10 * * mon-fri"
      jobledger schedule edit daily --content "Good morning, {n}" --until 2026-12-31
    """
    with session.ledger() as ledger:
        before = ledger.get_schedule(schedule_id)
        zone = load_zone(before.zone) if given["zone"] is None else read_zone(given["zone"])
        said = read_said(given, ledger.now(), zone)
        if not said:
            raise ValidationError(
                "nothing to edit", hint="give a rule, --content, --until or another option"
            )
        chain = chain_of(ledger, before.account_id)
        seq = chain.seq
        with as_options():
            ledger.edit_schedule(schedule_id, version=before.version, **said)
        after = ledger.get_schedule(schedule_id)
        outcome = ScheduleOutcome(chain, schedule_id, seq)
        if after.version == before.version:
            done = f"{schedule_id} is so already"
        else:
            done = session.done = f"edited {schedule_id}"
        show_change(session, ledger, after, done, outcome, full=True)


def show_change(
    session: Session,
    ledger: Ledger,
    schedule: Schedule,
    done: str,
    outcome: ScheduleOutcome,
    *,
    full: bool = False,
) -> None:
    """Show a schedule after a change: what was done, and what became of its jobs."""
    now = ledger.now()
    if session.json:
        print_json(schedule_document(ledger, schedule, now) | {"jobs": outcome.to_dict()})
        return
    from ..render.schedules import coming_lines, print_coming, state_in_words
    from ..render.tables import print_line

    zone = load_zone(schedule.zone)
    if full:
        print_line(f"{words(schedule.rule, zone=zone)}, in {schedule.zone}")
        lines, _ = coming_lines(ledger, schedule, _SHOWN)
        if lines:
            print_coming(lines, zone, f"the next {len(lines)}, times in {schedule.zone}")
    print_line(f"{done}: {outcome.words()}")
    if full and schedule.status is ScheduleStatus.PAUSED:
        print_line("it is paused: its jobs are made and changed when it is resumed")
    elif full and schedule.status is ScheduleStatus.ENDED:
        print_line(f"it is {state_in_words(schedule)}")


def moment_shown(at: datetime, zone: ZoneInfo) -> str:
    """Say a moment with its weekday, by the clocks of a zone."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
