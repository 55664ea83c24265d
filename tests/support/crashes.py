"""A runner that dies at a chosen point of its work, and another that takes over.

A point is just before or after an HTTP exchange, or before or after a sync of the log. Dying is a
`Crash`, and a disk that takes nothing any more, whoever catches it; the next runner gets a copy of
the log as it stood in that instant.
Clock and pauses are in hand, so nothing waits, and a scenario comes out the same each time.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx
from support.eventstore import ACKNOWLEDGING
from support.publishers import Crash

from jobledger import Attempt, JobStatus, ManualClock, PostResult, ScheduledJob, Scheduler
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.publishers import (
    BlueskyPublisher,
    MastodonPublisher,
    ThreadsPublisher,
    WebhookPublisher,
)
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.publishers.fake_platform.faults import Exchange, Fault

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = "canary-token-8f14e45fceea167a5a36dedd4bea2543"
ALWAYS = float("inf")
ACCOUNT, TEXT = "acc", "xin chào 😀"
HANDLE = "acc.test"
ATTEMPTS = 60
"""More than a job can need; one that is still SCHEDULED then is stuck in a circle."""

Kind = Literal["threads", "bluesky", "mastodon", "webhook"]
Mode = Literal["asked", "fail", "retry", "idempotent"]
Verdict = Literal["once", "unknown", "failed", "twice", "claimed", "denied", "left"]


class Trouble(NamedTuple):
    """A fault of the platform's, as `FakePlatform.fail` takes it."""

    exchange: Exchange
    fault: Fault
    times: float = 1

    def __str__(self) -> str:
        return f"{self.exchange} {self.fault}{' always' if self.times == ALWAYS else ''}"


class Scenario(NamedTuple):
    """What goes wrong: on the platform, and at which points (from 1) the runner dies.

    `asked`: the publisher can be asked. Otherwise it cannot, and `fail` or `retry` is the
    scheduler's `on_interrupted`; `idempotent` is `fail` with a webhook that declares itself so.
    `dedupe` is whether the webhook's endpoint acts once on a key.
    """

    kind: Kind
    mode: Mode
    troubles: tuple[Trouble, ...] = ()
    deaths: tuple[int, ...] = ()
    dedupe: bool = True


class Outcome(NamedTuple):
    """What came of it: how many posts are out, the job, and the points that were passed."""

    posts: int
    job: ScheduledJob
    points: list[str]
    log: bytes
    requests: int

    @property
    def verdict(self) -> Verdict:
        """`once` and out, `unknown` for a person, `failed` and not out; the rest must not be.

        `claimed`: COMPLETED and not out; `denied`: FAILED, its outcome known, and out all the same.
        """
        if self.posts > 1:
            return "twice"
        if self.job.status is JobStatus.COMPLETED:
            return "once" if self.posts else "claimed"
        if self.job.status not in (JobStatus.FAILED, JobStatus.EXPIRED):
            return "left"
        if self.job.outcome_unknown:
            return "unknown"
        return "denied" if self.posts else "failed"


class Points:
    """Where the work can be cut. Calls `die` at those of `deaths`."""

    def __init__(self, deaths: tuple[int, ...], die: Callable[[], None]) -> None:
        self._deaths = deaths
        self._die = die
        self.passed: list[str] = []
        self.armed = False
        self.dead = False
        """Nothing that happens from now on reaches the disk."""

    def __call__(self, name: str) -> None:
        if not self.armed or threading.current_thread() is not threading.main_thread():
            return
        self.passed.append(name)
        if len(self.passed) in self._deaths:
            self.dead = True
            self._die()


