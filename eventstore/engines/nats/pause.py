"""A way to wait that an interruption ends at once."""

import threading

_NEVER = threading.Event()


def pause(seconds: float) -> None:
    """Wait."""
    _NEVER.wait(seconds)
