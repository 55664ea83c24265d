"""What an operational event is: a frozen value that says what a runner or a ledger has met.

No event of the log: those are what happened to jobs, and are kept. These are told once, to whoever
listens (`hooks.py`), and are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Literal

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class OperationalEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Say what happened in the operation of a runner or a ledger; each kind is a class of its own.

    Never in one: the text of a post, what was marked as secret, the query of a URL.
    """

    says: ClassVar[str] = ""
    weighs: ClassVar[Level] = "warning"

    @property
    def message(self) -> str:
        """Return the words that the operational log has for it; the same for each of its kind."""
        return type(self).says

    @property
    def level(self) -> Level:
        """Return how much it matters: at `error` a person has to look."""
        return type(self).weighs

    def values(self) -> dict[str, object]:
        """Return what is known beyond the message, by name; what is not known is left out. Times
        are ISO 8601, states and the like are texts."""
        usual = _defaults(type(self))
        found = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {
            name: _plain(value)
            for name, value in found
            if name not in usual or value != usual[name]
        }


class Remark(OperationalEvent, frozen=True, kw_only=True):
    """Say anything else that is worth a line: `text` is its message, `more` what belongs to it."""

    text: str
    how_much: Level
    more: Mapping[str, object]

    @property
    def message(self) -> str:
        """Return its text."""
        return self.text

    @property
    def level(self) -> Level:
        """Return how much it matters."""
        return self.how_much

    def values(self) -> dict[str, object]:
        """Return what belongs to it."""
        return dict(self.more)


class RepeatedTrouble(OperationalEvent, frozen=True, kw_only=True):
    """Say that something failed that may fail again: `failures` times by now, since `since`.

    `what` is the message: `error in the loop`, `writing behind failed; will be tried again` and the
    like. Told at once, then ever more rarely.
    """

    weighs = "error"

    what: str
    more: Mapping[str, object] = {}
    failures: int = 1
    since: datetime | None = None
    error: str

    @property
    def message(self) -> str:
        """Return what failed."""
        return self.what

    def values(self) -> dict[str, object]:
        """Return the error, and how often it was met."""
        counted = {"failures": self.failures, "since": _plain(self.since)}
        return {**self.more, **(counted if self.failures > 1 else {}), "error": self.error}


class TroubleOver(OperationalEvent, frozen=True, kw_only=True):
    """Say that what failed `failures` times works again."""

    what: str
    failures: int = 1
    since: datetime | None = None

    @property
    def message(self) -> str:
        """Return what works again."""
        return self.what

    def values(self) -> dict[str, object]:
        """Return how often it had failed, where that was more than once."""
        counted = {"failures": self.failures, "since": _plain(self.since)}
        return counted if self.failures > 1 else {}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.value if isinstance(value, Enum) else value


@cache
def _defaults(kind: type[OperationalEvent]) -> dict[str, Any]:
    """Return what its fields are where nothing is said."""
    return {
        field.name: field.default
        for field in msgspec.structs.fields(kind)
        if field.default is not msgspec.NODEFAULT
    }
