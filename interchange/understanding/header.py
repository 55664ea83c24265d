"""Which line of a table names its columns; and if none does, what would make it understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...domain import ValidationError
from ..fields import NEEDED
from ..problems import place
from ..reading.table import TableLine
from ..wishes import Wishes
from .columns import PLATFORM, Column, FileColumns, columns_of, is_ours, preset_of
from .names import sounds_like
from .presets import LEFT_OUT, PRESETS

_FIRST_ROWS = 10
"""In which the names of the columns are looked for."""


def score(names: Sequence[str], wishes: Wishes) -> int:
    """Say how many of these are names of columns of ours."""
    preset = preset_of(wishes)
    if preset is not None and preset.order:
        named = columns_of(names, wishes).found
        return named or int(1 < len(names) <= len(preset.order))
    return columns_of(names, wishes).found


def find_columns(
    lines: Iterator[TableLine], wishes: Wishes, source: str
) -> tuple[FileColumns, list[TableLine]]:
    """Find the line that names the columns among the first ones; what is before it is a title.

    Returns the columns, and the lines behind that were read already.

    Raises:
        ValidationError: there is none with all that is needed; says what there is, and what to say.
    """
    first: list[TableLine] = []
    best: tuple[int, TableLine, FileColumns] | None = None
    for line in lines:
        if line.problem is not None or len(first) == _FIRST_ROWS:
            first.append(line)
            break
        if line.is_empty:
            continue
        columns = columns_of(line.cells, wishes)
        if not columns.missing():
            _check_twice(columns, source, line.number, wishes)
            _check_states(columns, source, line.number, wishes)
            return columns, []
        first.append(line)
        if best is None or columns.found > best[0]:
            best = (columns.found, line, columns)
    if best is None:
        if first and first[0].problem is not None:
            return FileColumns([], wishes), first
        raise ValidationError(
            f"{source} is empty", field="file", hint=f"the first row names the columns: {needed()}"
        )
    preset = preset_of(wishes)
    if preset is not None and preset.order and best[0] == 0:
        width = max(len(line.cells) for line in first)
        columns = FileColumns([Column(each, each) for each in preset.order[:width]], wishes)
        if not columns.missing():
            return columns, first
        raise _missing(columns, source, first[0].number, wishes)
    _check_twice(best[2], source, best[1].number, wishes)
    raise _missing(best[2], source, best[1].number, wishes)


def needed() -> str:
    return f"{', '.join(NEEDED[:-1])} and {NEEDED[-1]} are needed"


def _check_twice(columns: FileColumns, source: str, number: int, wishes: Wishes) -> None:
    """Check that nothing is there twice.

    Raises:
        ValidationError: two columns are the same field, or a constant is a column too.
    """
    seen: dict[str, str] = {}
    for column in columns.columns:
        target = column.target.lower()
        if not target or target == LEFT_OUT or target.startswith(PLATFORM):
            continue
        if target in seen:
            also = "" if column.name in (seen[target], target) else f", as {column.name!r:.40} is"
            raise ValidationError(
                f"{place(source, number)}: the column {seen[target]!r:.40} is there twice{also}",
                field=column.target,
                hint="take one away, or give it another name",
            )
        seen[target] = column.name
        if target in wishes.constants:
            raise ValidationError(
                f"{place(source, number)}: {target} is set, and the column {column.name!r:.40} has"
                " it too",
                field=target,
                hint=f"leave out {wishes.option('--set', target)}, or take the column away",
            )


def _check_states(columns: FileColumns, source: str, number: int, wishes: Wishes) -> None:
    """Check that words for states are not said in vain: what they hold back would go out.

    Raises:
        ValidationError: no column has states.
    """
    has_states = any(column.target == "status" for column in columns.columns)
    if not wishes.states or has_states or "status" in wishes.constants:
        return
    names = [column.name for column in columns.columns if column.name]
    meant = sounds_like("status", names) or "Status"
    raise ValidationError(
        f"{place(source, number)}: there is no column status, and {wishes.option('--state')} says"
        " what its words mean",
        field="status",
        hint=f"say which it is, such as {wishes.hint('--map', f'status={meant}')}",
    )


def _missing(columns: FileColumns, source: str, number: int, wishes: Wishes) -> ValidationError:
    missing = columns.missing()
    names = [column.name for column in columns.columns if column.name]
    return ValidationError(
        f"{place(source, number)}: there is no column {' and no '.join(missing)};"
        f" the columns there are {', '.join(names)[:400] or 'none'}",
        field=missing[0],
        hint=what_to_say(columns, missing, wishes),
    )


def what_to_say(columns: FileColumns, missing: list[str], wishes: Wishes) -> str:
    """Say by which options the file would be understood, as far as that can be told."""
    names = [column.name for column in columns.columns if column.name]
    options: list[str] = []
    if wishes.like is None and {"content", "scheduled_time"} & {*missing}:
        understood = {tool: columns_of(names, wishes, preset) for tool, preset in PRESETS.items()}
        fitting = {
            tool: found
            for tool, found in understood.items()
            if not {"content", "scheduled_time"} & {*found.missing()} and found.found > 1
        }
        if fitting:
            tool = max(fitting, key=lambda name: fitting[name].known)
            options = ["--like", tool]
            missing = fitting[tool].missing()
    free = [column.name for column in columns.columns if not is_ours(column.target) and column.name]
    for name in missing:
        meant = sounds_like(name, free)
        if name == "account_id" and meant is None:
            options += ["--set", "account_id=my-account"]
        elif free and not (options and options[0] == "--like" and meant is None):
            options += ["--map", f"{name}={meant or free[0]}"]
    said = f"; say {wishes.hint(*options)}, or whichever column it is" if options else ""
    if "scheduled_time" in missing and sounds_like("scheduled_time", free) is None:
        said += (
            f"; where posts have no time, {wishes.hint('--slots')} gives each the next free slot of"
            " its account"
        )
    return f"one of the first {_FIRST_ROWS} rows names the columns: {needed()}{said}"
