"""The `history` command: one job's life, event by event."""

from __future__ import annotations

import click

from ...domain import Event, ScheduledJob, is_of_job
from ...ledger import Ledger
from ..grammar import command
from ..output import console, print_json, status_text
from ..render.timeline import NARROW, life_of, narrow_timeline, timeline
from ..session import (
    JOB,
    Session,
    find_history,
    json_option,
    pass_session,
    zone_of,
)


@command(pages=True)
@click.argument("job", type=JOB)
@json_option
@pass_session
def history(session: Session, job: str) -> None:
    """Show one job's life: what happened, when, how long after the step before, and why.

    Also of a job that was removed: its events stay in the log. `schedule:ID` is the life of a
    schedule, and `slots:ACCOUNT` that of an account's slots.

    \b
    Example:
      jobledger history 3f2a
    """
    with session.reading() as ledger:
        events = find_history(ledger, job)
        if session.json:
            print_json([event.to_dict() for event in events])
        else:
            _print_life(ledger, events, _present(ledger, events))


def _print_life(ledger: Ledger, events: list[Event], present: ScheduledJob | None) -> None:
    from rich.text import Text

    out = console()
    if out.is_terminal and out.width < NARROW:
        for line in narrow_timeline(events, zone_of(ledger)):
            out.print(line)
    else:
        out.print(timeline(events, zone_of(ledger), out.width))
    told = f"{len(events)} event{'s' if len(events) > 1 else ''} over {life_of(events)}, times in"
    key = events[0].job_id
    if is_of_job(events[0]):
        state = Text("removed") if present is None else status_text(present)
        what = Text.assemble(f"job {key}: ", state, ", ")
    else:
        what = Text(f"{key}: ")
    out.print(
        Text.assemble(what, f"{told} {ledger.timezone}"),
        soft_wrap=not out.is_terminal,
    )


def _present(ledger: Ledger, events: list[Event]) -> ScheduledJob | None:
    """Return the job as it is now; None when it was removed, or is none."""
    last = events[-1]
    return ledger.get_job(last.job_id) if is_of_job(last) and last.type != "removed" else None
