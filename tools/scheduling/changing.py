"""`schedule pause`, `resume`, `skip`, `run-now` and `end`: what is said to one that is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from ...domain import Schedule, ScheduleSkipped, ValidationError
from ...interchange import parse_time
from ...ledger import Ledger, chain_of, load_zone
from ..grammar import command
from ..output import print_error, print_json
from ..session import Session, json_option, pass_session
from .adding import moment_shown, show_change
from .outcome import ScheduleOutcome
from .schedule_id import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_LOOKED_AT = 1000


def _change(
    session: Session, schedule_id: str, done: str, change: Callable[[Ledger, str], object]
) -> None:
    """Change a schedule, and show it as it is then."""
    with session.ledger() as ledger:
        found = ledger.get_schedule(schedule_id)  # which names the nearest where there is none
        chain = chain_of(ledger, found.account_id)
        seq = chain.seq
        change(ledger, schedule_id)
        session.done = f"{done} {schedule_id}"
        outcome = ScheduleOutcome(chain, schedule_id, seq)
        show_change(session, ledger, ledger.get_schedule(schedule_id), session.done, outcome)


@command("pause", short_help="Hold its waiting jobs, and make no more.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@json_option
@pass_session
def pause(session: Session, schedule_id: str) -> None:
    """Hold the waiting jobs of a schedule, and have it make no more.

    \b
    Example:
      jobledger schedule pause daily
    """
    _change(session, schedule_id, "paused", Ledger.pause_schedule)


@command("resume", short_help="Go on with what is still ahead.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@json_option
@pass_session
def resume(session: Session, schedule_id: str) -> None:
    """Go on with a paused schedule: what is still ahead is posted, what has passed is not.

    \b
    Example:
      jobledger schedule resume daily
    """
    _change(session, schedule_id, "resumed", Ledger.resume_schedule)


@command("end", short_help="End one for good, and cancel its waiting jobs.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who ask later.")
@json_option
@pass_session
def end(session: Session, schedule_id: str, reason: str) -> None:
    """End a schedule for good: its waiting jobs that nobody has changed by hand are cancelled.

    \b
    Example:
      jobledger schedule end daily --reason "the campaign is over"
    """
    _change(session, schedule_id, "ended", lambda ledger, which: ledger.end_schedule(which, reason))


@command("skip", short_help="Leave out one post: that at a time, or the next.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@click.argument("when", nargs=-1, metavar="[TIME]")
@json_option
@pass_session
def skip(session: Session, schedule_id: str, when: tuple[str, ...]) -> None:
    """Leave out one post of a schedule: the one at TIME, or the next one.

    TIME is by the schedule's clocks; a day alone will do where it has one post.

    \b
    Example:
      jobledger schedule skip daily
      jobledger schedule skip daily friday
    """
    with session.ledger() as ledger:
        schedule = ledger.get_schedule(schedule_id)
        zone = load_zone(schedule.zone)
        asked = " ".join(when)
        at = None if not asked else _occurrence(ledger, schedule, asked, zone)
        chain = chain_of(ledger, schedule.account_id)
        seq = chain.seq
        ledger.skip_occurrence(schedule_id, at)
        after = ledger.get_schedule(schedule_id)
        [skipped] = [e.data for e in chain.events(seq) if e.job_id == after.key][:1]
        assert isinstance(skipped, ScheduleSkipped)
        done = session.done = f"skipped {schedule_id} on {moment_shown(skipped.at, zone)}"
        show_change(session, ledger, after, done, ScheduleOutcome(chain, schedule_id, seq))


def _occurrence(ledger: Ledger, schedule: Schedule, asked: str, zone: ZoneInfo) -> datetime:
    """Return the occurrence that is asked for: at that time, or the only one of that day.

    Raises:
        ValidationError: there is none, or more than one.
    """
    typed = parse_time(asked)
    at = typed.ahead(ledger.now(), zone).at
    if typed.clock is not None or typed.distance is not None:
        return at
    coming = ledger.upcoming(schedule.schedule_id, _MOST_LOOKED_AT)
    of_day = [
        one.occurrence.at
        for one in coming
        if one.occurrence.at.astimezone(zone).date() == at.date() and not one.is_skipped
    ]
    if len(of_day) == 1:
        return of_day[0]
    day = f"{at:%a %Y-%m-%d}"
    if of_day:
        times = ", ".join(f"{one.astimezone(zone):%H:%M}" for one in of_day[:6])
        raise ValidationError(
            f"{schedule.schedule_id} has {len(of_day)} posts on {day}",
            field="when",
            hint=f"give a time too: {times}",
        )
    begin = f"{moment_shown(coming[0].at, zone)}" if coming else None
    raise ValidationError(
        f"{schedule.schedule_id} has no post to come on {day}",
        field="when",
        hint=f"the next is {begin}" if begin else None,
    )


@command("run-now", short_help="Add one more job, due now.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@json_option
@pass_session
def run_now(session: Session, schedule_id: str) -> None:
    """Add one more job of a schedule, due now, with its next text; print the job's id.

    \b
    Example:
      jobledger schedule run-now daily
    """
    with session.ledger() as ledger:
        ledger.get_schedule(schedule_id)  # which names the nearest where there is none
        job_id = ledger.run_schedule_now(schedule_id)
        session.done = f"added {job_id}"
        job = ledger.get_job(job_id)
        if session.json:
            print_json(job.to_dict())
        else:
            click.echo(job_id)
        if ledger.runner_pid() is None and ledger.now() - job.scheduled_time < timedelta(days=1):
            print_error("due now; no runner is at work: `jobledger run` starts one")
