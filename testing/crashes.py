"""crash_everywhere: a publisher is run again and again, and dies at another step each time."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from ..domain import JobStatus, NewJob
from ..ledger import Ledger
from ..scheduler import Publisher, Scheduler
from .faults import CHANGES, OUTSIDE, Fault, Faulty
from .processes import RestlessClock, quiet
from .stage import Stage

_START = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
_dying: ContextVar[Faulty | None] = ContextVar("the process that dies", default=None)


def crash_point(name: str) -> None:
    """Mark a place where a process may die: put it before and after what has an effect outside.

    Does nothing unless `crash_everywhere` runs. `Posts` has its own.
    """
    fs = _dying.get()
    if fs is not None:
        fs.reach(name)


class CountsPosts(Protocol):
    """A platform that can say how often a job is out."""

    def count(self, job_id: str) -> int:
        """How many posts there are of the job."""


class Posts:
    """The simplest platform: a list of posts, which can be searched.

    `of_key` is where a publisher that puts `attempt.idempotency_key` on its posts finds them.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def post(self, job_id: str, key: str = "") -> str:
        """Post; the id of the post. Posting twice posts twice."""
        crash_point("before the post")
        self.sent.append((job_id, key))
        post_id = f"post-{len(self.sent)}"
        crash_point("after the post")
        return post_id

    def of_key(self, key: str) -> str | None:
        """Return the id of the first post with this key; None: there is none."""
        crash_point("asking")
        return next((f"post-{n}" for n, (_, own) in enumerate(self.sent, 1) if own == key), None)

    def count(self, job_id: str) -> int:
        return sum(posted == job_id for posted, _ in self.sent)


PlatformT = TypeVar("PlatformT", bound=CountsPosts)


def one_job(ledger: Ledger) -> None:
    """Add one job that is due: the simplest scenario."""
    ledger.add_jobs([NewJob("ana", "Xin chào", ledger._now(), job_id="hello")])


class Finding(msgspec.Struct, frozen=True):
    """What became of a job after a crash: `posts` of it are out, and its state in the end."""

    point: str
    job_id: str
    posts: int
    status: JobStatus
    outcome_unknown: bool

    def __str__(self) -> str:
        said = ", outcome unknown" if self.outcome_unknown else ""
        how = f"posted {self.posts} times, {self.status.upper()}{said}"
        return f"{self.job_id}: {how}, after a crash {self.point}"


class CrashReport(msgspec.Struct):
    """What came of all the crashes.

    `twice`: posts made more than once; `lost`: not out, although nothing says that it failed;
    `wrong`: out, although it is FAILED; `unknown`: FAILED with an unknown outcome, for a person to
    look at, whether it is out or not.
    """

    crashes: int = 0
    jobs: int = 0
    twice: list[Finding] = []
    lost: list[Finding] = []
    unknown: list[Finding] = []
    wrong: list[Finding] = []

    def check(self) -> None:
        """Check that what the jobs say of their posts is so.

        Raises:
            AssertionError: something was posted twice, lost, or is called out that is not.
        """
        if self.twice or self.lost or self.wrong:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        lines = [
            f"{self.crashes} crashes: {len(self.twice)} posts twice, {len(self.lost)} lost,"
            f" {len(self.unknown)} in doubt"
        ]
        for name in ("twice", "lost", "wrong"):
            lines += [f"  {name}: {finding}" for finding in getattr(self, name)]
        return "\n".join(lines)


def crash_everywhere(
    publisher: Callable[[PlatformT], Publisher],
    scenario: Callable[[Ledger], object] = one_job,
    *,
    platform: Callable[[], PlatformT] = Posts,  # type: ignore[assignment]
    on_interrupted: Literal["retry", "fail"] = "retry",
    power_cuts: bool = True,
    **settings: Any,
) -> CrashReport:
    """Run a scenario with a crash before and after every durable step, and see what is out.

    For each run there is a new ledger in memory and a new `platform()`; `scenario` fills the
    ledger, `publisher(platform)` makes the publisher: once for the process that dies and once for
    the one that comes after it. The crash comes at the first step in the first run, at the second
    in the second … until a run needs no more of them. Steps are all changes of the ledger's disk
    and every `crash_point`. With `power_cuts` each comes a second time as a loss of power, in which
    what was not synced may be gone. After the crash the jobs are run to their end, hours and days
    later where they wait. `settings` are more arguments of the Scheduler.

    No threads and no real time: the clock is moved. A publisher that really sleeps really waits.
    """
    with quiet():
        return _crash_everywhere(
            publisher, scenario, platform, on_interrupted, power_cuts, settings
        )


def _crash_everywhere(
    publisher: Callable[[Any], Publisher],
    scenario: Callable[[Ledger], object],
    platform: Callable[[], CountsPosts],
    on_interrupted: Literal["retry", "fail"],
    power_cuts: bool,
    settings: dict[str, Any],
) -> CrashReport:
    report = CrashReport()
    for power in (False, True) if power_cuts else (False,):
        at = 1
        while True:
            run = _Run(at, power, platform(), on_interrupted, settings)
            died = run.crash(publisher, scenario)
            run.finish(publisher)
            run.report(report)
            if not died:
                break
            report.crashes += 1
            at += 1
    return report


class _Run:
    """One run, which dies at its `at`-th step."""

    def __init__(
        self, at: int, power: bool, platform: Any, on_interrupted: Any, settings: dict[str, Any]
    ) -> None:
        self._stage = Stage(
            RestlessClock(_START), writers=1, on_interrupted=on_interrupted, **settings
        )
        self._at = at
        self._power = power
        self._platform = platform
        self._point = "nowhere"

    def crash(
        self, publisher: Callable[[Any], Publisher], scenario: Callable[[Ledger], object]
    ) -> bool:
        """Whether it died; else it came to its end before that step."""
        stage = self._stage
        scenario(stage.opened(stage.writers[0]))
        stage.read_on()
        stage.writers[0].close()
        faulty = stage.faulty(stage.runner)
        steps = [*CHANGES, OUTSIDE]

        def run(runner: Ledger) -> None:
            assert isinstance(runner, Scheduler)
            runner.run_due(publisher(self._platform))
            runner.write_behind()

        stage.model.begin_run(stage.clock.now(), {})
        token = _dying.set(faulty)
        try:
            ended = stage.act(
                stage.runner,
                run,
                fault=Fault(self._at, None, only=steps),
                power_cut=Random(self._at) if self._power else None,
            )
        finally:
            _dying.reset(token)
        if ended == "done":
            return False
        operation, name = faulty.operations[-1]
        where = name if operation == OUTSIDE else f"at {operation.replace('_', ' ')} {name}"
        self._point = ("and a power cut " if self._power else "") + where
        return True

    def finish(self, publisher: Callable[[Any], Publisher]) -> None:
        self._stage.clock.advance(timedelta(seconds=1))
        self._stage.finish(publisher(self._platform))
        self._stage.end()

    def report(self, report: CrashReport) -> None:
        for job_id, job in self._stage.model.jobs.items():
            posts, status = self._platform.count(job_id), JobStatus(job["status"])
            finding = Finding(self._point, job_id, posts, status, job["unknown"])
            report.jobs += 1
            if posts > 1:
                report.twice.append(finding)
            if status is JobStatus.FAILED and job["unknown"]:
                report.unknown.append(finding)
            elif not posts and status is not JobStatus.FAILED:
                report.lost.append(finding)
            elif posts and status is JobStatus.FAILED:
                report.wrong.append(finding)
