"""Tables that are written row by row, however long they are."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

import click

from ..domain.job import ScheduledJob
from .output import STATUS_STYLE, moment, printable, short_id, status_words

_GAP = "  "
_MOST_ACCOUNT = 16
_LEAST_CONTENT = 16
_AT_ONCE = 500


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


class Columns:
    """A table written row by row.

    The columns have fixed widths. The last one takes what is left of a terminal, and all where
    standard output is none; nothing else is ever cut, so a cell that is too long in another column
    pushes its row to the right.
    """

    def __init__(self, *columns: tuple[str, int | None]) -> None:
        self._columns = columns
        self._is_terminal = sys.stdout.isatty()
        self._width = shutil.get_terminal_size().columns if self._is_terminal else None
        self._is_coloured = self._is_terminal and not os.environ.get("NO_COLOR")

    def title(self, note: str = "") -> None:
        """The columns' names, with a note behind the last."""
        names = [name for name, _ in self._columns]
        last = f"{names[-1]}  ({note})" if note else names[-1]
        self.row(*names[:-1], last, styles=dict.fromkeys(range(len(names)), "bold"))

    def row(self, *cells: str, styles: Mapping[int, str] | None = None) -> None:
        """One row; `styles` gives the cells at some places a style such as `bold red`."""
        click.echo(self._line(cells, styles or {}))

    def rows(self, rows: Iterable[tuple[Sequence[str], Mapping[int, str]]]) -> None:
        """Many rows, each with its styles, written some hundreds at a time."""
        lines = (self._line(cells, styles) for cells, styles in rows)
        while some := list(islice(lines, _AT_ONCE)):
            click.echo("\n".join(some))

    def note(self, text: str) -> None:
        """A line beneath the table."""
        click.echo(self._styled(text, "dim"))

    def _line(self, cells: Sequence[str], styles: Mapping[int, str]) -> str:
        if self._width is None:
            return self._plain(cells)
        room = self._width
        parts = []
        for index, (cell, (_, width)) in enumerate(zip(cells, self._columns, strict=True)):
            cell = _cut(cell, room)
            length = width_of(cell)
            is_last = index == len(cells) - 1
            padding = 0 if width is None or is_last else max(width - length, 0)
            parts.append(self._styled(cell, styles.get(index, "")) + " " * padding)
            room = max(room - length - padding - len(_GAP), 0)
        return _GAP.join(parts).rstrip()

    def _plain(self, cells: Sequence[str]) -> str:
        """A row for a file or a pipe: nothing is cut, nothing has a style."""
        parts = [
            cell
            if width is None
            else cell.ljust(width)
            if cell.isascii()
            else cell + " " * max(width - width_of(cell), 0)
            for cell, (_, width) in zip(cells, self._columns, strict=True)
        ]
        return _GAP.join(parts).rstrip()

    def _styled(self, text: str, style: str) -> str:
        if not style or not self._is_coloured:
            return text
        *attributes, last = style.split()
        colour = None if last in ("bold", "dim") else last
        words = [*attributes, last]
        return click.style(
            text, fg=colour, bold="bold" in words or None, dim="dim" in words or None
        )


_TITLES = ("job", "status", "priority", "scheduled", "tries", "account", "content")
_GIVE_WAY = ("tries", "priority")


def print_jobs(jobs: Sequence[ScheduledJob], zone: ZoneInfo) -> None:
    """The jobs as a table, in the order given.

    On a terminal long accounts and texts are cut, and on a narrow one columns are left out, so that
    something of the text is seen.
    """
    is_terminal = sys.stdout.isatty()
    cells = [_cells(job, zone, _MOST_ACCOUNT if is_terminal else None) for job in jobs]
    columns: dict[str, int | None] = {
        title: None
        if title == "content"
        else max([len(title), *map(width_of, {row[index] for row in cells})])
        for index, title in enumerate(_TITLES)
    }
    if is_terminal:
        _make_room(columns, shutil.get_terminal_size().columns - _LEAST_CONTENT)
    places = [_TITLES.index(title) for title in columns]
    table = Columns(*columns.items())
    table.title()
    table.rows(
        ([row[place] for place in places], {1: STATUS_STYLE[job.status]})
        for row, job in zip(cells, jobs, strict=True)
    )
    table.note(f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}, times in {zone.key}")


def _make_room(columns: dict[str, int | None], width: int) -> None:
    for title in _GIVE_WAY:
        if sum(len(_GAP) + (wide or 0) for wide in columns.values()) > width:
            del columns[title]


def _cells(job: ScheduledJob, zone: ZoneInfo, most_account: int | None) -> tuple[str, ...]:
    account = printable(job.account_id)
    return (
        short_id(job.job_id),
        status_words(job),
        job.priority.name.lower(),
        moment(job.scheduled_time, zone),
        str(job.attempt),
        account if most_account is None else _cut(account, most_account),
        printable(job.content),
    )


def _cut(text: str, room: int) -> str:
    """The text in so many columns of a terminal, with an ellipsis where it is longer."""
    if width_of(text) <= room:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, room - 1) + "…" if room > 0 else ""
