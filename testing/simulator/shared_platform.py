"""The platform that many simulated runners post to, and what is looked at when they do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Literal, Protocol, cast

import msgspec

from ...domain import StorageError
from ...eventstore import RunnerEndedError
from ...scheduler import Attempt, NotPosted, OutcomeUnknown, PostResult, Scheduler
from ..violation import Violation, must
from .shared_model import SaidOfAttempts
from .worker import Worker

Kind = Literal["asked", "key", "retry", "fail"]
"""How attempts in doubt are treated: the publisher can be asked; the platform takes each key once;
it is tried again whatever comes of it; or it is not."""
KINDS: tuple[Kind, ...] = ("asked", "key", "retry", "fail")

_FOR_EVER = 1_000_000
"""Minutes that no life has."""


class Watched(Protocol):
    """What is asked of the life that a call happens in."""

    def is_current(self, job_id: str, attempt: int) -> bool:
        """Say whether the log has this attempt running."""

    def has_been_ended(self, runner: str) -> bool:
        """Say whether a runner was ended, or may have been by a server that is no more."""

    def holds(self, runner: str) -> bool:
        """Say whether its lease lives, or did on a server that is no more."""

    @property
    def newest(self) -> int:
        """The last record that the server has."""

    def is_withdrawn(self, job_id: str, attempt: int) -> bool:
        """Say whether a person has put an end to this attempt while it was made."""

    def is_lost(self, job_id: str) -> bool:
        """Say whether a server that is no more knew something of a job that is known no more."""


class OpenCall(msgspec.Struct, frozen=True):
    """A publisher is in the midst of something."""

    job_id: str
    account_id: str
    attempt: int
    runner: str


class SharedPlatform:
    """Counts the posts of each job, and those of each key and account.

    `late` are posts of attempts that were over, as the log has it: of a process that slept.
    """

    def __init__(self, kind: Kind, life: Watched) -> None:
        self.kind = kind
        self.posts: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.by_account: Counter[str] = Counter()
        self.calls: dict[str, list[OpenCall]] = {}
        """By process."""
        self._keys: dict[str, str] = {}
        self.life = life

    def is_called_for(self, job_id: str) -> bool:
        """Say whether somebody is in the midst of posting this job."""
        return any(call.job_id == job_id for calls in self.calls.values() for call in calls)

    @contextmanager
    def called(self, worker: Worker, attempt: Attempt) -> Iterator[OpenCall]:
        """Look at what has to hold when a publisher is called, which it is within the `with`.

        Raises:
            Violation: it should not have been.
        """
        job, lease = attempt.job, worker.lease
        runner = "" if lease is None else lease.runner
        worker.say(f"{worker.name} calls the publisher of {job.job_id}, attempt {job.attempt}")
        life, where = self.life, f"{worker.name} calls the publisher of {job.job_id}"
        must(job.runner == runner, f"{where}, which {job.runner} has started")
        must(life.holds(runner), f"{where}, and its lease does not hold")
        is_current = life.is_current(job.job_id, job.attempt)
        is_over = life.is_withdrawn(job.job_id, job.attempt) or life.is_lost(job.job_id)
        must(is_current or is_over, f"{where}, which it does not run")
        for name, calls in self.calls.items():
            for other in calls:
                same = other.account_id == job.account_id and not life.is_lost(other.job_id)
                if same and life.is_current(other.job_id, other.attempt):
                    must(not is_current, f"{where}, and {name} that of {other.job_id}")
        call = OpenCall(job.job_id, job.account_id, job.attempt, runner)
        self.calls.setdefault(worker.name, []).append(call)
        try:
            yield call
        finally:
            self.calls[worker.name].remove(call)

    def post(self, call: OpenCall, key: str, *, careful: bool) -> str:
        """Post; return the id of the post.

        Raises:
            Violation: it must not be posted.
        """
        job_id, life = call.job_id, self.life
        if self.kind == "key" and key in self._keys:
            return self._keys[key]
        if not life.is_current(job_id, call.attempt):
            self.late[job_id] += 1
            if not life.is_withdrawn(job_id, call.attempt) and not life.is_lost(job_id):
                told = f"{call.runner} posts {job_id} in an attempt that is over"
                must(life.has_been_ended(call.runner), told)
                must(not careful, f"{told}, although it was careful")
        self.posts[job_id] += 1
        self.by_account[call.account_id] += 1
        count = self.posts[job_id]
        self._keys[key] = f"post-{job_id}-{count}"
        allowed = self.kind == "retry" or count - self.late[job_id] <= 1
        must(allowed or life.is_lost(job_id), f"{job_id} was posted {count} times")
        return self._keys[key]


class SharedPublisher:
    """Posts with luck, as one that knows that it may sleep (`careful`) or does not.

    `answers` gets what it says of attempts, `broken` what has gone wrong.
    """

    def __init__(
        self,
        platform: SharedPlatform,
        worker: Worker,
        chance: Random,
        answers: SaidOfAttempts,
        broken: Callable[[Exception], None],
        *,
        is_calm: bool = False,
    ) -> None:
        self._platform = platform
        self.worker = worker
        self._chance = chance
        self._answers = answers
        self._broken = broken
        self._is_calm = is_calm

    def is_stubborn(self) -> bool:
        """Say by chance whether it goes on although it is broken off."""
        return self._chance.random() < 0.3

    @contextmanager
    def _called(self, attempt: Attempt) -> Iterator[OpenCall]:
        """Nothing is between whoever calls and the first look at it."""
        self.worker.actor.check_alive()
        with self._telling(), self._platform.called(self.worker, attempt) as call:
            yield call

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Violation as error:
            self._broken(error)
            raise

    def publish(self, attempt: Attempt) -> PostResult:
        steps = self.publishing(attempt)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast(PostResult, end.value)
            self.worker.actor.point()

    def publishing(self, attempt: Attempt) -> Generator[None, None, PostResult]:
        """Post, step by step: others may go on between two."""
        with self._called(attempt) as call:
            job_id, chance = attempt.job.job_id, self._chance
            roll = 0.5 if self._is_calm else chance.random()
            yield
            if chance.random() < 0.15:
                self._record(attempt, lambda: attempt.checkpoint("step", {"n": attempt.number}))
                yield
            if chance.random() < 0.1:
                self._record(attempt, lambda: attempt.note("on its way"))
            if chance.random() < 0.1:
                self._look_after_others()
            if chance.random() < 0.25:
                self._ask_whether_it_is_over(attempt)
            if roll < 0.10:
                self._say(attempt, may_be_again=True)
                return PostResult(False, error="try again")
            if roll < 0.13:
                self._say(attempt, may_be_again=False)
                return PostResult(False, error="never", retryable=False)
            if roll < 0.15:
                raise OutcomeUnknown("no answer")
            is_careful = chance.random() < 0.5
            if is_careful:
                self._record(attempt, lambda: attempt.checkpoint("sending", attempt.number))
                if attempt.valid_for_s <= 0:
                    self._say(attempt, may_be_again=True)
                    raise NotPosted("it has slept")
            else:
                yield
            self.worker.say(f"{self.worker.name} posts {job_id}")
            with self._telling():
                post_id = self._platform.post(call, attempt.idempotency_key, careful=is_careful)
            yield
            if roll < 0.18:
                raise OutcomeUnknown(f"no answer after sending {job_id}")
            if roll < 0.2:
                raise ConnectionError("the line is dead")
            if roll < 0.24 and self._platform.kind == "fail":
                raise RuntimeError("it broke off")  # what it means is not asked there
            self._answers.given.add((job_id, attempt.number))
            return PostResult(True, thread_id=post_id)

    def _record(self, attempt: Attempt, step: Callable[[], object]) -> None:
        """Record a step; whom another runner has ended is told that its attempt is over."""
        try:
            step()
        except RunnerEndedError as error:
            self._broken(Violation(f"{attempt.job.job_id}: a publisher is told {error!r}"))
            raise

    def _look_after_others(self) -> None:
        """Have somebody recover what others left, in the midst of what this process runs itself,
        which is not stuck however long it takes."""
        runner = self.worker.ledger
        assert isinstance(runner, Scheduler)
        with suppress(StorageError):
            runner.recover_stuck_jobs(max_running_minutes=_FOR_EVER)

    def _ask_whether_it_is_over(self, attempt: Attempt) -> None:
        """Look at `is_cancelled`: who is not in an event loop, and is not disturbed, looks at all
        that the log has by now."""
        worker, life = self.worker, self._platform.life
        link, ledger, newest = worker.link, worker.ledger, life.newest
        was_disturbed, link.was_disturbed = link.was_disturbed, False
        told_late, is_over = link.told_late, attempt.is_cancelled
        is_sound = link.told_late == told_late and not link.was_disturbed
        if worker.concurrency == 1 and is_sound and not is_over and ledger is not None:
            has_looked = ledger._store.end.seq >= min(newest, life.newest)
            with self._telling():
                must(has_looked, f"{worker.name} says of {attempt.job.job_id} what was before")
        link.was_disturbed |= was_disturbed

    def _say(self, attempt: Attempt, *, may_be_again: bool) -> None:
        self._answers.may_be_again[attempt.job.job_id, attempt.number] = may_be_again
        self._answers.given.add((attempt.job.job_id, attempt.number))


class AskedPublisher(SharedPublisher):
    """One that can be asked whether a post is out."""

    def reconcile(self, attempt: Attempt) -> PostResult | None:
        with self._called(attempt):
            self.worker.actor.point()
            roll, count = self._chance.random(), self._platform.posts[attempt.job.job_id]
            if not self._is_calm and roll < 0.08:
                raise ConnectionError("cannot be asked")
            if not self._is_calm and roll < 0.1:
                return None
            if count:
                return PostResult(True, thread_id=f"post-{attempt.job.job_id}-{count}")
            self._answers.may_be_again[attempt.job.job_id, attempt.job.attempt] = False
            return PostResult(False)


class TogetherPublisher:
    """A publisher made async, for several attempts of one process at once."""

    def __init__(self, publisher: SharedPublisher) -> None:
        self._publisher = publisher
        if isinstance(publisher, AskedPublisher):
            self.reconcile = self._reconcile

    async def publish(self, attempt: Attempt) -> PostResult:
        """Post; the other attempts of this process go on between the steps. Some do not let
        themselves be broken off."""
        is_stubborn = self._publisher.is_stubborn()
        steps = self._publisher.publishing(attempt)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast(PostResult, end.value)
            self._publisher.worker.actor.point()
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                if not is_stubborn:
                    raise

    async def _reconcile(self, attempt: Attempt) -> PostResult | None:
        assert isinstance(self._publisher, AskedPublisher)
        return self._publisher.reconcile(attempt)
