"""What commands print: tables for people, JSON for machines, and no raw control characters."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from ..domain import JobStatus, Post, ScheduledJob
from ..domain import printable as harmless
from .streams import escaped, has_unicode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LONGEST_LINE = 2000
STATUS_STYLE = {
    JobStatus.PENDING: "dim",
    JobStatus.SCHEDULED: "cyan",
    JobStatus.RUNNING: "bold blue",
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "bold red",
    JobStatus.CANCELLED: "dim",
    JobStatus.EXPIRED: "yellow",
}


def console(*, stderr: bool = False) -> Console:
    """Make a console on standard output or error; plain when that is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def printable(value: object, *, one_line: bool = True) -> str:
    """Make what others wrote fit for standard output: control characters, and what its encoding
    lacks, are shown as escapes; so its width is known before it is written."""
    if has_unicode(sys.stdout.encoding):
        return harmless(value, one_line=one_line)
    text = str(value).replace("\n", "\\n") if one_line else str(value)
    return escaped(harmless(text, one_line=one_line), sys.stdout.encoding or "ascii")


def short_id(job_id: str) -> str:
    """Shorten an id for a table: a UUID to its beginning, which finds it again, no other."""
    return job_id[:8] if len(job_id) == 36 and job_id.count("-") == 4 else job_id


def print_json(value: Any) -> None:
    """One JSON document, readable, in UTF-8."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()


def print_error(message: str) -> None:
    """Print one line on standard error, without what is secret; of a very long one its beginning
    and its end."""
    from ..instrumentation import without_secrets  # nobody waits for it but who hears of an error

    if (pager := sys.modules.get(f"{__package__}.pager")) is not None:
        pager.settle()  # what was printed before it is read first
    message = without_secrets(message)
    if len(message) > _LONGEST_LINE:
        half = _LONGEST_LINE // 2
        message = f"{message[:half]} … {message[-half:]}"
    click.echo(f"jobledger: {harmless(message)}", err=True)


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """Show a time to people, in the ledger's zone."""
    if value is None:
        return "–"
    # To the minute and without the offset; half of what a format takes, and lists are long.
    return value.astimezone(zone).isoformat(" ", "minutes")[:16]


def status_words(job: ScheduledJob) -> str:
    """Say the status, with what a person has to know besides."""
    suffix = " (unknown)" if job.outcome_unknown else " (in doubt)" if job.in_doubt else ""
    return f"{job.status}{suffix}"


def status_text(job: ScheduledJob) -> Text:
    """Say the status so, in its colour."""
    from rich.text import Text

    return Text(status_words(job), style=STATUS_STYLE[job.status])


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
    if isinstance(value, Post):
        from .render.posts import lines_of

        return Text("\n".join(lines_of(value)))
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