class CutTransport(httpx.AsyncBaseTransport):
    """The real transport, with a point on either side of an exchange.

    When the platform keeps silent it is taken to be for ever, without waiting for it.
    """

    def __init__(self, points: Points, platform: FakePlatform | None = None) -> None:
        self._points = points
        self._platform = platform
        self._inner = httpx.AsyncHTTPTransport(verify=False, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self._points(f"before {name}")
        before = self._silences()
        call = asyncio.ensure_future(self._whole(request))
        try:
            while not call.done():
                await asyncio.wait([call], timeout=0.002)
                if not call.done() and self._silences() > before:
                    raise httpx.ReadTimeout("silence", request=request)
            response = call.result()
        finally:
            call.cancel()
            await asyncio.wait([call])
        self._points(f"after {name}")
        return response

    async def _whole(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        await response.aclose()
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def _silences(self) -> int:
        return 0 if self._platform is None else self._platform.silences

    async def aclose(self) -> None:
        await self._inner.aclose()


class CutDisk(FileSystem):
    """A disk with a point on either side of each sync of the log or its journal; it syncs nothing
    really."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._names: dict[int, str] = {}

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        fd = super().open_write(path, create=create, truncate=truncate)
        self._names[fd] = path.name
        return fd

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        self._check_alive()
        super().write_at(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        self._check_alive()
        super().truncate(fd, size)

    def sync_data(self, fd: int) -> None:
        if self._names.get(fd, "").startswith(ACKNOWLEDGING):
            self._check_alive()
            self._points("before a sync of the log")
            self._points("after a sync of the log")

    def sync_directory(self, path: Path) -> None:
        pass

    def _check_alive(self) -> None:
        if self._points.dead:
            raise Crash


class Deaf:
    """A publisher that cannot be asked."""

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher

    async def publish(self, attempt: Attempt) -> PostResult:
        result: PostResult = await self._publisher.publish(attempt)
        return result


def make_publisher(
    scenario: Scenario, platform: FakePlatform, clock: ManualClock, points: Points
) -> Any:
    """Make the publisher that a scenario is about, on a clock and a transport in hand."""

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    common: dict[str, Any] = {
        "transport": lambda: CutTransport(points, platform),
        "sleep": sleep,
        "now": clock.now,
    }
    asked = scenario.mode == "asked"
    if scenario.kind == "threads":
        threads = ThreadsPublisher({ACCOUNT: TOKEN}, base_url=platform.threads_url, **common)
        return threads if asked else Deaf(threads)
    if scenario.kind == "bluesky":
        handles = {ACCOUNT: HANDLE}
        url = platform.bluesky_url
        bluesky = BlueskyPublisher({ACCOUNT: TOKEN}, handles=handles, base_url=url, **common)
        return bluesky if asked else Deaf(bluesky)
    if scenario.kind == "mastodon":
        mastodon = MastodonPublisher(platform.mastodon_url, {ACCOUNT: TOKEN}, **common)
        return mastodon if asked else Deaf(mastodon)
    return WebhookPublisher(
        platform.webhook_url,
        secret="signing",
        headers={"Authorization": f"Bearer {TOKEN}"},
        status_url=platform.status_url if asked else None,
        idempotent=scenario.mode == "idempotent",
        **common,
    )


def crash() -> None:
    raise Crash


def play(scenario: Scenario, root: Path) -> Outcome:
    """Run one job through it, until nothing is left to do."""
    clock, points = ManualClock(NOON), Points(scenario.deaths, crash)
    tokens = {TOKEN: ACCOUNT}
    with FakePlatform(now=clock.now, tokens=tokens, dedupe=scenario.dedupe) as platform:
        for trouble in scenario.troubles:
            platform.fail(trouble.exchange, trouble.fault, times=trouble.times)
        publisher = make_publisher(scenario, platform, clock, points)
        job, directory = _live(scenario, root, clock, points, publisher)
        platform.mend()
        posts = platform.counts()
        assert set(posts) <= {(ACCOUNT, TEXT)}
        log = b"".join(path.read_bytes() for path in sorted(directory.glob("events_*.jsonl")))
        return Outcome(posts[ACCOUNT, TEXT], job, points.passed, log, len(platform.seen))


def _live(
    scenario: Scenario, root: Path, clock: ManualClock, points: Points, publisher: Any
) -> tuple[ScheduledJob, Path]:
    """One runner after the other, until one of them gets to the end."""
    for life in range(len(scenario.deaths) + 1):
        directory = root / str(life)
        scheduler: Scheduler | None = None
        try:
            scheduler = Scheduler(
                directory,
                clock=clock,
                fs=CutDisk(points),
                on_interrupted="retry" if scenario.mode in ("asked", "retry") else "fail",
            )
            if life == 0:
                platform_name = "threads" if scenario.kind == "webhook" else scenario.kind
                scheduler.add_job(ACCOUNT, TEXT, clock.now(), job_id="job", platform=platform_name)
                points.armed = True
            return _finish(scheduler, clock, publisher), directory
        except BaseException:
            if not points.dead:
                raise
            _leave_behind(directory, root / str(life + 1))
        finally:
            points.armed, armed = False, points.armed
            points.dead = False
            with suppress(Exception):
                if scheduler is not None:
                    scheduler.close()
            points.armed = armed
    raise AssertionError("every runner died")


def _finish(scheduler: Scheduler, clock: ManualClock, publisher: Any) -> ScheduledJob:
    for _ in range(ATTEMPTS):
        scheduler.run_due(publisher)
        job = scheduler.get_job("job")
        if job.status is not JobStatus.SCHEDULED:
            break
        due = max(job.scheduled_time, job.deferred_until or job.scheduled_time)
        clock.advance(max(due - clock.now(), timedelta(0)))
    return scheduler.get_job("job")


def _leave_behind(directory: Path, heir: Path) -> None:
    """Leave to the next one the log, and how far it was acknowledged, as a process that dies."""
    heir.mkdir(mode=0o700)
    for path in [*directory.glob("events_*.jsonl"), *directory.glob("HEAD")]:
        shutil.copy(path, heir / path.name)
