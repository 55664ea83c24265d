"""Where a job stands in lists: what both orders of lists are made of, as a value and as a text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .state import ScheduledJob

_MARK = "~"
"""What no job's id has, and no address needs to escape."""
_TEXT = re.compile(r"~([1-4])\.(-?[0-9]{1,18})\.([0-9]{1,19})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class JobPlace(NamedTuple):
    """Where a job stands among others, whatever becomes of it."""

    priority: int
    time_us: int
    """Its `scheduled_time`, in microseconds since 1970."""
    order: int
    """Its order of adding."""

    @classmethod
    def of(cls, job: ScheduledJob) -> JobPlace:
        """Return where a job stands."""
        return cls(int(job.priority), microseconds(job.scheduled_time), job.order)

    @classmethod
    def read(cls, text: str) -> JobPlace | None:
        """Return the place that a text is; None where it is meant to be something else.

        Raises:
            ValueError: it is meant to be one, and is none.
        """
        if not text.startswith(_MARK):
            return None
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r:.60} is no place of a job")
        return cls(int(found[1]), int(found[2]), int(found[3]))

    @property
    def text(self) -> str:
        """Write it as a text, for `read`."""
        return f"{_MARK}{self.priority}.{self.time_us}.{self.order}"


def microseconds(moment: datetime) -> int:
    """Return a moment in microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND
