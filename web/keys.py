"""The keys of requests that are to be done once, and what was answered to each."""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec
from starlette.responses import Response

MOST_KEYS = 10_000


class Done(msgspec.Struct):
    """What was asked for with a key, and the answer; None while it is being done."""

    asked: bytes
    response: Response | None = None


class Keys:
    """The keys of late, with what was done for them. Safe to use from any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.done: OrderedDict[tuple[str, str], Done] = OrderedDict()
