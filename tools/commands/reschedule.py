"""The `reschedule` command: another time."""

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
@time_argument(required=True)
@json_option
@pass_session
def reschedule(session: Session, job: str, scheduled_time: str) -> None:
    """Give a job that has not run yet another time; TIME is as for `add`.

    \b
    Example:
      jobledger reschedule 3f2a "friday 18:30"
    """
    move_job(session, job, "rescheduled", Ledger.reschedule_job, scheduled_time)
