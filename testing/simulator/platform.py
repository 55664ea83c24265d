"""The platform that a simulated runner posts to, and the publishers that it does it with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from ...scheduler import Attempt, NotPosted, OutcomeUnknown, PostResult
from ..faults import Killed
from ..processes import Process


class Platform:
    """Where posts go; it remembers how often each job was posted."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()

    def post(self, job_id: str) -> str:
        self.posts[job_id] += 1
        return f"post-{job_id}-{self.posts[job_id]}"


class SimulatedPublisher:
    """Posts with luck: succeeds, fails, does not know, says nothing that can be understood, or
    takes its process down, as the dice say.

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
        self._check_alive()
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
        if roll < 0.20:
            self.last[job_id] = True
            raise NotPosted("refused")
        if roll < 0.22:
            self.last[job_id] = True
            raise RuntimeError("broken")
        if roll < 0.24:
            raise OutcomeUnknown("no answer")
        if roll < 0.25:
            raise TimeoutError("no answer")
        post_id = self._platform.post(job_id)
        if roll < 0.27:
            raise OutcomeUnknown("no answer after sending")
        if roll < 0.28:
            raise ConnectionResetError("no answer after sending")
        if roll < 0.29:
            return post_id  # type: ignore[return-value]  # the commonest mistake
        if roll < 0.34:
            self._die()
        return PostResult(True, thread_id=post_id)

    def _check_alive(self) -> None:
        """Post nothing for a dead process, of which other attempts were under way."""
        if self._process.faulty is not None and self._process.faulty.is_dead:
            raise Killed

    def _die(self) -> None:
        assert self._process.faulty is not None
        self._process.faulty.kill()
        raise Killed


class Asked(SimulatedPublisher):
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

    def __init__(self, publisher: SimulatedPublisher, chance: Random) -> None:
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
