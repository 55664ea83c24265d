"""What is wished of an import, and how it is typed: for hints that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

DateOrder = Literal["dmy", "mdy"]


class Wishes(msgspec.Struct, frozen=True):
    """How the files are to be understood, as the options of `import` say it.

    `maps` has columns by what they are, `constants` the values that no column has, `states` what
    words for states mean, each as it was given.
    """

    like: str | None = None
    maps: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    states: Mapping[str, str] = {}
    dates: DateOrder | None = None
    zone: ZoneInfo | None = None
    encoding: str | None = None
    sheet: str | None = None
    slots: bool = False
    """A post without a time takes the next free slot of its account."""
    program: tuple[str, ...] = ("jobledger",)
    """The program as it was typed, with the place of the ledger where that was given."""
    words: tuple[str, ...] = ("import",)
    """The command as it was typed, behind that."""

    def typed(self, *more: str) -> str:
        """Return the command with more options, ready to be typed."""
        return shlex.join([*self.program, *self.words, *more])

    def other(self, *words: str) -> str:
        """Return another command on the same ledger, ready to be typed."""
        return shlex.join([*self.program, *words])

    def hint(self, *more: str) -> str:
        """Say how to go on: with the same command and these options."""
        return f"`{self.typed(*more)}`"
