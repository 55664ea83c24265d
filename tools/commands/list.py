"""The `list` command: jobs as a table."""

from __future__ import annotations

import click

from ...domain import JobStatus
from ...interchange import parse_time
from ...projections import ListOrder
from ..filters import account_option, choose_jobs, status_option
from ..grammar import command
from ..output import print_json
from ..render.tables import print_jobs
from ..session import JOB, Session, find_job, json_option, pass_session, zone_of


@command("list", pages=True)
@account_option
@status_option
@click.option("--text", metavar="TEXT", help="Only those whose content has this text in it.")
@click.option(
    "--outcome-unknown", is_flag=True, help="Only those of which nobody knows whether they are out."
)
@click.option("--due-from", metavar="TIME", help="Only those due at this time or later.")
@click.option("--due-to", metavar="TIME", help="Only those due before it; a date: on it, too.")
@click.option(
    "--order",
    type=click.Choice(["rank", "time", "latest"]),
    default="rank",
    help="By rank, which is the highest priority first, by time alone, or by it backwards.",
)
@click.option("--after", type=JOB, metavar="JOB", help="Only those behind this job of the list.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N of them.")
@json_option
@pass_session
def list_(
    session: Session,
    /,
    accounts: tuple[str, ...],
    statuses: tuple[JobStatus, ...],
    text: str | None,
    outcome_unknown: bool,
    due_from: str | None,
    due_to: str | None,
    order: ListOrder,
    after: str | None,
    limit: int | None,
) -> None:
    """List jobs: highest priority first, then by time.

    The case of TEXT does not count, nor how its characters are composed.

    \b
    Example:
      jobledger list
      jobledger list --status failed --status expired --account my-account
      jobledger list --outcome-unknown
      jobledger list --due-from today --due-to +7d
      jobledger list --text launch --order time --limit 20
    """
    with session.reading() as ledger:
        now, zone = ledger.now(), zone_of(ledger)
        jobs = choose_jobs(
            ledger,
            accounts,
            statuses,
            text=text,
            outcome_unknown=outcome_unknown,
            due_from=None if due_from is None else parse_time(due_from).bound(now, zone),
            due_to=None if due_to is None else parse_time(due_to).bound(now, zone, end=True),
            order=order,
            after=None if after is None else find_job(ledger, after),
            limit=limit,
        )
        if session.json:
            print_json([job.to_dict() for job in jobs])
        else:
            print_jobs(jobs, zone)
