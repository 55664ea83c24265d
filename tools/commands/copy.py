"""The `copy` command: a ledger at another location."""

from __future__ import annotations

import click

from ..grammar import command
from ..location import Given, location_of
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session


@command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
@pass_session
def copy(session: Session, source: str, target: str) -> None:
    """Copy the ledger at FROM to TO, where there is none: the same lines, on any engine.

    TO is a directory, or a location such as postgresql://worker@db.example/posts?ledger=shop. To
    move a ledger, stop what writes to it first: what is added to FROM meanwhile is not in the
    copy, and from then on only one of both may be written to. A copy to a server that was broken
    off is gone on with by the same command.

    \b
    Example:
      jobledger copy jobs jobs-copy
    """
    session.given.append(Given("FROM", source, typed=True))
    there = location_of(target)
    with session.reading(use_snapshot=False) as ledger:
        if ledger.damage is not None:
            return  # it was reported; half a ledger is no copy
        with progress_bar("copying", unit="events") as progress:
            report = ledger.copy_to(there, progress=progress)
    session.done = "copied"
    if session.json:
        print_json(report)
    else:
        click.echo(
            printable(f"{report.location}: {report.events} events, {report.copied} of them new")
        )
