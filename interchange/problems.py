"""What is wrong with a row, or worth a word: as a value, in lines, and like ones put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ..domain import JobLedgerError, ValidationError

_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[\d.:+-]*\d")
"""What differs between two messages that say the same of two rows."""
_MOST_RANGES = 8


class RowProblem(msgspec.Struct, frozen=True):
    """What is to be said of a row, or of a file as a whole; without a source the message has it."""

    source: str
    line: int | None
    message: str
    field: str | None = None
    hint: str = ""

    @property
    def place(self) -> str:
        return self.source if self.line is None else place(self.source, self.line)

    def __str__(self) -> str:
        said = f"{self.message} ({self.hint})" if self.hint else self.message
        return f"{self.place}: {said}" if self.source else said

    def document(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "file": self.source or None,
            "line": self.line,
            "field": self.field,
            "message": self.message,
            "hint": self.hint or None,
        }


Refuse = Callable[[ValidationError], None]
"""Takes in what is wrong with a row, which is looked at further all the same."""


def place(source: str, line: int) -> str:
    """Name a line of a file, as messages do."""
    return f"{source}, line {line}"


def problem_of(error: JobLedgerError, source: str = "", line: int | None = None) -> RowProblem:
    """Return what an error says, of a row of a file."""
    return RowProblem(source, line, error.message, getattr(error, "field", None), error.hint or "")


def in_lines(problems: Sequence[RowProblem], noun: str = "rows") -> list[str]:
    """Say each of them in a line; those that say the same of many rows once, with their lines."""
    return [_said(group, noun) for group in of_a_kind(problems)]


def of_a_kind(problems: Sequence[RowProblem]) -> list[list[RowProblem]]:
    """Put those together that say the same of many rows of a file, in order."""
    groups: dict[tuple[str, str], list[RowProblem]] = {}
    for problem in problems:
        groups.setdefault((problem.source, _VALUE.sub("…", problem.message)), []).append(problem)
    return [*groups.values()]


def _said(group: list[RowProblem], noun: str) -> str:
    first = group[0]
    lines = [problem.line for problem in group if problem.line is not None]
    if len(group) == 1 or len(lines) < len(group):
        more = len(group) - 1
        return str(first) + (f", and {more} more of that kind" if more else "")
    count = len(set(lines))
    said = f"{first.source}, {line_ranges(lines)}: {first.message}"
    said += f", and so in {count} {noun}" if count > 1 else ""
    return f"{said} ({first.hint})" if first.hint else said


def line_ranges(lines: Iterable[int]) -> str:
    """Say which lines they are: `line 3`, `lines 2–21, 30`."""
    ranges: list[list[int]] = []
    for line in sorted(set(lines)):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    said = [str(a) if a == b else f"{a}–{b}" for a, b in ranges]
    if len(said) > _MOST_RANGES:
        said[_MOST_RANGES - 1 :] = [f"… {said[-1]}"]
    only = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    return f"line{'' if only else 's'} {', '.join(said)}"
