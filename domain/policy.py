"""The numbers that decide about time: retries, expiry, stuck runs."""

from __future__ import annotations

import sys
from datetime import timedelta

import msgspec

from .errors import ValidationError

EXPIRE_AFTER = timedelta(hours=24)
"""A job whose time is more than this past has missed its moment."""

MAX_RUNNING_MINUTES = 30.0
"""An attempt that runs longer than this is stuck."""

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
            delay = min(self.base_s * float(self.factor) ** failures, MAX_DELAY_S)
        except OverflowError:
            delay = MAX_DELAY_S if self.base_s else 0.0
        if self.cap_s is not None:
            delay = min(delay, self.cap_s)
        delay *= 1 + self.jitter * (2 * roll - 1)
        return min(delay, MAX_DELAY_S)
