"""What comes out of code of others: its own failure, or an interruption from outside?"""

from __future__ import annotations

import threading
from types import FrameType, TracebackType
from typing import Any


def is_interruption(error: BaseException) -> bool:
    """Whether an exception that came out of code which only tells came from elsewhere: it is an
    interruption by the user, or was raised by a signal handler of the program's.

    Everything else is the telling code's own failure, whatever its class.
    """
    if issubclass(type(error), KeyboardInterrupt):  # whatever the object itself says of its class
        return True
    if threading.current_thread() is not threading.main_thread():
        return False  # signals are handled in no other
    try:
        handlers = _signal_handlers()
        return any(frame.f_code in handlers for frame in _frames(_TRACEBACK(error)))
    except Exception:  # noqa: BLE001 - such as no memory; then nobody knows
        return False


_TRACEBACK = BaseException.__dict__["__traceback__"].__get__


def _signal_handlers() -> set[object]:
    """Return the code of the functions that handle signals now."""
    import signal

    found: set[object] = set()
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        handler = getattr(handler, "func", handler)  # of a functools.partial
        found.add(getattr(handler, "__code__", None))
        found.add(getattr(getattr(handler, "__call__", None), "__code__", None))  # noqa: B004
    return found - {None}


def _frames(traceback: TracebackType | None) -> list[FrameType]:
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return frames
