"""The operational log as the rooms use it: remarks, and whether anybody would hear of one.

What happens often, or what a program may want to count, has an event of its own in the modules
`*_events`; what else is worth a line is said here. All of it goes the same way, see `hooks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from .hooks import hooks_of_others, tell
from .operational_event import Level, Remark
from .writing import is_written


class Log:
    """A logger with what is bound to it; none of its methods raises anything of its own."""

    __slots__ = ("_bound",)

    def __init__(self, bound: Mapping[str, object]) -> None:
        self._bound = bound

    def bind(self, **more: object) -> Log:
        """One with more on every line."""
        return Log({**self._bound, **more})

    def debug(self, event: str, **values: object) -> None:
        """Say what only helps to find a fault."""
        self._say("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        """Say what goes as it should."""
        self._say("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """Say what somebody should know."""
        self._say("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        """Say what somebody should do something about."""
        self._say("error", event, values)

    def _say(self, level: Level, text: str, values: Mapping[str, object]) -> None:
        tell(Remark(text=text, how_much=level, more={**self._bound, **values}))


def logger(**bound: object) -> Log:
    """Return a logger with `bound` on every line. structlog is imported at the first use."""
    with suppress(Exception):  # where it cannot be imported just now, the lines are counted
        import structlog  # noqa: F401 - here, where nothing hurries, and not at the first line
    return Log(bound)


def is_told(level: int) -> bool:
    """Whether anybody hears of what is told at this level (of `logging`); cheap to ask."""
    return bool(hooks_of_others()) or is_written(level)
