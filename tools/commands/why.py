"""The `why` command: why a job is where it is, in a paragraph."""

from __future__ import annotations

import shutil
import textwrap

import click

from ...domain import Event, JobStatus, ScheduledJob
from ...ledger import Ledger
from ..grammar import command
from ..output import print_json, printable
from ..render.explanation import Surroundings, explain
from ..session import (
    JOB,
    Session,
    find_history,
    json_option,
    pass_session,
    present_job,
    zone_of,
)


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
        present = present_job(ledger, events)
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
