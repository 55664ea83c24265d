"""The `list` command: jobs as a table."""

from __future__ import annotations

from ...domain import JobStatus
from ..filters import account_option, choose_jobs, status_option
from ..grammar import command
from ..output import print_json
from ..render.tables import print_jobs
from ..session import Session, json_option, pass_session, zone_of


@command("list")
@account_option
@status_option
@json_option
@pass_session
def list_(session: Session, accounts: tuple[str, ...], statuses: tuple[JobStatus, ...]) -> None:
    """List jobs: highest priority first, then by time.

    \b
    Example:
      jobledger list
      jobledger list --status failed --status expired --account my-account
    """
    with session.reading() as ledger:
        jobs = choose_jobs(ledger, accounts, statuses)
        if session.json:
            print_json([job.to_dict() for job in jobs])
        else:
            print_jobs(jobs, zone_of(ledger))
