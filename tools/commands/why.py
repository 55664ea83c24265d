"""The `why` command: why a job is where it is, in a paragraph."""

from __future__ import annotations

import shutil
import textwrap

import click

from ..grammar import command
from ..output import print_json, printable
from ..remedies import IN_COMMANDS
from ..session import (
    JOB,
    Session,
    ask_of_job,
    json_option,
    pass_session,
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
    with session.reading() as ledger:
        explanation = ask_of_job(ledger, job, ledger.why).said(steps=IN_COMMANDS)
    if session.json:
        print_json(
            {
                "job_id": explanation.job_id,
                "status": explanation.status or "removed",
                "answer": explanation.answer,
                "standing": explanation.standing,
                "twice": explanation.twice,
            }
        )
        return
    width = min(shutil.get_terminal_size().columns, 100)
    click.echo(textwrap.fill(printable(explanation.answer), width, break_on_hyphens=False))
