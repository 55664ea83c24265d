"""What is simulated: processes on one disk, the platform that they post to, and the log as it is
on that disk."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from ...eventstore.filesystem import FileSystem
from ...scheduler.attempt import Attempt, OutcomeUnknown, PostResult
from ...scheduler.background import Background
from ...scheduler.clock import ManualClock
from ...scheduler.ledger import Ledger
from ...scheduler.scheduler import Scheduler
from ..testing.disk import SimulatedDisk
from ..testing.faults import FaultyFileSystem, Killed
from .model import must

LEDGER = Path("/ledgers/jobs")


class _Nobody(Background):
    """Nothing happens by itself: writing behind is a step like any other."""

    def wake(self) -> None:
        pass


class Writer(Ledger):
    """A process that adds and changes jobs."""

    _BACKGROUND = _Nobody


class Runner(Scheduler):
    """The process that runs them."""

    _BACKGROUND = _Nobody

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        assert isinstance(self._clock, ManualClock)
        return _Loop(self._clock)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose waiting takes no time: it moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_Waiting(clock))
        self._clock = clock
        self._begun = clock.now()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What becomes of the tasks of a dead process is no news."""

    def time(self) -> float:
        return (self._clock.now() - self._begun).total_seconds()


class _Waiting(selectors.SelectSelector):
    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        must(timeout is not None, "everything waits, and nothing will ever happen")
        assert timeout is not None
        self._clock.advance(timedelta(microseconds=ceil(max(0.0, timeout) * 1e6)))
        return super().select(0)


class Process:
    """One process with its own view of the disk, on which its operations may fail."""

    def __init__(self, name: str, kind: type[Ledger], settings: dict[str, Any]) -> None:
        self.name = name
        self._kind = kind
        self._settings = settings
        self.ledger: Ledger | None = None
        self.fs: FaultyFileSystem | None = None

    def open(self, disk: SimulatedDisk) -> Ledger:
        """The handle, opened where there is none."""
        if self.ledger is None:
            self.fs = FaultyFileSystem(disk)
            self.ledger = self._kind(LEDGER, fs=self.fs, **self._settings)
        return self.ledger

    def die(self) -> None:
        """No word to the disk; its locks go with it."""
        if self.ledger is not None:
            self.ledger._abandon()
        self.ledger = None

    def close(self) -> None:
        """End it as one ends a program."""
        if self.ledger is not None:
            self.ledger.close()
        self.ledger = None


