"""The `audit` command: the events of a ledger, filtered, as they stand or as they come."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import click

from ...domain import EVENT_TYPES, LedgerCorruptError, check_by
from ...eventstore import RECORDS, RECORDS_WITH_LINES, LogReader, Record
from ...eventstore.engines import open_reader
from ...explanation import words
from ...instrumentation import Progress
from ...interchange import parse_time
from ...ledger import load_zone, not_found
from ...projections import to_event
from ..filters import account_option
from ..grammar import command
from ..output import print_error, printable, short_id
from ..progress import progress_bar
from ..render.tables import Columns, terminal_width
from ..selection import Selection
from ..session import JOB, Session, json_option, pass_session

_LOOK_EVERY_S = 0.1
_AT_ONCE = 512
_PROGRESS_EVERY = 20_000
_WIDE, _NARROW = 100, 70
"""From so many columns of a terminal on a row has everything, and below so many two lines."""


@command(pages=True)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="ID",
    type=JOB,
    help="Only of this job; the beginning of an id will do; may be repeated.",
)
@account_option
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="PLATFORM",
    help="Only of this platform's jobs; may be repeated.",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    type=click.Choice([*EVENT_TYPES]),
    help="Only of this type, such as completed or failed; may be repeated.",
)
@click.option(
    "--attempt", metavar="N", type=click.IntRange(min=1), help="Only of attempts with this number."
)
@click.option(
    "--by",
    "by",
    multiple=True,
    metavar="NAME",
    callback=lambda context, option, names: tuple(map(check_by, names)),
    help="Only what this one caused, such as cli:mai; `runner:` means any; may be repeated.",
)
@click.option("--error", metavar="TEXT", help="Only where the error has this text in it.")
@click.option("--since", metavar="TIME", help="From this time on: ISO 8601, or '2 days ago'.")
@click.option("--until", metavar="TIME", help="Up to this time; a date means all of that day.")
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only behind this event."
)
@click.option("--last", type=click.IntRange(min=0), metavar="N", help="Only the last N of them.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what any process appends.")
@json_option
@pass_session
def audit(
    session: Session,
    /,
    since: str | None,
    until: str | None,
    last: int | None,
    follow: bool,
    **chosen: object,
) -> None:
    """Show what happened: every event of the log, or those that the options choose.

    An option that may be repeated chooses any of its values; different options have to agree. With
    --json each event is one line, as it stands in the log. Of a damaged log every line that is
    sound in itself is shown, and the damage is named.

    \b
    Example:
      jobledger audit --type failed --since "2 days ago"
      jobledger audit --account my-account --error timeout --json
      jobledger audit --by cli:mai --since today
      jobledger audit --last 10 --follow
    """
    session.must_exist()
    reader = open_reader(session.location, RECORDS_WITH_LINES if session.json else RECORDS)
    click.get_current_context().call_on_close(reader.close)
    zone, now = load_zone(reader.identity.timezone), datetime.now(UTC)
    selection = Selection(
        since=None if since is None else parse_time(since).bound(now, zone),
        until=None if until is None else parse_time(until).bound(now, zone, end=True),
        **chosen,  # type: ignore[arg-type]  # click has them by these names and types
    )
    reader.begin(selection.first_day())
    write = _write_lines if session.json else _Rows(zone, session).write
    told = _Told(session, reader)
    found = _look(reader, selection, last, session.json)
    # Ctrl-C is the way to end what follows, wherever it is just then.
    with suppress(KeyboardInterrupt) if follow else nullcontext():
        count = write(found)
        told.damage()
        if not count and selection.jobs:
            _check_jobs(session, selection.jobs)
        if not count and not follow and sys.stdout.isatty():
            print_error("note: no event is as the options say")
        while follow:
            if reader.changed():
                write(selection.choose(reader.records()))
                told.damage()
            else:
                time.sleep(_LOOK_EVERY_S)


def _look(
    reader: LogReader[Record], selection: Selection, last: int | None, json: bool
) -> Iterator[Record]:
    """Yield what there is by now, with progress where no row is in its way."""
    if last is None and sys.stdout.isatty():
        yield from selection.choose(reader.records())
        return
    with progress_bar("reading", unit="bytes") as progress:
        found = selection.choose(_counting(reader, progress))
        if last is None:
            yield from found
            return
        kept = deque(found, maxlen=last)
    yield from kept  # a row in the midst of the bar would be written over


def _counting(reader: LogReader[Record], progress: Progress) -> Iterator[Record]:
    """Yield the reader's records, and tell `progress` how far it is."""
    total = reader.unread()
    records = reader.records()
    for first in records:
        yield first
        yield from islice(records, _PROGRESS_EVERY - 1)
        progress(total - reader.unread(), total)


