"""The `cancel` command: a job that is not to run."""

from __future__ import annotations

import click

from ..grammar import command
from ..job_changes import (
    change_job,
)
from ..session import JOB, Session, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@click.option("--reason", metavar="TEXT", default="", help="Kept in the log.")
@json_option
@pass_session
def cancel(session: Session, job: str, reason: str) -> None:
    """Cancel a job that is pending, scheduled or running.

    \b
    Example:
      jobledger cancel 3f2a --reason "wrong picture"
    """
    change_job(session, job, "cancelled", lambda ledger, found: ledger.cancel_job(found, reason))
