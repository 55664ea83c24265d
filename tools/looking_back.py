"""The `history` command: one job's life, read off the log."""

from __future__ import annotations

import click

from ..domain.errors import JobNotFoundError
from ..domain.events import Event
from ..scheduler.ledger import Ledger
from .output import console, print_json
from .session import Session, find_job, json_option, pass_session, zone_of
from .timeline import timeline


@click.command()
@click.argument("job")
@json_option
@pass_session
def history(session: Session, job: str) -> None:
    """Show one job's life: what happened, when, how long after the step before, and why.

    Also of a job that was removed, by its whole id: its events stay in the log.

    \b
    Example:
      jobledger history 3f2a
    """
    with session.reading() as ledger:
        events = _events(ledger, job)
        if session.json:
            print_json([event.to_dict() for event in events])
        else:
            out = console()
            out.print(timeline(events, zone_of(ledger)))
            first = events[0].at.astimezone(zone_of(ledger))
            out.print(f"job {events[0].job_id}, since {first:%Y-%m-%d}, times in {ledger.timezone}")


def _events(ledger: Ledger, text: str) -> list[Event]:
    try:
        return ledger.history(text)
    except JobNotFoundError:
        return ledger.history(find_job(ledger, text).job_id)
