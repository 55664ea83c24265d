"""The `show` command: one job with all its fields."""

from __future__ import annotations

import click

from ..grammar import command
from ..output import print_job, print_json
from ..session import JOB, Session, find_job, json_option, pass_session, zone_of


@command(pages=True)
@click.argument("job", type=JOB)
@json_option
@pass_session
def show(session: Session, job: str) -> None:
    """Show one job with all its fields. JOB is an id, or the beginning of one.

    \b
    Example:
      jobledger show 3f2a
    """
    with session.reading() as ledger:
        found = find_job(ledger, job)
        if session.json:
            print_json(found.to_dict())
        else:
            print_job(found, zone_of(ledger))
