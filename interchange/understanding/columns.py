"""What each column of a table is, and from there the values of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from ...domain import ValidationError
from ..fields import NEEDED, Row
from ..reading.table import TableLine
from ..wishes import Wishes
from . import apostrophes
from .cells import is_error, read_cell, read_flag
from .names import DATE, KNOWN, TIME, beginnings, meaning, plain, sounds_like
from .posts import is_of_post, post_target, put_together, several
from .presets import LEFT_OUT, PRESETS, Preset
from .times import has_clock, together

PLATFORM = "platform="
_VIDEOS = (".mp4", ".mov", ".m4v", ".webm")
_TRUE = {"true", "1", "yes", "x", "✓", "có"}
_FALSE = {"false", "0", "no", "", "không"}
_SUBSTANCE = {*NEEDED, DATE, TIME, "job_id"}
"""Columns without which a row is none: a formula that was filled down stands there alone."""
_TAKEN = {"facebook", "instagram", "threads", "bluesky", "mastodon", "linkedin", "tiktok",
          "pinterest", "youtube", "twitter", "x"}  # fmt: skip


class Column(msgspec.Struct, frozen=True):
    """A column: its name as it stands there, and what it is; without a name it is nothing.

    One that is `marked` has texts behind apostrophes."""

    name: str
    target: str
    marked: bool = False


class FileColumns:
    """The columns of one table."""

    def __init__(self, columns: Sequence[Column], wishes: Wishes) -> None:
        self.columns = columns
        self._wishes = wishes
        self._targets = {column.target for column in columns}
        self._has_platforms = any(each.startswith(PLATFORM) for each in self._targets)

    @property
    def found(self) -> int:
        """How many of them are fields of a job, or its time."""
        return sum(is_ours(column.target) for column in self.columns)

    @property
    def known(self) -> int:
        """How many of them are anything at all: a field, or what a tool has besides."""
        return sum(column.target != column.name for column in self.columns if column.name)

    def missing(self) -> list[str]:
        """Return what is needed and not there."""
        wishes = self._wishes
        there = self._targets | wishes.constants.keys() | wishes.otherwise.keys()
        if DATE in there or wishes.slots:
            there |= {"scheduled_time"}
        return [name for name in NEEDED if name not in there]

    def row(self, line: TableLine, source: str) -> Row | None:
        """Return the row of a line; None where only columns stand there that are not ours."""
        faults: list[ValidationError] = []
        if not self._has_substance(line.cells):
            return None
        values: dict[str, Any] = {}
        platforms: list[str] = []
        for index, cell in enumerate(line.cells):
            column = self.columns[index] if index < len(self.columns) else Column("", "")
            try:
                if column.target.startswith(PLATFORM):
                    if _is_true(cell, column.name):
                        platforms.append(column.target.removeprefix(PLATFORM))
                    continue
                self._read(column, index, cell, values)
            except ValidationError as error:
                faults.append(error)
        try:
            self._time_of(values)
        except ValidationError as error:
            faults.append(error)
        try:
            put_together(values, source)
        except ValidationError as error:
            faults.append(error)
        if platforms:
            faults += self._choose(platforms, values)
        wanted = self._wishes.constants.get("platform")
        elsewhere = self._has_platforms and wanted is not None and wanted not in platforms
        faults += self._put_constants(values)
        for name, text in self._wishes.otherwise.items():
            if name not in (DATE, TIME):
                values.setdefault(name, text)
        notes = _lost_ids(values, faults)
        return Row(
            source,
            line.number,
            values,
            () if elsewhere else tuple(faults),
            notes,
            left_out=f"not for {wanted}" if elsewhere else "",
        )

    def _has_substance(self, cells: Sequence[str]) -> bool:
        return any(
            cell.strip()
            and (not column.name or column.target in _SUBSTANCE or is_of_post(column.target))
            for column, cell in zip(
                chain(self.columns, iter(lambda: Column("", ""), None)), cells, strict=False
            )
        )

    def _read(self, column: Column, index: int, cell: str, values: dict[str, Any]) -> None:
        target = column.target
        if not target:
            if cell.strip():
                raise ValidationError(
                    f"cell {index + 1}, {cell!r:.40}, is in a column without a name",
                    field="columns",
                    hint="give the column a name; a text with separators or line breaks in it must"
                    " be in double quotes",
                )
            return
        if target == LEFT_OUT:
            return
        if target not in KNOWN and not is_of_post(target) and is_error(cell):
            return
        if target == "draft":
            if _is_true(cell, column.name):
                values["status"] = "draft"
            return
        if target == "media" and len(several(cell)) > 1:
            target = "media 1"
        elif target == "media":
            target = "video_url" if cell.strip().lower().endswith(_VIDEOS) else "image_url"
        marked = column.marked and cell.startswith(apostrophes.MARK)
        text = apostrophes.plain(cell) if marked else cell
        value = read_cell(text, target, genuine=marked)
        if value is None:
            return
        if target == "platform" and column.name != target and value.strip().lower() in _TAKEN:
            value = value.strip().lower()
        values[target] = value

    def _time_of(self, values: dict[str, Any]) -> None:
        """Make one time of a date and a time of day."""
        has_dates = DATE in self._targets | self._wishes.constants.keys()
        if "scheduled_time" in self._targets or not (has_dates or self._wishes.slots):
            return
        constants = {**self._wishes.otherwise, **self._wishes.constants}
        date, clock = (str(values.pop(name, constants.get(name, ""))) for name in (DATE, TIME))
        if not date:
            if self._wishes.slots and clock and TIME not in constants:
                raise _no_date(clock)
            return
        if not clock and not has_clock(date):
            raise ValidationError(
                f"the date {date!r:.40} has no time of day",
                field="time",
                hint=self._where_a_time_may_be(),
            )
        values["scheduled_time"] = together(date, clock)

    def _where_a_time_may_be(self) -> str:
        if TIME in self._targets | self._wishes.constants.keys():
            return "put it there"
        others = [column.name for column in self.columns if not is_ours(column.target)]
        meant = sounds_like(TIME, others)
        for_all = f"one for all: {self._wishes.hint('--set', 'time=09:00')}"
        if meant is None:
            return f"put it there; or {for_all}"
        return (
            f"if it is in {meant!r:.40}: {self._wishes.hint('--map', f'time={meant}')}; {for_all}"
        )

    def _choose(self, platforms: list[str], values: dict[str, Any]) -> list[ValidationError]:
        """Choose the platform of a post that says all that it is for."""
        if "platform" in self._wishes.constants:
            return []
        values["platform"] = platforms[0]
        if len(platforms) == 1:
            return []
        return [ValidationError(
            f"platform is {' and '.join(platforms)}, and a job is for one",
            field="platform",
            hint="import them one after another:"
            f" {self._wishes.hint('--set', f'platform={platforms[0]}')}",
        )]  # fmt: skip

    def _put_constants(self, values: dict[str, Any]) -> list[ValidationError]:
        faults = []
        for name, text in self._wishes.constants.items():
            if name in (DATE, TIME):
                continue
            try:
                values[name] = read_cell(text, name)
            except ValidationError as error:
                faults.append(error)
        return faults


def _no_date(clock: str) -> ValidationError:
    return ValidationError(
        f"the time of day {clock!r:.40} has no date",
        field="time",
        hint="give it one; where it is empty too, the post takes the next free slot",
    )


def _lost_ids(values: dict[str, Any], faults: list[ValidationError]) -> tuple[tuple[str, str], ...]:
    """Leave out the broken id of a post that is not out, and say so: it has none to lose."""
    if str(values.get("status") or "").strip().lower() == "completed":
        return ()
    lost = [fault for fault in faults if fault.field == "thread_id"]
    faults[:] = [fault for fault in faults if fault not in lost]
    return tuple(("thread_id", f"{fault.message}: it is left out") for fault in lost)


def is_ours(target: str) -> bool:
    """Whether a column is a field of a job, or what one is made of."""
    return (
        target in KNOWN
        or target in (DATE, TIME, "draft")
        or target.startswith(PLATFORM)
        or is_of_post(target)
    )


def preset_of(wishes: Wishes) -> Preset | None:
    return None if wishes.like is None else PRESETS[wishes.like]


def columns_of(names: Sequence[str], wishes: Wishes, preset: Preset | None = None) -> FileColumns:
    """Say what columns of these names are: by what was wished, by the tool, by their names."""
    preset = preset or preset_of(wishes)
    wished = {plain(column): target for target, column in wishes.maps.items()}
    columns = []
    for written in names:
        marked = written.strip().startswith(apostrophes.MARK)
        name = written.strip().removeprefix(apostrophes.MARK) if marked else written
        target = wished.get(plain(name))
        if target is None and preset is not None:
            known = (preset.columns.get(each) for each in beginnings(name))
            target = next((each for each in known if each is not None), None)
        if target is None and meaning(name) not in wishes.maps:
            target = meaning(name) or post_target(name)
        columns.append(Column(name.strip(), target or name.strip(), marked))
    targets = {column.target for column in columns}
    if "scheduled_time" in targets:  # a column named Date is another one then
        columns = [
            Column(column.name, column.name)
            if column.target in (DATE, TIME) and plain(column.name) not in wished
            else column
            for column in columns
        ]
    return FileColumns(columns, wishes)


def _is_true(cell: str, name: str) -> bool:
    text = cell.strip().casefold()
    if text in _TRUE:
        return True
    return text not in _FALSE and read_flag(text, name)
