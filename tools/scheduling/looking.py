"""`schedule list` and `schedule show`: which schedules there are, and what is to come of one."""

from __future__ import annotations

import click

from ..grammar import command
from ..output import print_json
from ..session import Session, json_option, pass_session
from .documents import full_document, schedule_document
from .schedule_id import SCHEDULE


@command("list", pages=True, short_help="List the schedules, each with its next post.")
@click.option("--account", "--account-id", "account_id", metavar="ACCOUNT", help="Only of this.")
@json_option
@pass_session
def list_(session: Session, /, account_id: str | None) -> None:
    """List the schedules: state, when the next post is due, whose, and of which rule.

    \b
    Example:
      jobledger schedule list
      jobledger schedule list --account my-account --json
    """
    with session.reading() as ledger:
        now = ledger.now()
        found = [one for one in ledger.schedules() if account_id in (None, one.account_id)]
        if session.json:
            print_json([schedule_document(ledger, one, now) for one in found])
            return
        from ..render.schedules import print_schedules

        print_schedules(ledger, found, now)


@command("show", pages=True, short_help="Show one, and what is to come of it.")
@click.argument("schedule_id", metavar="ID", type=SCHEDULE)
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True)
@json_option
@pass_session
def show(session: Session, schedule_id: str, count: int) -> None:
    """Show what is said of a schedule, and what is to come of it, each with its job.

    `later` is what has no job yet: they are made 14 days ahead. Jobs that somebody has changed by
    hand stay as they are, whatever becomes of the schedule.

    \b
    Example:
      jobledger schedule show daily
    """
    with session.reading() as ledger:
        now = ledger.now()
        found = ledger.get_schedule(schedule_id)
        if session.json:
            print_json(full_document(ledger, found, now, count))
            return
        from ..render.schedules import print_schedule

        print_schedule(ledger, found, now, count)
