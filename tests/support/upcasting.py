"""A release in which an event's data has changed its meaning once: `rescheduled` is at schema 2.

Before, it said `to`, in whole seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from jobledger import JobRescheduled
from jobledger.domain.codec import register


def from_seconds(data: dict[str, Any]) -> dict[str, Any]:
    """Bring data of schema 1 to schema 2."""
    moment = datetime.fromtimestamp(data["to"], UTC)
    return {"scheduled_time": moment.isoformat()}


@contextmanager
def next_release() -> Iterator[None]:
    """Be that release: its class declares the upcaster, and is registered as each class is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobRescheduled, "UPCASTERS", (from_seconds,))
        register(JobRescheduled)
        yield
    register(JobRescheduled)
