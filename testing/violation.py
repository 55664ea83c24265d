"""A broken rule of a ledger, how it is said, and where it was looked at."""

from __future__ import annotations

import traceback


class Violation(Exception):
    """A rule is broken."""


def must(condition: object, message: str) -> None:
    """Check that something holds.

    Raises:
        Violation: it does not.
    """
    if not condition:
        raise Violation(message)


def place_of(error: BaseException) -> str:
    """Return where an error comes from, as `module.function:line`: for a broken rule, where it is
    checked. Two failures of one place are of one rule, whatever jobs and runners they tell of."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    lines = [line for _, line in traceback.walk_tb(error.__traceback__)]
    while frames and frames[-1].f_code is must.__code__:
        frames.pop()
    if not frames:
        return type(error).__name__
    name, function = frames[-1].f_globals["__name__"], frames[-1].f_code.co_qualname
    return f"{name}.{function}:{lines[len(frames) - 1]}"
