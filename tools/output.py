"""What commands print: tables for people, JSON for machines, and no raw control characters."""

from __future__ import annotations

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

    suffix = " (outcome unknown)" if job.outcome_unknown else " (in doubt)" if job.in_doubt else ""
    return Text(job.status.value + suffix, style=STATUS_STYLE[job.status])


def print_jobs(jobs: Sequence[ScheduledJob], zone: ZoneInfo) -> None:
    """The jobs as a table, in the order given."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    rows = [
        (
            Text(job.job_id if len(job.job_id) <= 12 else job.job_id[:8]),
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


def print_job(job: ScheduledJob, zone: ZoneInfo) -> None:
    """One job with all its fields."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in job.to_dict().items():
        if name == "status":
            shown = status_text(job)
        elif isinstance(raw := getattr(job, name), datetime):
            shown = Text(f"{raw.astimezone(zone):%Y-%m-%d %H:%M:%S}")
        elif name == "priority":
            shown = Text(f"{job.priority.name.lower()} ({int(job.priority)})")
        elif name == "metadata":
            shown = Text(printable(msgspec.json.encode(value).decode()))
        else:
            shown = Text("–" if value is None else printable(value, one_line=name != "content"))
        table.add_row(name, shown)
    table.add_row("attempts", Text(str(job.attempt)))
    if job.checkpoints:
        table.add_row("checkpoints", Text(printable(msgspec.json.encode(job.checkpoints).decode())))
    out = console()
    out.print(table)
    out.print(Text(f"times in {zone.key}", "dim"))
