"""The `resolve` command: what became of a post of unknown outcome."""

from __future__ import annotations

import click

from ...domain import ValidationError
from ...ledger import Ledger
from ..grammar import command
from ..job_changes import (
    change_job,
)
from ..session import JOB, Session, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@click.option("--posted/--not-posted", default=None, help="What became of the post.")
@click.option("--thread-id", metavar="ID", help="The id of the post, where it is out.")
@json_option
@pass_session
def resolve(session: Session, job: str, posted: bool | None, thread_id: str | None) -> None:
    """Say what became of a failed job whose outcome is unknown.

    \b
    Example:
      jobledger resolve 3f2a --posted --thread-id 17890000000000000
    """

    if posted is None:
        raise ValidationError(
            "what became of the post?", field="posted", hint="say --posted or --not-posted"
        )

    def settle(ledger: Ledger, found: str) -> None:
        ledger.resolve_job(found, posted=posted, thread_id=thread_id)

    change_job(session, job, "resolved", settle)