class Platform:
    """Where posts go; it remembers how often each job was posted."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()

    def post(self, job_id: str) -> str:
        self.posts[job_id] += 1
        return f"post-{job_id}-{self.posts[job_id]}"


class Publisher:
    """Posts with luck: succeeds, fails, does not know, or takes its process down, as the dice say.

    `last` has for each job whether its latest failure was one to be tried again. `meanwhile` is
    what another process does with the job that is being posted.
    """

    def __init__(
        self,
        platform: Platform,
        chance: Random,
        process: Process,
        meanwhile: Callable[[Random, str], None],
    ) -> None:
        self._platform = platform
        self._chance = chance
        self._process = process
        self._meanwhile = meanwhile
        self.last: dict[str, bool] = {}

    def publish(self, attempt: Attempt) -> PostResult:
        job_id, roll = attempt.job.job_id, self._chance.random()
        if self._chance.random() < 0.1:
            self._meanwhile(self._chance, job_id)
        if self._chance.random() < 0.15:
            attempt.checkpoint("step", {"n": attempt.number})
        if self._chance.random() < 0.1:
            attempt.note("on its way")
        if roll < 0.05:
            self._die()
        if roll < 0.15:
            self.last[job_id] = True
            return PostResult(False, error="try again")
        if roll < 0.18:
            self.last[job_id] = False
            return PostResult(False, error="never", retryable=False)
        if roll < 0.22:
            self.last[job_id] = True
            raise RuntimeError("broken")
        if roll < 0.25:
            raise OutcomeUnknown("no answer")
        post_id = self._platform.post(job_id)
        if roll < 0.29:
            raise OutcomeUnknown("no answer after sending")
        if roll < 0.34:
            self._die()
        return PostResult(True, thread_id=post_id)

    def _die(self) -> None:
        assert self._process.fs is not None
        self._process.fs.kill()
        raise Killed


class Asked(Publisher):
    """One that can be asked whether a post is out."""

    def reconcile(self, attempt: Attempt) -> PostResult | None:
        roll, count = self._chance.random(), self._platform.posts[attempt.job.job_id]
        if roll < 0.05:
            self._die()
        if roll < 0.15:
            raise ConnectionError("cannot be asked")
        if roll < 0.18:
            return None
        if count:
            return PostResult(True, thread_id=f"post-{attempt.job.job_id}-{count}")
        self.last[attempt.job.job_id] = False
        return PostResult(False)


class Together:
    """A publisher made async, which gives way now and then, and sometimes hangs: for several
    attempts at once."""

    def __init__(self, publisher: Publisher, chance: Random) -> None:
        self._publisher = publisher
        self._chance = chance
        if isinstance(publisher, Asked):
            self.reconcile = self._reconcile

    async def publish(self, attempt: Attempt) -> PostResult:
        await self._take_time()
        result = self._publisher.publish(attempt)
        await self._take_time()
        return result

    async def _reconcile(self, attempt: Attempt) -> PostResult | None:
        assert isinstance(self._publisher, Asked)
        await self._take_time()
        return self._publisher.reconcile(attempt)

    async def _take_time(self) -> None:
        if self._chance.random() < 0.03:
            await asyncio.sleep(3600)
        for _ in range(self._chance.randrange(3)):
            await asyncio.sleep(0)


class RawLog:
    """The lines of the log as they are on the disk, read as anybody could, from where one was."""

    def __init__(self) -> None:
        self._day = ""
        self._offset = 0
        self.hashes: list[str] = []
        self.digest = sha256()

    def news(self, fs: FileSystem) -> list[dict[str, Any]]:
        """The events since the last call."""
        found: list[dict[str, Any]] = []
        names = fs.list_directory(LEDGER) if fs.is_directory(LEDGER) else []
        for name in names:
            if not name.startswith("events_") or not name.endswith(".jsonl") or name < self._day:
                continue
            if name > self._day:
                self._day, self._offset = name, 0
            found += self._lines(fs, name)
        return found

    def _lines(self, fs: FileSystem, name: str) -> list[dict[str, Any]]:
        fd = fs.open_read(LEDGER / name)
        try:
            data = fs.read_at(fd, fs.size(fd) - self._offset, self._offset)
        finally:
            fs.close(fd)
        must(not data or data.endswith(b"\n"), f"{name} ends in half a line")
        found = []
        for line in data.split(b"\n")[:-1]:
            fields = json.loads(line)
            if "seq" in fields:
                self.hashes.append(fields["hash"])
                self.digest.update(line)
                found.append(fields)
        self._offset += len(data)
        return found

    def check_kept(self, fs: FileSystem) -> RawLog:
        """After a crash: a reader from the start, once everything that was there still is.

        Raises:
            Violation: an event is gone, or another one.
        """
        again = RawLog()
        again.news(fs)
        mine, theirs = self.hashes, again.hashes
        must(
            len(theirs) >= len(mine),
            f"{len(mine)} events were acknowledged, {len(theirs)} are left",
        )
        must(theirs[: len(mine)] == mine, "an acknowledged event is another one after the crash")
        fresh = RawLog()
        fresh._skip(fs, len(mine))
        fresh.digest = self.digest
        return fresh

    def _skip(self, fs: FileSystem, count: int) -> None:
        """Go on behind the first `count` events, without reading them again."""
        left = count
        for name in fs.list_directory(LEDGER):
            if not name.startswith("events_") or not name.endswith(".jsonl"):
                continue
            fd = fs.open_read(LEDGER / name)
            data = fs.read_at(fd, fs.size(fd), 0)
            fs.close(fd)
            self._day, self._offset = name, 0
            for line in data.split(b"\n")[:-1]:
                if line[1:7] == b'"seq":':
                    if left == 0:
                        return
                    left -= 1
                    self.hashes.append(json.loads(line)["hash"])
                self._offset += len(line) + 1
