"""The operational log: structlog events under the name `jobledger`.

They go to the standard library's logger `jobledger`, so nothing is printed that the program did not
ask for (warnings reach standard error by the standard library's own default). A program that has
configured structlog gets them its own way. What a post says is never in them, nor is what was
marked as secret.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ..domain.text import printable
from .secrets import hide_secrets

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger


_standard = logging.getLogger("jobledger")


def _made_printable(_: Any, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """An error's text may hold what a terminal takes for commands; line breaks are quoted later."""
    plain = bool, int, float, type(None)
    return {
        key: value if isinstance(value, plain) else printable(value, one_line=False)
        for key, value in event.items()
    }


@cache
def _own() -> BoundLogger:
    import structlog

    return cast(
        "BoundLogger",
        structlog.wrap_logger(
            _standard,
            processors=[
                structlog.stdlib.filter_by_level,
                hide_secrets,
                structlog.processors.format_exc_info,
                _made_printable,
                structlog.processors.LogfmtRenderer(key_order=["event"]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        ),
    )


def is_told(level: int) -> bool:
    """Whether anybody hears of what is logged at this level (of `logging`); cheap to ask."""
    import structlog

    return structlog.is_configured() or _standard.isEnabledFor(level)


def logger(**bound: Any) -> BoundLogger:
    """A logger with `bound` on every line. structlog is imported at the first use."""
    import structlog

    if structlog.is_configured():
        theirs = structlog.get_config()["processors"]
        return cast(
            "BoundLogger",
            structlog.wrap_logger(
                None,
                processors=[hide_secrets, *theirs],
                logger_factory_args=("jobledger",),
                **bound,
            ),
        )
    return _own().bind(**bound)
