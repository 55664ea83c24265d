"""The `history` and `why` commands: one job's life, and why it is where it is."""

from __future__ import annotations

import shutil
import textwrap

import click

from ..domain.job.events import Event
from ..domain.job.state import JobStatus, ScheduledJob
from ..ledger.ledger import Ledger
from .grammar import command
from .output import console, print_json, printable, status_text
from .session import (
    JOB,
    Session,
    find_history,
    json_option,
    pass_session,
    zone_of,
)
from .timeline import NARROW, life_of, narrow_timeline, timeline
from .why import Surroundings, explain


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def history(session: Session, job: str) -> None:
    """Show one job's life: what happened, when, how long after the step before, and why.

    Also of a job that was removed: its events stay in the log.

    \b
    Example:
      jobledger history 3f2a
    """
    with session.reading(use_snapshot=False) as ledger:
        events = find_history(ledger, job)
        if session.json:
            print_json([event.to_dict() for event in events])
        else:
            _print_life(ledger, events, _present(ledger, events))


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def why(session: Session, job: str) -> None:
    """Say why a job has not been posted, or why it may have been posted twice, from its events.

    \b
    Example:
      jobledger why 3f2a
    """
    with session.reading(use_snapshot=False) as ledger:
        events = find_history(ledger, job)
        present = _present(ledger, events)
        explanation = explain(present, events, _surroundings(ledger, events, present))
    if session.json:
        print_json(
            {
                "job_id": events[0].job_id,
                "status": "removed" if present is None else present.status,
                "answer": explanation.answer,
                "standing": explanation.standing,
                "twice": explanation.twice,
            }
        )
        return
    width = min(shutil.get_terminal_size().columns, 100)
    click.echo(textwrap.fill(printable(explanation.answer), width, break_on_hyphens=False))


def _present(ledger: Ledger, events: list[Event]) -> ScheduledJob | None:
    """The job as it is now; None when it was removed."""
    return None if events[-1].type == "removed" else ledger.get_job(events[0].job_id)


def _print_life(ledger: Ledger, events: list[Event], present: ScheduledJob | None) -> None:
    from rich.text import Text

    out = console()
    if out.is_terminal and out.width < NARROW:
        for line in narrow_timeline(events, zone_of(ledger)):
            out.print(line)
    else:
        out.print(timeline(events, zone_of(ledger)))
    told = f"{len(events)} event{'s' if len(events) > 1 else ''} over {life_of(events)}, times in"
    state = Text("removed") if present is None else status_text(present)
    out.print(
        Text.assemble(f"job {events[0].job_id}: ", state, f", {told} {ledger.timezone}"),
        soft_wrap=not out.is_terminal,
    )


def _surroundings(
    ledger: Ledger, events: list[Event], present: ScheduledJob | None
) -> Surroundings:
    ahead: list[ScheduledJob] = []
    same: list[ScheduledJob] = []
    if present is not None:
        if present.status is JobStatus.SCHEDULED:
            ready = ledger.get_ready_jobs()
            ids = [job.job_id for job in ready]
            ahead = ready[: ids.index(present.job_id)] if present.job_id in ids else []
        same = [
            job
            for job in ledger.list_jobs(account_id=present.account_id)
            if job.content == present.content and job.job_id != present.job_id
        ]
    return Surroundings(
        now=ledger.now(),
        zone=zone_of(ledger),
        ahead=ahead,
        running=ledger.list_jobs(status=JobStatus.RUNNING),
        runner=ledger.runner_pid(),
        same_text=same,
        expire_after=ledger.expire_after,
    )
