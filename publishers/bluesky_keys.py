"""The key under which a part of a job lies in its account's repository: always the same.

A repository has one record under a key, so a part that is written twice is there once. Keys of
posts are TIDs (https://atproto.com/specs/tid, looked up on 2026-11-28): 13 letters for 63 bits, of
which the first 53 are microseconds and the last ten somebody's choice. Here the high bits are those
of the time at which the job was added, in steps of 2**36 microseconds (19 hours), one step back, so
that no key is of the future; the other 46 come from the job's idempotency key, since all jobs of an
import are added in one microsecond, and no two of them may have one key.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime(2023, 1, 1, tzinfo=UTC)
"""For a job that was taken over, and does not say when it was added."""
_CHOSEN_BITS = 46
_STEP_US = 1 << 36
MOST_PARTS = 200
"""What one write may have, by the reference implementation; the low bits leave room for them."""


def record_keys(created_at: datetime | None, idempotency_key: str, count: int) -> list[str]:
    """Return the keys of a job's parts, ascending.

    They depend on the job alone: on when it was added, and on the key that all its attempts have.
    """
    created_at = created_at or _LONG_AGO
    step = ((created_at - _EPOCH) // timedelta(microseconds=1)) // _STEP_US - 1
    step = max(step, 0)
    seed = f"{created_at.astimezone(UTC).isoformat()} {idempotency_key}".encode()
    chosen = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big")
    first = chosen % ((1 << _CHOSEN_BITS) - MOST_PARTS)
    number = (step << _CHOSEN_BITS) + first
    return [_tid(number + part) for part in range(count)]


def _tid(number: int) -> str:
    return "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(13)))
