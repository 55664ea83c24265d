"""The `hold` command: a job waits as a draft."""

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
def hold(session: Session, job: str) -> None:
    """Hold a scheduled job: it waits as a draft until it is released.

    \b
    Example:
      jobledger hold 3f2a
    """
    change_job(session, job, "held", Ledger.hold_job)
