"""The `remove` command: a job leaves the ledger, not the log."""

from __future__ import annotations

import click

from ..grammar import command
from ..session import JOB, Session, find_job, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def remove(session: Session, job: str) -> None:
    """Remove a job that is not running; its events stay in the log.

    \b
    Example:
      jobledger remove 3f2a
    """
    with session.ledger() as ledger:
        found = find_job(ledger, job)
        ledger.remove_job(found.job_id)
        session.show_change(found, "removed")
