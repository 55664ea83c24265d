"""What can go wrong with one exchange, by name."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Exchange = Literal[
    "create", "status", "publish", "permalink", "list", "limit", "webhook", "webhook_status",
    "post_status", "own_account", "own_statuses", "status_source", "instance",
    "bluesky_login", "bluesky_refresh", "bluesky_handle", "bluesky_record", "bluesky_write",
    "bluesky_blob",
    "media", "media_state",
]  # fmt: skip
Fault = Literal[
    "500_before", "500_after", "silent_before", "silent_after", "drop_before", "drop_after",
    "late", "twice", "garbage", "half", "rate_limited", "token_expired", "restricted", "missing",
    "container_error", "container_expired", "container_stuck", "forgotten",
]  # fmt: skip
OF_MASTODON: frozenset[Exchange] = frozenset(
    {"post_status", "own_account", "own_statuses", "status_source", "instance", "media",
     "media_state"}
)  # fmt: skip
EXCHANGES: tuple[Exchange, ...] = get_args(Exchange)
FAULTS: tuple[Fault, ...] = get_args(Fault)
"""`_before`: not acted on; `_after`: acted on. `late`: silent, and acted on when the next request
that changes something arrives. `twice`: acted on twice, as by a proxy that repeats it; the second
answer is the one that comes back. `garbage`, `half`: acted on, and the answer is no JSON, or breaks
off. `forgotten`: acted on, answered with a 500, and what was to be kept for the key is not. The
rest are answers of the platform, and what becomes of a container."""

NOT_ACTED_ON: frozenset[Fault] = frozenset(
    {"500_before", "silent_before", "drop_before", "late", "rate_limited", "token_expired",
     "restricted", "missing"}
)  # fmt: skip


class Planned(msgspec.Struct):
    """A fault that waits for its exchange: after `skip` of them, `times` times."""

    exchange: Exchange
    fault: Fault
    times: float
    skip: int


class FaultPlan:
    """The faults to come, in order."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def add(self, exchange: Exchange, fault: Fault, times: float, skip: int) -> None:
        if exchange not in EXCHANGES or fault not in FAULTS:
            raise ValueError(f"there is no fault {fault!r} of {exchange!r}")
        self._planned.append(Planned(exchange, fault, times, skip))

    def clear(self) -> None:
        self._planned.clear()

    def next(self, exchange: Exchange) -> Fault | None:
        """Return the fault that hits this exchange, if one does."""
        for planned in self._planned:
            if planned.exchange != exchange or planned.times <= 0:
                continue
            if planned.skip > 0:
                planned.skip -= 1
                continue
            planned.times -= 1
            return planned.fault
        return None
