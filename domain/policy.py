"""The numbers that decide about time: retries, expiry, stuck runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from .errors import ValidationError

EXPIRE_AFTER = timedelta(hours=24)
"""A job whose time is more than this past has missed its moment."""

MAX_RUNNING_MINUTES = 30.0
"""An attempt that runs longer than this is stuck."""

DAY_S = 86_400.0

_HIGHEST = sys.float_info.max
MAX_DELAY_S = 366 * 86_400.0
"""No backoff is longer: past it a delay would only overflow the calendar."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """How long the n-th failure of a job waits: `base_s * factor**n` seconds (2, 4, 8 … minutes).

    `cap_s` bounds the delay before `jitter`. A `jitter` of 0.1 spreads it evenly over ±10 %, so
    that jobs which failed together do not come back together.

    Raises:
        ValidationError: a number is negative, not finite, or a jitter over 1.
    """

    base_s: float = 60.0
    factor: float = 2.0
    cap_s: float | None = None
    jitter: float = 0.0

    def __post_init__(self) -> None:
        for name in ("base_s", "factor", "cap_s", "jitter"):
            value = getattr(self, name)
            if name == "cap_s" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValidationError(f"{name} must be a number, not {value!r}", field=name)
            if not 0 <= value <= _HIGHEST:  # NaN is neither
                raise ValidationError(f"{name} must be finite and ≥ 0", field=name)
        if self.jitter > 1:
            raise ValidationError(f"jitter must be at most 1, not {self.jitter!r}", field="jitter")

    def delay_s(self, failures: int, roll: float = 0.5) -> float:
        """Seconds to wait after failure number `failures` (from 1).

        `roll` in [0, 1) is the caller's random number; it matters only with `jitter`.
        """
        try:
            power = float(self.factor) ** failures  # rule: power-of-the-backoff
            delay = min(self.base_s * power, MAX_DELAY_S)
        except OverflowError:
            delay = MAX_DELAY_S if self.base_s else 0.0
        if self.cap_s is not None:
            delay = min(delay, self.cap_s)
        delay *= 1 + self.jitter * (2 * roll - 1)
        return min(delay, MAX_DELAY_S)


class Pacing(msgspec.Struct, frozen=True):
    """How fast posts of one account may follow each other.

    At least `min_gap_s` seconds between one post and the start of the next, and at most `quota`
    posts (None: any number) in every window of `window_s` seconds.

    Raises:
        ValidationError: a number is negative or not finite, or the quota is no int of at least 1.
    """

    min_gap_s: float = 0.0
    quota: int | None = None
    window_s: float = DAY_S

    def __post_init__(self) -> None:
        for name in ("min_gap_s", "window_s"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValidationError(f"{name} must be a number, not {value!r}", field=name)
            if not 0 <= value <= MAX_DELAY_S:  # NaN is neither
                raise ValidationError(f"{name} must be from 0 to {MAX_DELAY_S:g}", field=name)
        quota = self.quota
        if quota is not None and (
            isinstance(quota, bool) or not isinstance(quota, int) or quota < 1
        ):
            raise ValidationError(
                f"quota must be an int of at least 1, not {quota!r}", field="quota"
            )

    @property
    def reach(self) -> timedelta:
        """How long ago a post may be and still hold another one back."""
        return timedelta(seconds=max(self.min_gap_s, self.window_s if self.quota else 0.0))

    def allowed_at(self, posts: Sequence[datetime]) -> tuple[datetime, str] | None:
        """When the next post is allowed after `posts` (ascending), and why not before.

        None where nothing holds it back.
        """
        found: list[tuple[datetime, str]] = []
        if posts and self.min_gap_s:
            gap = f"posts of this account are at least {_duration(self.min_gap_s)} apart"
            found.append((posts[-1] + timedelta(seconds=self.min_gap_s), gap))
        if self.quota is not None and len(posts) >= self.quota:
            limit = f"this account may post {self.quota} times in {_duration(self.window_s)}"
            found.append((posts[-self.quota] + timedelta(seconds=self.window_s), limit))
        return max(found, default=None)


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
