"""Waiting for what another thread, task or process does: always with a deadline, never blindly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

DEADLINE_S = 20.0


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Return as soon as `condition` holds; fail after the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about within {DEADLINE_S:g} s"
        time.sleep(0.005)


async def eventually_async(condition: Callable[[], object], what: str = "the condition") -> None:
    """The same inside an event loop."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about within {DEADLINE_S:g} s"
        await asyncio.sleep(0.005)
