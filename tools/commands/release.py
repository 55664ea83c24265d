"""The `release` command: a held job is scheduled again."""

from __future__ import annotations

import click

from ...ledger import Ledger
from ..grammar import command
from ..job_changes import (
    change_job,
)
from ..session import JOB, Session, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def release(session: Session, job: str) -> None:
    """Release a held job: it is scheduled again.

    \b
    Example:
      jobledger release 3f2a
    """
    change_job(session, job, "released", Ledger.release_job)
