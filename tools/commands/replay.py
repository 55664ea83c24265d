"""The `replay` command: the jobs as they were at a moment."""

from __future__ import annotations

import click

from ...domain import JobStatus, ValidationError
from ..as_of import as_of, parse_moment_of, said
from ..filters import account_option, choose_jobs, status_option
from ..grammar import command
from ..output import console, print_json
from ..render.tables import print_jobs
from ..session import (
    JOB,
    Session,
    find_history,
    find_job,
    json_option,
    pass_session,
    zone_of,
)


@command(pages=True)
@click.option("--until", metavar="TIME", help="As of this time; a date means the end of that day.")
@click.option(
    "--seq", metavar="N", type=click.IntRange(min=0), help="As of this event's sequence number."
)
@click.option("--job", metavar="ID", type=JOB, help="Only this job.")
@account_option
@status_option
@click.option("--step", is_flag=True, help="Walk there event by event, on a terminal.")
@json_option
@pass_session
def replay(
    session: Session,
    until: str | None,
    seq: int | None,
    job: str | None,
    accounts: tuple[str, ...],
    statuses: tuple[JobStatus, ...],
    step: bool,
) -> None:
    """Show the jobs as they were at a moment, as `list` does; without one, as they are.

    \b
    Example:
      jobledger replay --until "2026-01-31T09:00"
      jobledger replay --seq 812 --job 3f2a
      jobledger replay --step --job 3f2a
    """
    if until is not None and seq is not None:
        raise ValidationError("give --until or --seq, not both", field="seq")
    with session.reading(use_snapshot=False) as ledger:
        moment = seq if until is None else parse_moment_of(ledger, until)
        if step:
            from ..stepping import walk

            only = None if job is None else find_history(ledger, job)[0].job_id
            walk(ledger, ledger.seq if moment is None else moment, only)
            return
        view = as_of(ledger, moment)
        jobs = choose_jobs(view, accounts, statuses)
        if job is not None:
            wanted = find_job(view, job).job_id
            jobs = [found for found in jobs if found.job_id == wanted]
        if session.json:
            print_json([found.to_dict() for found in jobs])
            return
        print_jobs(jobs, zone_of(ledger))
        console().print(f"as of {said(view, ledger)}", style="dim")
