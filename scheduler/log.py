"""The operational log: structlog events under the name `jobledger`.

They go to the standard library's logger `jobledger`, so nothing is printed that the program did not
ask for (warnings reach standard error by the standard library's own default). A program that has
configured structlog gets them its own way. What a post says is never in them.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger


@cache
def _own() -> BoundLogger:
    import structlog

    return cast(
        "BoundLogger",
        structlog.wrap_logger(
            logging.getLogger("jobledger"),
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.processors.format_exc_info,
                structlog.processors.LogfmtRenderer(key_order=["event"]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        ),
    )


def logger(**bound: Any) -> BoundLogger:
    """A logger with `bound` on every line. structlog is imported at the first use."""
    import structlog

    if structlog.is_configured():
        return cast("BoundLogger", structlog.get_logger("jobledger", **bound))
    return _own().bind(**bound)