def _write_lines(records: Iterable[Record]) -> int:
    """Each record as its line in the log; returns how many."""
    count, out = 0, sys.stdout.buffer
    records = iter(records)
    while some := list(islice(records, _AT_ONCE)):
        out.write(b"".join([record.line + b"\n" for record in some]))
        count += len(some)
    out.flush()
    return count


class _Rows:
    """A table whose rows are written as they come."""

    def __init__(self, zone: ZoneInfo, session: Session) -> None:
        self._zone = zone
        self._session = session
        width = terminal_width() if sys.stdout.isatty() else _WIDE
        self._is_narrow = width < _NARROW
        """With what happened on a line of its own, beneath when it did."""
        self._has_by = width >= _WIDE
        """Whether there is a column for who caused it; else that is said behind what happened."""
        self._time_width = 23 if width >= _WIDE else 19
        names: list[tuple[str, int | None]] = [("seq", 7), ("time", self._time_width)]
        if self._is_narrow:
            names += [("event", None)]
        elif not self._has_by:
            names += [("job", 9), ("event", 11), ("try", 3), ("what", None)]
        else:
            names += [("job", 12), ("event", 12), ("try", 3), ("by", 12), ("what", None)]
        self._columns = Columns(*names)
        self._beneath = Columns(("", None))
        self._titled = False

    def write(self, records: Iterable[Record]) -> int:
        count = 0
        for record in records:
            if not self._titled:
                self._columns.title("" if self._is_narrow else f"times in {self._zone.key}")
                self._titled = True
            self._write(record)
            count += 1
        sys.stdout.flush()
        return count

    def _write(self, record: Record) -> None:
        at = f"{record.at.astimezone(self._zone):%Y-%m-%d %H:%M:%S.%f}"[: self._time_width]
        attempt = ""
        try:
            event = to_event(record)
        except LedgerCorruptError as error:
            what = f"(not readable: {error.message})"
            self._session.exit_code = 1
        else:
            attempt = str(getattr(event.data, "attempt", ""))
            what = words(event, zone=self._zone, of_a_known_job=False)
        by = record.by or ""
        if by and not self._has_by:
            what = f"{what}, by {by}" if what else f"by {by}"
        job, what = short_id(record.job_id), printable(what)
        if self._is_narrow:
            self._columns.row(str(record.seq), at, f"{record.type} {attempt}".rstrip())
            self._beneath.row(f"  {job}  {what}".rstrip())
        else:
            who = [printable(by)] if self._has_by else []
            self._columns.row(str(record.seq), at, job, record.type, attempt, *who, what)


class _Told:
    """Says each damage once, and makes the exit code 1."""

    def __init__(self, session: Session, reader: LogReader[Record]) -> None:
        self._session = session
        self._reader = reader
        self._count = 0
        self._repairs = 0

    def damage(self) -> None:
        for repaired in self._reader.repairs[self._repairs :]:
            print_error(
                f"note: repaired on {repaired.at:%Y-%m-%d %H:%M} UTC; events up to"
                f" {repaired.lost_to} were lost, and are kept in {repaired.kept}: {repaired.why}"
            )
        self._repairs = len(self._reader.repairs)
        for damage in self._reader.damages[self._count :]:
            print_error(f"the log is damaged: {damage.message}")
            self._session.exit_code = 1
        if self._count == 0 and self._reader.damages:
            print_error(
                "behind damage the lines that are sound in themselves are shown; that they are"
                " all, nobody can prove any more (see `jobledger verify`)"
            )
        self._count = len(self._reader.damages)


def _check_jobs(session: Session, jobs: tuple[str, ...]) -> None:
    """Check that each of `jobs` names a job.

    Raises:
        JobNotFoundError: one of `jobs` is no id, nor the beginning of one, in the whole log.
    """
    with closing(open_reader(session.location, RECORDS)) as reader:
        ids = [r.job_id for r in reader.records() if r.type == "added"]
    for job in jobs:
        if not any(job_id.startswith(job) for job_id in ids):
            raise not_found(job, ids)
