"""Tables that are written row by row, however long they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

import click

from ...domain import JobPriority, ScheduledJob
from ..output import STATUS_STYLE, moment, printable, short_id, status_words
from ..streams import has_unicode

_GAP = "  "
_MOST_ACCOUNT = 16
_LEAST_CONTENT = 16
_LEAST_OF_A_ROW = 10
"""With less room than that for its text, a job gets two lines."""
_AT_ONCE = 500


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def terminal_width() -> int:
    """How many columns the terminal has, or 80 where it does not say."""
    import shutil  # and all that packs files with it

    return shutil.get_terminal_size().columns


def _padded(cells: Sequence[str], width: int) -> list[str]:
    """Return the cells, each at least so wide."""
    if "".join(cells).isascii():
        return [cell.ljust(width) for cell in cells]
    return [cell + " " * max(width - width_of(cell), 0) for cell in cells]


class Columns:
    """A table written row by row.

    The columns have fixed widths. The last one takes what is left of a terminal, and all where
    standard output is none; nothing else is ever cut, so a cell that is too long in another column
    pushes its row to the right.
    """

    def __init__(self, *columns: tuple[str, int | None]) -> None:
        self._columns = columns
        self._is_terminal = sys.stdout.isatty()
        self._width = terminal_width() if self._is_terminal else None
        self._is_coloured = _is_coloured()

    def title(self, note: str = "") -> None:
        """Print the columns' names, with a note behind the last."""
        names = [name for name, _ in self._columns]
        last = f"{names[-1]}  ({note})" if note else names[-1]
        self.row(*names[:-1], last, styles=dict.fromkeys(range(len(names)), "bold"))

    def row(self, *cells: str, styles: Mapping[int, str] | None = None) -> None:
        """One row; `styles` gives the cells at some places a style such as `bold red`."""
        click.echo(self._line(cells, styles or {}))

    def rows(self, columns: Sequence[Sequence[str]], styles: Mapping[int, Sequence[str]]) -> None:
        """Many rows, given column by column, written some hundreds at a time; `styles` gives each
        cell of the columns at some places a style."""
        lines = self._plain_lines(columns) if self._width is None else self._lines(columns, styles)
        while some := list(islice(lines, _AT_ONCE)):
            click.echo("\n".join(some))

    def note(self, text: str) -> None:
        """Print a line beneath the table."""
        for line in _wrapped(text, 0):
            click.echo(self._styled(line, "dim"))

    def _lines(
        self, columns: Sequence[Sequence[str]], styles: Mapping[int, Sequence[str]]
    ) -> Iterator[str]:
        for number, cells in enumerate(zip(*columns, strict=True)):
            yield self._line(cells, {place: column[number] for place, column in styles.items()})

    def _plain_lines(self, columns: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yield what `_plain` makes of each row; of ten thousand in half the time."""
        padded = [
            column if width is None else _padded(column, width)
            for column, (_, width) in zip(columns, self._columns, strict=True)
        ]
        return (_GAP.join(cells).rstrip() for cells in zip(*padded, strict=True))

    def _line(self, cells: Sequence[str], styles: Mapping[int, str]) -> str:
        if self._width is None:
            return self._plain(cells)
        room = self._width
        parts = []
        for index, (cell, (_, width)) in enumerate(zip(cells, self._columns, strict=True)):
            cell = _cut(cell, room)
            length = width_of(cell)
            is_last = index == len(cells) - 1
            padding = 0 if width is None or is_last else max(min(width, room) - length, 0)
            parts.append(self._styled(cell, styles.get(index, "")) + " " * padding)
            room = max(room - length - padding - len(_GAP), 0)
        return _GAP.join(parts).rstrip()

    def _plain(self, cells: Sequence[str]) -> str:
        """Return a row for a file or a pipe: nothing is cut, nothing has a style."""
        parts = [
            cell if width is None else _padded([cell], width)[0]
            for cell, (_, width) in zip(cells, self._columns, strict=True)
        ]
        return _GAP.join(parts).rstrip()

    def _styled(self, text: str, style: str) -> str:
        return _styled(text, style) if self._is_coloured else text


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _styled(text: str, style: str) -> str:
    """Give the text a style such as `bold red`."""
    words = style.split()
    colour = next((word for word in words if word not in ("bold", "dim")), None)
    return click.style(text, fg=colour, bold="bold" in words or None, dim="dim" in words or None)


def print_facts(facts: Iterable[tuple[str, str, str]]) -> None:
    """Lines of a name and what there is to say, each with a style; on a terminal long ones go on
    beneath where they began."""
    rows = list(facts)
    indent = max(len(name) for name, _, _ in rows) + len(_GAP)
    for name, text, style in rows:
        first, *others = _wrapped(text, indent)
        if _is_coloured():
            first, others = _styled(first, style), [_styled(line, style) for line in others]
        click.echo(name.ljust(indent) + first)
        for line in others:
            click.echo(" " * indent + line)


def print_line(text: str) -> None:
    """Print a line; on a terminal that is too narrow for it, it goes on beneath."""
    for line in _wrapped(printable(text), 0):
        click.echo(line)


def _wrapped(text: str, indent: int) -> list[str]:
    if not sys.stdout.isatty():
        return [text]
    from textwrap import wrap

    return wrap(text, max(terminal_width() - indent, _LEAST_CONTENT)) or [text]


_GIVE_WAY = ("tries", "priority")


def print_jobs(jobs: Sequence[ScheduledJob], zone: ZoneInfo) -> None:
    """Print the jobs as a table, in the order given.

    On a terminal long accounts and texts are cut, and on a narrow one columns are left out, so that
    something of the text is seen.
    """
    is_terminal = sys.stdout.isatty()
    cells = _cells(jobs, zone, _MOST_ACCOUNT if is_terminal else None)
    columns: dict[str, int | None] = {
        title: None if title == "content" else max(map(width_of, {title, *column}))
        for title, column in cells.items()
    }
    note = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}, times in {zone.key}"
    if is_terminal:
        _make_room(columns, terminal_width() - _LEAST_CONTENT)
        if _width_of_all(columns) > terminal_width() - _LEAST_OF_A_ROW:
            _print_in_two_lines(jobs, cells, note)
            return
    table = Columns(*columns.items())
    table.title()
    styles = [STATUS_STYLE[job.status] for job in jobs] if is_terminal else []
    table.rows([cells[title] for title in columns], {1: styles} if is_terminal else {})
    table.note(note)


def _print_in_two_lines(
    jobs: Sequence[ScheduledJob], cells: Mapping[str, Sequence[str]], note: str
) -> None:
    """Each job with when and its state above, and what it is beneath."""
    table = Columns(("", None))
    names = ("job", "status", "scheduled", "account", "content")
    rows = zip(*(cells[name] for name in names), strict=True)
    for job, (job_id, status, scheduled, account, content) in zip(jobs, rows, strict=True):
        table.row(f"{scheduled}  {status}", styles={0: STATUS_STYLE[job.status]})
        table.row(f"{_GAP}{job_id}  {account}: {content}")
    table.note(note)


def _width_of_all(columns: Mapping[str, int | None]) -> int:
    return sum(len(_GAP) + (wide or 0) for wide in columns.values())


def _make_room(columns: dict[str, int | None], width: int) -> None:
    for title in _GIVE_WAY:
        if _width_of_all(columns) > width:
            del columns[title]


def _cells(
    jobs: Sequence[ScheduledJob], zone: ZoneInfo, most_account: int | None
) -> dict[str, list[str]]:
    """Return the columns of the table, each with a cell a job."""
    priorities = {priority: priority.name.lower() for priority in JobPriority}
    accounts = {name: printable(name) for name in {job.account_id for job in jobs}}
    if most_account is not None:
        accounts = {name: _cut(shown, most_account) for name, shown in accounts.items()}
    return {
        "job": [short_id(job.job_id) for job in jobs],
        "status": [status_words(job) for job in jobs],
        "priority": [priorities[job.priority] for job in jobs],
        "scheduled": [moment(job.scheduled_time, zone) for job in jobs],
        "tries": [str(job.attempt) for job in jobs],
        "account": [accounts[job.account_id] for job in jobs],
        "content": [printable(job.content) for job in jobs],
    }


def _cut(text: str, room: int) -> str:
    """Cut the text to so many columns of a terminal, with an ellipsis where it is longer."""
    if width_of(text) <= room:
        return text
    from rich.cells import set_cell_size

    mark = "…" if has_unicode(sys.stdout.encoding) else "..."
    return set_cell_size(text, room - len(mark)) + mark if room >= len(mark) else ""
