"""What an import would do, for a person to check in ten seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from ...domain import JobStatus
from ...interchange import (
    LEFT_OUT,
    READ,
    Column,
    ImportPlan,
    PlannedJob,
    RowProblem,
    in_lines,
    is_ours,
    span_in_words,
)
from ..output import STATUS_STYLE, console, print_error, printable

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN_ROWS = 12
_LAST_ROWS = 3
_SHOWN_LINES = 20
_LEAST_TEXT = 20
_SHORT = ("line", "written", "means", "account")
_LONGEST_PLACE = 24
_LEAST_TIME = 12
_LONGEST_TIME = 30
_LONGEST_ACCOUNT = 20


def print_problems(problems: Sequence[RowProblem]) -> None:
    """Print what is wrong, like faults of many rows as one."""
    lines = in_lines(problems)
    for line in lines[:_SHOWN_LINES]:
        print_error(line)
    if len(lines) > _SHOWN_LINES:
        print_error(f"… and {len(lines) - _SHOWN_LINES} more; --json has all of them")
    print_error("nothing was imported")


def print_warnings(plan: ImportPlan, *, dry_run: bool) -> None:
    """Print what is to be told of the rows, like things of many as one; who only looks is told of
    columns that nobody reads, too."""
    lines = in_lines([*plan.warnings, *plan.unread] if dry_run else plan.warnings)
    for line in lines[:_SHOWN_LINES]:
        print_error(f"note: {line}")
    if len(lines) > _SHOWN_LINES:
        print_error(f"note: … and {len(lines) - _SHOWN_LINES} more; --json has all of them")


def print_preview(plan: ImportPlan, zone: ZoneInfo, now: datetime) -> None:
    """Print the rows as they stand in the files and what they mean, and when the first and last
    ones are due."""
    offset = now.astimezone(zone).isoformat()[-6:]
    click.echo(printable(f"times in {zone.key} ({offset} now){_extent(plan, zone, now)}"))
    for source, columns in plan.told.columns.items():
        click.echo(printable(f"{source}: {_columns(columns)}"))
    if plan.planned:
        console().print(_table(plan, zone))


def _extent(plan: ImportPlan, zone: ZoneInfo, now: datetime) -> str:
    times = [each.item.job.scheduled_time for each in plan.planned]
    if not times:
        return ""
    first, last = min(times), max(times)
    away = f"in {span_in_words(first - now)}" if first > now else "past"
    return f"; first {_moment(first, zone)} ({away}), last {_moment(last, zone)}"


def _columns(columns: Sequence[Column]) -> str:
    said = []
    for column in columns:
        if not column.name:
            continue
        if column.target == LEFT_OUT:
            means = "left out"
        elif is_ours(column.target) or column.target in (*READ, "media"):
            means = column.target.partition("=")[2] or column.target
        else:
            means = "metadata"
        said.append(column.name if means == column.name else f"{column.name} → {means}")
    return ", ".join(said)


def _table(plan: ImportPlan, zone: ZoneInfo) -> Table:
    from rich.table import Table
    from rich.text import Text

    out = console()
    several = len({each.item.source for each in plan.planned}) > 1
    rows = [
        None if each is None else _cells(each, zone, several=several)
        for each in _shown(plan.planned)
    ]
    cells = [row for row in rows if row is not None]
    widths = [max(len(name), *(len(row[n]) for row in cells)) for n, name in enumerate(_SHORT)]
    left = out.width - sum(widths) - 2 * len(widths)
    if left < _LEAST_TEXT:
        widths[1] = max(widths[1] - (_LEAST_TEXT - left), _LEAST_TIME)
        left = max(out.width - sum(widths) - 2 * len(widths), _LEAST_TEXT)
    table = Table(box=None, pad_edge=False)
    for name, width in zip(_SHORT, widths, strict=True):
        is_place = name == "line"
        table.add_column(
            name,
            no_wrap=True,
            min_width=width,
            max_width=width,
            overflow="ellipsis",
            justify="right" if is_place else "left",
            style="dim" if is_place else "",
        )
    table.add_column("text", no_wrap=True, overflow="ellipsis", max_width=left)
    for each, row in zip(_shown(plan.planned), rows, strict=True):
        if each is None or row is None:
            table.add_row("…", "", "", "", f"{len(plan.planned) - _SHOWN_ROWS} more")
            continue
        job = each.item.job
        text = Text(printable(job.content.replace("\r\n", "\n")))
        if job.status is not JobStatus.SCHEDULED:
            text = Text(f"{job.status} ", STATUS_STYLE[job.status]) + text
        table.add_row(*(Text(cell) for cell in row), text)
    return table


def _cells(each: PlannedJob, zone: ZoneInfo, *, several: bool) -> tuple[str, str, str, str]:
    """Return what is short in a row: where it is, its time as written and as meant, its account."""
    item = each.item
    line = "" if item.line is None else str(item.line)
    if several:
        line = f"{PurePath(item.source).name} {line}".strip()
        line = line if len(line) <= _LONGEST_PLACE else f"…{line[1 - _LONGEST_PLACE :]}"
    return (
        line,
        "next slot" if item.next_slot else printable(each.written)[:_LONGEST_TIME],
        _moment(item.job.scheduled_time, zone),
        printable(item.job.account_id)[:_LONGEST_ACCOUNT],
    )


def _shown(planned: Sequence[PlannedJob]) -> Iterator[PlannedJob | None]:
    """Yield the first ones and the last ones, and None for those between."""
    if len(planned) <= _SHOWN_ROWS:
        yield from planned
        return
    yield from planned[: _SHOWN_ROWS - _LAST_ROWS]
    yield None
    yield from planned[-_LAST_ROWS:]


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a %Y-%m-%d %H:%M}" + (f":{local:%S}" if local.second else "")
