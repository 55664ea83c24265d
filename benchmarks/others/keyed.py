"""Engines that keep a value by a key, with nothing on them: a job is a key and a line of JSON."""

from __future__ import annotations

import json
from itertools import count as numbers

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class KeyedPeer(LivingPeer):
    """A bare engine: whoever inherits says how a value is put."""

    bare = True
    remark = "a key and a line of JSON, nothing else: no loop, no rules, no history"
    life = "a value put; put again as running; put again as completed"

    _numbers = numbers()

    def put(self, key: bytes, value: bytes) -> None:
        """Put one value, durable before it returns."""
        raise NotImplementedError

    def add(self, count: int) -> None:
        for _ in range(count):
            self._put(next(self._numbers), "scheduled")

    def live(self, count: int) -> None:
        jobs = [next(self._numbers) for _ in range(count)]
        for job in jobs:
            self._put(job, "scheduled")
        for job in jobs:
            self._put(job, "running")
            publish(ACCOUNT, TEXT)
            self._put(job, "completed")

    def _put(self, job: int, status: str) -> None:
        kept = {"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT, "status": status}
        self.put(b"%016d" % job, json.dumps(kept).encode())
