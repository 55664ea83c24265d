"""The `requeue` command: an ended job is scheduled again."""

from __future__ import annotations

import click

from ...ledger import Ledger
from ..grammar import command
from ..job_changes import (
    move_job,
    time_argument,
)
from ..session import JOB, Session, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@time_argument(required=False)
@json_option
@pass_session
def requeue(session: Session, job: str, scheduled_time: str) -> None:
    """Schedule a failed, expired or cancelled job again, with all its retries.

    TIME is as for `add`; without one it is now.

    \b
    Example:
      jobledger requeue 3f2a +5m
    """
    move_job(session, job, "requeued", Ledger.requeue_job, scheduled_time)
