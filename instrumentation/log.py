"""The operational log: structlog events under the name `jobledger`.

They go to the standard library's logger `jobledger`, so nothing is printed that the program did not
ask for (warnings reach standard error by the standard library's own default). A program that has
configured structlog gets them its own way. What a post says is never in them, nor is what was
marked as secret.

Telling changes nothing of what happens: whatever a program's handlers and processors raise ends
there. Lines that are lost so are counted, and the number is told as soon as a line gets through.
Only what interrupts the program from outside passes: Ctrl-C, and what its own signal handlers raise
while a line is being written.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from ..domain import printable
from .foreign import described, guarded, is_of, kind_of
from .interruption import is_interruption
from .secrets import hide_secrets

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

Level = Literal["debug", "info", "warning", "error"]

_standard = logging.getLogger("jobledger")
_PLAIN = bool, int, float, str, type(None)


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
        _say("debug", event, {**self._bound, **values})

    def info(self, event: str, **values: object) -> None:
        """Say what goes as it should."""
        _say("info", event, {**self._bound, **values})

    def warning(self, event: str, **values: object) -> None:
        """Say what somebody should know."""
        _say("warning", event, {**self._bound, **values})

    def error(self, event: str, **values: object) -> None:
        """Say what somebody should do something about."""
        _say("error", event, {**self._bound, **values})


def logger(**bound: object) -> Log:
    """Return a logger with `bound` on every line. structlog is imported at the first use."""
    with suppress(Exception):  # where it cannot be imported just now, the lines are counted
        import structlog  # noqa: F401 - here, where nothing hurries, and not at the first line
    return Log(bound)


def is_told(level: int) -> bool:
    """Whether anybody hears of what is logged at this level (of `logging`); cheap to ask."""
    try:
        import structlog

        return structlog.is_configured() or _standard.isEnabledFor(level)
    except Exception:  # noqa: BLE001 - then trying to tell it says so
        return True


# -- saying it, whatever comes of that -------------------------------------------------------------

_lost = 0
"""How many lines could not be written, and were not told of yet."""
_counting, _telling = threading.RLock(), threading.Lock()


def _after_fork() -> None:
    """In the child: another thread of the parent's may have been counting."""
    global _counting, _telling, _lost
    _counting, _telling, _lost = threading.RLock(), threading.Lock(), 0


os.register_at_fork(after_in_child=_after_fork)


def _say(level: Level, event: str, values: Mapping[str, object]) -> None:
    global _lost
    if _written(level, event, values):
        if _lost:
            _tell_lost()
    else:
        with _counting:
            _lost += 1


def _written(level: Level, event: str, values: Mapping[str, object]) -> bool:
    try:
        getattr(_backend(), level)(event, **values)
    except BaseException as error:
        if is_interruption(error):
            raise
        return False
    return True


def _tell_lost() -> None:
    """Say how many lines could not be written; where that fails, too, the next line tries again."""
    global _lost
    if not _telling.acquire(blocking=False):
        return  # another thread does, or this one was interrupted while it did
    try:
        lost = _lost
        if lost and _written("warning", "log lines could not be written", {"count": lost}):
            with _counting:
                _lost -= lost
    finally:
        _telling.release()


# -- where it goes -----------------------------------------------------------------------------


def _backend() -> BoundLogger:
    import structlog

    if not structlog.is_configured():
        return _own()
    theirs = structlog.get_config()["processors"]
    return cast(
        "BoundLogger",
        structlog.wrap_logger(
            None,
            processors=[_showable, hide_secrets, *theirs],
            logger_factory_args=("jobledger",),
        ),
    )


@cache
def _own() -> BoundLogger:
    import structlog

    return cast(
        "BoundLogger",
        structlog.wrap_logger(
            _standard,
            processors=[
                structlog.stdlib.filter_by_level,
                _showable,
                hide_secrets,
                structlog.processors.format_exc_info,
                _made_printable,
                structlog.processors.LogfmtRenderer(key_order=["event"]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        ),
    )


def _showable(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Errors become text, with their class. One value that cannot be shown must not cost the line:
    its class stands for it."""
    for key, value in event.items():
        if type(value) in _PLAIN or key == "exc_info":
            continue
        if is_of(value, BaseException):
            event[key] = described(value)
        elif guarded(lambda: (repr(value), str(value)), None) is None:  # noqa: B023 - called here
            event[key] = f"<{kind_of(value)} that cannot be shown>"
    return event


def _made_printable(_: Any, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Take what a terminal takes for commands out of an error's text; line breaks are quoted
    later."""
    plain = bool, int, float, type(None)
    return {
        key: value if isinstance(value, plain) else printable(value, one_line=False)
        for key, value in event.items()
    }
