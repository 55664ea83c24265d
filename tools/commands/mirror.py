"""The `mirror` command: a directory that follows a ledger, wherever that is."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from ...domain import LedgerCorruptError, StorageError
from ...instrumentation import Repeated
from ...ledger import Ledger, LedgerMirror
from ..grammar import command
from ..location import Given
from ..output import print_json, printable
from ..session import Session, json_option, pass_session

LOOK_EVERY_S = 0.5
"""How often a mirror that follows looks for what is new."""


@command()
@click.argument("location")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--follow", is_flag=True, help="Go on until SIGTERM or Ctrl-C.")
@json_option
@pass_session
def mirror(session: Session, location: str, directory: Path, follow: bool) -> None:
    """Keep in DIRECTORY what the ledger at LOCATION has: its day files, and jobs by day.

    It goes on where the mirror stands, also after a crash. A mirror verifies by itself
    (`--dir DIRECTORY verify`), is read like any ledger, and is never opened for writing.

    \b
    Example:
      jobledger mirror jobs jobs-mirror
      jobledger mirror postgresql://worker@db.example/posts?ledger=shop mirror --follow
    """
    session.given.append(Given("LOCATION", location, typed=True))
    with session.reading() as ledger, ledger.mirror(directory) as opened:
        count = opened.catch_up()
        session.done = f"mirrored up to event {opened.seq}"
        if follow:
            count += _follow(opened)
        _tell(session, ledger, opened, count)


def _follow(mirror: LedgerMirror) -> int:
    """Copy what comes, until a signal; what the ledger cannot answer for a while is told once."""
    ended, count = threading.Event(), 0
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    trouble = Repeated("a mirror cannot be kept up", again="the mirror is kept up again")
    while not ended.wait(LOOK_EVERY_S):
        try:
            count += mirror.catch_up()
        except LedgerCorruptError:
            raise  # what is damaged or lost does not pass
        except StorageError as error:
            trouble.failed(error)
        else:
            trouble.worked()
    return count


def _tell(session: Session, ledger: Ledger, opened: LedgerMirror, count: int) -> None:
    told = {
        "directory": str(opened.directory), "ledger": ledger.ledger_id,
        "events": opened.seq, "copied": count,
    }  # fmt: skip
    if session.json:
        print_json(told)
    else:
        click.echo(
            printable(f"{opened.directory}: {opened.seq} events of {ledger.location}, {count} new")
        )
