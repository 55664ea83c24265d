"""What folds a log into state and words, as two numbers: derived files carry those that made them.

Files of other numbers are behind, and made anew; they are never taken for damaged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zlib import crc32

from .messages import Fact, What, worded
from .state import ScheduledJob

FOLD = 2
"""Raise it when an event leads to another state than it did, or when a derived file has another
form. Files that say nothing of it are of number 0."""

_TIME = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_EXAMPLE = ScheduledJob(
    job_id="j",
    account_id="a",
    content="c",
    scheduled_time=_TIME,
    deferred_until=_TIME,
    max_retries=3,
    retry_count=1,
    attempt=2,
)


def wording() -> int:
    """Return the number of the words: another one where any sentence of `messages` is.

    It is made of the sentences themselves, so nobody has to remember to raise it.
    """
    details = dict.fromkeys(What, ("", "r")) | {What.EXPIRED: (90_000.0,)}
    sentences = (worded(Fact(what, detail), _EXAMPLE) for what in What for detail in details[what])
    return crc32("\n".join(sentences).encode())
