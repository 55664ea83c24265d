"""Writing lines of the operational log: structlog events under the name `jobledger`.

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
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ..domain import printable
from .foreign import described, guarded, is_of, kind_of
from .interruption import is_interruption
from .operational_event import Level
from .secrets import hide_secrets

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

_standard = logging.getLogger("jobledger")
_PLAIN = bool, int, float, str, type(None)


def is_written(level: int) -> bool:
    """Whether a line of this level (of `logging`) is written anywhere; cheap to ask."""
    try:
        import structlog

        return structlog.is_configured() or _standard.isEnabledFor(level)
    except Exception:  # noqa: BLE001 - then trying to write it says so
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


def write_line(level: Level, event: str, values: Mapping[str, object]) -> None:
    """Write a line of the operational log; whatever comes of that, nothing is raised."""
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
                _rendered,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        ),
    )


_in_one_line: Callable[..., str] | None = None


def _rendered(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> tuple[tuple[str], dict[str, Any]]:
    """Make the line's text, and give its values along for formatters that make no text of them:
    a record of `logging` has them as its attribute `jobledger`."""
    global _in_one_line
    if _in_one_line is None:
        import structlog

        _in_one_line = structlog.processors.LogfmtRenderer(key_order=["event"])
    return (_in_one_line(logger, method, dict(event)),), {"extra": {"jobledger": dict(event)}}


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
