"""What is wished of an import, and how it is said: for hints that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

DateOrder = Literal["dmy", "mdy"]
_WITH_VALUES = {"--like", "--map", "--set", "--state", "--dates", "--times-in", "--encoding",
                "--sheet", "--leave-out"}  # fmt: skip


class Bounds(msgspec.Struct, frozen=True):
    """How much is read of a file at most, before it is refused: rows that are posts, cells and
    columns of a table, and bytes of what is packed in it, a workbook's parts, of which those that
    are read as a whole are `whole` at most."""

    rows: int = 10_000_000
    cells: int = 500_000_000
    columns: int = 18_278
    unpacked: int = 2**31
    whole: int = 2**26


class Wishes(msgspec.Struct, frozen=True):
    """How the files are to be understood, as the options of `import` say it.

    `maps` has columns by what they are, `constants` the values that no column has, `otherwise`
    those of rows that have none, `states` what words for states mean, each as it was given. With
    `drafts` what would be scheduled waits for somebody to release it.
    """

    like: str | None = None
    maps: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    otherwise: Mapping[str, str] = {}
    states: Mapping[str, str] = {}
    dates: DateOrder | None = None
    zone: ZoneInfo | None = None
    encoding: str | None = None
    sheet: str | None = None
    slots: bool = False
    """A post without a time takes the next free slot of its account."""
    drafts: bool = False
    most: Bounds = Bounds()
    labels: Mapping[str, str] | None = None
    """What options are called where they are fields of a form, and no words of a command; there
    may be others for what is chosen in one, `--dates dmy`, `--set account_id`."""
    program: tuple[str, ...] = ("jobledger",)
    """The program as it was typed, with the place of the ledger where that was given."""
    words: tuple[str, ...] = ("import",)
    """The command as it was typed, behind that."""

    def typed(self, *more: str) -> str:
        """Return the command with more options, ready to be typed."""
        return shlex.join([*self.program, *self.words, *more])

    def other(self, *words: str) -> str:
        """Return another command on the same ledger, ready to be typed; nothing where there are no
        commands."""
        return f"`{shlex.join([*self.program, *words])}`" if self.labels is None else ""

    def hint(self, *more: str) -> str:
        """Say how to go on: with the same command and these options."""
        if self.labels is None:
            return f"`{self.typed(*more)}`"
        words, said = iter(more), dict[str, list[str]]()
        for name in words:
            value = next(words) if name in _WITH_VALUES else ""
            label = self.option(name, value)
            shown = said.setdefault(label, [])
            if value and label == self.option(name):
                what, sign, column = value.partition("=")
                shown.append(f"{column} = {what}" if sign and name == "--map" else value)
        return "; ".join(f"{one}: {', '.join(all_)}" if all_ else one for one, all_ in said.items())

    def option(self, name: str, value: str = "") -> str:
        """Name one option; with its value where that is to be typed, or has a label of its own."""
        if self.labels is None:
            return f"{name} {value}".rstrip()
        label = self.labels.get(f"{name} {value.partition('=')[0]}") or self.labels.get(name, name)
        return f"“{label}”"
