"""The `report` command: one page about a ledger, whole in itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...domain import Event, JobLedgerError, StorageError, ValidationError
from ...eventstore.engines.files import storage_errors
from ...instrumentation import Progress
from ...ledger import Ledger
from ...release import how_to_install
from ..files import FILE, WrittenOut
from ..grammar import command
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session, zone_of
from ..time_range import window, window_options

if TYPE_CHECKING:
    from ..report.page import Page

GENERATOR_TAG = b'<meta name="generator" content="jobledger report">'
"""What a report has near its beginning."""
_LOOKED_AT = 4096
"""How much of an existing file is read to see whether it is a report."""


@command()
@click.option(
    "--html",
    "target",
    required=True,
    type=FILE,
    metavar="FILE",
    help="The page to write; - prints it.",
)
@click.option("--day", metavar="YYYY-MM-DD", help="The day of the timeline, not the last one.")
@window_options
@click.option("--force", is_flag=True, help="Replace FILE even when it is no report.")
@json_option
@pass_session
def report(
    session: Session,
    target: str,
    day: str | None,
    since: str | None,
    until: str | None,
    force: bool,
) -> None:
    """Write one page about the ledger: figures, a day's timeline, jobs, failures.

    It needs no network, no server and no other file. What a person has to settle is on top. An
    existing FILE is replaced when it is a report.

    \b
    Example:
      jobledger report --html report.html
      jobledger report --html - --since '7 days ago' > week.html
    """
    path = None if target == "-" else Path(target)
    if path is not None:
        _check_target(path, session.own_directory, force=force)
    with session.reading(use_snapshot=False) as ledger:
        page = _make(session, ledger, _day(day), since, until)
    encoded = page.html.encode()
    if path is None:
        sys.stdout.buffer.write(encoded)
        sys.stdout.buffer.flush()
        return
    with storage_errors("write", path):
        WrittenOut().write_file_durably(path, encoded)
    session.done = f"wrote {path}"
    if session.json:
        facts = {"path": str(path), "bytes": len(encoded), "jobs": page.jobs}
        print_json({**facts, "left_out": page.left_out, "day": page.day})
    else:
        jobs = f"{page.jobs} job{'' if page.jobs == 1 else 's'}"
        click.echo(printable(f"wrote {path}: {jobs}, {len(encoded) / 1000:.0f} kB"))


def _make(
    session: Session, ledger: Ledger, day: date | None, since: str | None, until: str | None
) -> Page:
    try:
        from ..report.page import ReportSource, gather_page, render
    except ImportError as error:
        raise JobLedgerError(
            f"the page needs a library that is missing: {error}", hint=how_to_install("report")
        ) from None
    zone, now = zone_of(ledger), ledger.now()
    begin, end = window(since, until, now, zone)
    damage = ledger.damage
    source = ReportSource(
        name=session.name,
        zone=zone,
        made_at=now,
        since=begin,
        until=end,
        day=day,
        damage=None if damage is None else damage.message,
    )
    if ledger.shards > 1:
        raise ValidationError(
            "a page goes by the numbers of events, and each shard has its own",
            field="ledger",
            hint="name one shard, by shard=1 (or 2 …) in place of shards=",
        )
    last = ledger.seq if end is None else _position(ledger, end)
    with progress_bar("reading", unit="events") as progress:
        found = gather_page(_up_to(ledger, last, progress), source)
    return render(found, source)


def _up_to(ledger: Ledger, last: int, progress: Progress) -> Iterator[Event]:
    for event in ledger.events():
        if event.seq > last:
            return
        progress(event.seq, last)
        yield event


def _position(ledger: Ledger, until: datetime) -> int:
    """Return the last event at or before a moment; what is before it in the log counts, too."""
    return max((event.seq for event in ledger.events(until=until)), default=0)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ValidationError(
            f"day {text!r} is not a day", field="day", hint="use YYYY-MM-DD"
        ) from None


def _check_target(path: Path, ledger: Path | None, *, force: bool) -> None:
    """Check that the report may be written here.

    Raises:
        StorageError: the file is something else than a report, and that could be a loss.
    """
    with storage_errors("write", path):
        if path.is_dir():
            raise StorageError(f"cannot write {path}: it is a directory", path=str(path))
        if not path.exists():
            return
        in_ledger = ledger is not None and path.parent.resolve() == ledger.resolve()
        if in_ledger and path.suffix not in (".html", ".htm"):
            raise StorageError(f"{path} is a file of the ledger", path=str(path))
        with path.open("rb") as file:
            ours = GENERATOR_TAG in file.read(_LOOKED_AT)
    if not ours and not force:
        raise StorageError(
            f"{path} is there already and is no report",
            path=str(path),
            hint="give another name, or --force",
        )
