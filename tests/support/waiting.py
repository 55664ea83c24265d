"""Waiting for what another thread, task or process does: always with a deadline, never blindly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

DEADLINE_S = 60.0
"""When a test is given up; on a machine with much else to do most of this may pass."""


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Return as soon as `condition` holds; fail after the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about within {DEADLINE_S:g} s"
        time.sleep(0.005)


def time_passes(seconds: float) -> None:
    """Return when so much real time has passed: for another process that is to sleep through it.
    A busy machine makes it longer, which no test may mind."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.005)


async def eventually_async(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait so inside an event loop."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about within {DEADLINE_S:g} s"
        await asyncio.sleep(0.005)


def publishers_threads_end() -> None:
    """Return when no thread calls a publisher any more: one that was let go says so in the log, and
    ought not to do that in the middle of the next test."""
    for thread in threading.enumerate():
        if thread.name.startswith("jobledger-") and thread.name != "jobledger-background":
            thread.join(DEADLINE_S)
            assert not thread.is_alive(), f"{thread.name} was not let go"
