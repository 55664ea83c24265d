"""The `backup` command: a copy of a ledger that is at work."""

from __future__ import annotations

from pathlib import Path

import click

from ..grammar import command
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session


@command()
@click.argument("directory", type=click.Path(path_type=Path))
@json_option
@pass_session
def backup(session: Session, directory: Path) -> None:
    """Copy the ledger to the new DIRECTORY, as it is now, and verify the copy.

    Runners and writers may go on meanwhile; what they add from now on is not in it. DIRECTORY is
    there when everything is, and verified, and not before.

    \b
    Example:
      jobledger backup jobs-2026-03-01
    """
    with session.reading(use_snapshot=False) as ledger:
        if ledger.damage is not None:
            return  # it was reported; half a ledger is no backup
        with progress_bar("copying", unit="bytes") as progress:
            report = ledger.backup(directory, progress=progress)
    session.done = f"copied to {directory}"
    if session.json:
        print_json(report)
    else:
        click.echo(
            printable(
                f"{report.directory}: {report.events} events in {report.files}"
                f" file{'' if report.files == 1 else 's'}, verified"
            )
        )
