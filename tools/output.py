"""What commands print: tables for people, JSON for machines, and no raw control characters."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from ..domain.job import JobStatus, ScheduledJob

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

STATUS_STYLE = {
    JobStatus.PENDING: "dim",
    JobStatus.SCHEDULED: "cyan",
    JobStatus.RUNNING: "bold blue",
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "bold red",
    JobStatus.CANCELLED: "dim",
    JobStatus.EXPIRED: "yellow",
}

# Characters that move the cursor, change colours or reorder what is read.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_MAX_ACCOUNT = 16
_LEAST = 8
_JOINERS = {"\u200d", "\ufe0f"}  # emoji are made of these


def printable(value: object, *, one_line: bool = True) -> str:
    """Text that is safe on a terminal: every control character shown as its code."""
    keep = "" if one_line else "\n"
    return "".join(
        character
        if character in keep or character in _JOINERS
        else " ⏎ "
        if character == "\n"
        else f"\\x{ord(character):02x}"
        if unicodedata.category(character) in _UNSAFE
        else character
        for character in str(value)
    )


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or error; plain when that is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def short_id(job_id: str) -> str:
    """An id for a table: a UUID by its beginning, which finds it again, any other as it is."""
    return job_id[:8] if len(job_id) == 36 and job_id.count("-") == 4 else job_id


class Columns:
    """A table written row by row, for what is too long to be laid out as a whole.

    The columns have fixed widths; the last one takes what is left of a terminal, and all where
    standard output is none. A cell that is too long in another column pushes its row to the right.
    """

    def __init__(self, *columns: tuple[str, int | None]) -> None:
        self._columns = columns
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def title(self, note: str = "") -> None:
        """The columns' names, with a note behind the last."""
        names = [name for name, _ in self._columns]
        last = f"{names[-1]}  ({note})" if note else names[-1]
        click.secho(self._line([*names[:-1], last]), bold=True)

    def row(self, *cells: str) -> None:
        click.echo(self._line(cells))

    def _line(self, cells: Sequence[str]) -> str:
        from rich.cells import cell_len, set_cell_size

        parts = []
        for cell, (_, width) in zip(cells, self._columns, strict=True):
            parts.append(cell if width is None else cell + " " * (width - cell_len(cell)))
        line = "  ".join(parts).rstrip()
        if self._width is not None and cell_len(line) > self._width:
            line = set_cell_size(line, self._width - 1) + "…"
        return line


def print_json(value: Any) -> None:
    """One JSON document, readable, in UTF-8."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()


def print_error(message: str) -> None:
    """One line on standard error."""
    click.echo(f"jobledger: {printable(message)}", err=True)


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A time for people, in the ledger's zone."""
    return "–" if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def status_text(job: ScheduledJob) -> Text:
    """The status in its colour, with what a person has to know besides."""
    from rich.text import Text

    suffix = " (unknown)" if job.outcome_unknown else " (in doubt)" if job.in_doubt else ""
    return Text(job.status.value + suffix, style=STATUS_STYLE[job.status])


def print_jobs(jobs: Sequence[ScheduledJob], zone: ZoneInfo) -> None:
    """The jobs as a table, in the order given."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    rows = [
        (
            Text(short_id(job.job_id)),
            status_text(job),
            Text(job.priority.name.lower()),
            Text(moment(job.scheduled_time, zone)),
            Text(str(job.attempt)),
            Text(printable(job.account_id)),
        )
        for job in jobs
    ]
    titles = ("job", "status", "priority", "scheduled", "tries", "account")
    widths = [
        max([len(title), *(row[index].cell_len for row in rows)])
        for index, title in enumerate(titles)
    ]
    # What identifies a job is never cut: on a narrow terminal account and content give way.
    room = max(out.width - sum(widths[:-1]) - 2 * len(widths), 2 * _LEAST)
    widths[-1] = min(widths[-1], _MAX_ACCOUNT, max(room // 3, _LEAST))
    left = room - widths[-1]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, width in zip((*titles, "content"), (*widths, left), strict=True):
        table.add_column(title, no_wrap=True, overflow="ellipsis", width=width)
    for row, job in zip(rows, jobs, strict=True):
        table.add_row(*row, Text(printable(job.content)))
    out.print(table)
    out.print(Text(f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}, times in {zone.key}", "dim"))


def field_text(job: ScheduledJob, name: str, zone: ZoneInfo) -> Text:
    """One field of a job for people."""
    from rich.text import Text

    value = getattr(job, name)
    if name == "status":
        return status_text(job)
    if name == "priority":
        return Text(f"{job.priority.name.lower()} ({int(job.priority)})")
    if name == "metadata":
        return Text(printable(msgspec.json.encode(value).decode()))
    if isinstance(value, datetime):
        return Text(f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}")
    return Text("–" if value is None else printable(value, one_line=name != "content"))


def print_job(job: ScheduledJob, zone: ZoneInfo) -> None:
    """One job with all its fields."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name in job.to_dict():
        table.add_row(name, field_text(job, name, zone))
    table.add_row("attempts", Text(str(job.attempt)))
    if job.checkpoints:
        table.add_row("checkpoints", Text(printable(msgspec.json.encode(job.checkpoints).decode())))
    out = console()
    out.print(table)
    out.print(Text(f"times in {zone.key}", "dim"))
