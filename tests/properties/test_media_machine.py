"""Files come, are needed and go in any order: none goes that is needed, none stays for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.durability import LEDGER, let_go, without_background
from support.eventstore import NOON
from support.media import png

from jobledger import (
    Attempt,
    JobStatus,
    Ledger,
    ManualClock,
    Media,
    OutcomeUnknown,
    Part,
    Post,
    PostResult,
    ScheduledJob,
    Scheduler,
    ValidationError,
)
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed

DAY = timedelta(days=1)
KEEP = 10 * DAY
OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)
PICTURES = [png(40 + number, 30) for number in range(9)]

numbers = st.lists(st.integers(0, len(PICTURES) - 1), min_size=1, max_size=2)
which = st.integers(0, 50)


class MediaMachine(RuleBasedStateMachine):
    """Changes jobs with files on a simulated disk, lets time pass, cleans up, and dies meanwhile.

    What is needed is said here by the log alone: the post of each job, its state, and the time of
    its last event.
    """

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.stack.enter_context(without_background())
        self.disk, self.clock = SimulatedDisk(), ManualClock(NOON)
        self.disk.make_directory(Path("/pictures"))
        for number, data in enumerate(PICTURES):
            self.disk.write_file_durably(Path(f"/pictures/{number}.png"), data)
        self.disk.files_are_old_s = 2 * DAY.total_seconds()
        self.ledger = self.open()
        for number in range(4):
            self.add([number], 12 * number, hold=False)

    def open(self) -> Ledger:
        return Ledger(LEDGER, clock=self.clock, fs=self.disk, keep_media=KEEP)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.stack.close()

    # -- what is done --------------------------------------------------------------------------

    @rule(chosen=numbers, hours=st.integers(0, 48), hold=st.booleans())
    def add(self, chosen: list[int], hours: int, hold: bool) -> None:
        due = self.clock.now() + timedelta(hours=hours)
        self.ledger.add_job("shop", "", due, platform="mine", post=_post(chosen), hold=hold)

    @rule(chosen=numbers)
    def send_alone(self, chosen: list[int]) -> None:
        """Somebody has sent files, and not added a job yet."""
        for number in chosen:
            self.ledger.add_media(PICTURES[number])

    @rule(at=which, chosen=numbers)
    def edit(self, at: int, chosen: list[int]) -> None:
        if job := self.one_of(at, *OPEN):
            self.ledger.edit_job(job.job_id, post=_post(chosen))

    @rule(at=which)
    def cancel(self, at: int) -> None:
        if job := self.one_of(at, *OPEN):
            self.ledger.cancel_job(job.job_id)

    @rule(at=which)
    def remove(self, at: int) -> None:
        if job := self.one_of(at, *JobStatus):
            self.ledger.remove_job(job.job_id)

    @rule(at=which)
    def requeue(self, at: int) -> None:
        """Refuse it where the files are gone, and else need them from then on."""
        job = self.one_of(at, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.FAILED)
        if job is None:
            return
        is_whole = all(self.is_whole(name) for name in _names(job))
        try:
            self.ledger.requeue_job(job.job_id, self.clock.now() + DAY)
        except ValidationError:
            assert not is_whole
        else:
            assert is_whole

    @rule(luck=st.sampled_from(["posts", "fails", "unknown"]))
    def run(self, luck: str) -> None:
        """Post what is due next, with any outcome."""
        waiting = self.ledger.list_jobs(status=JobStatus.SCHEDULED)
        soonest = min((job.scheduled_time for job in waiting), default=self.clock.now())
        self.clock.advance(max(soonest - self.clock.now(), timedelta(0)))
        with Scheduler(
            LEDGER, clock=self.clock, fs=self.disk, keep_media=KEEP, on_interrupted="fail"
        ) as scheduler:
            scheduler.run_due(_Lucky(luck))

    @rule(days=st.sampled_from([0.4, 0.5, 3, 9, 11]), is_cleaned=st.booleans())
    def wait(self, days: float, is_cleaned: bool) -> None:
        self.clock.advance(days * DAY)
        if is_cleaned:
            self.clean()

    @rule(are_old=st.booleans())
    def be_of_an_age(self, are_old: bool) -> None:
        """Files that no job has are left alone for a day."""
        self.disk.files_are_old_s = 2 * DAY.total_seconds() if are_old else 60.0

    @rule()
    def clean(self) -> None:
        before = set(self.kept())
        removed = set(self.ledger.remove_media())
        assert removed == before - set(self.kept())
        left = set(self.kept()) - self.needed()
        if self.disk.files_are_old_s > DAY.total_seconds():
            assert left == set(), "nobody needs them"
        else:
            assert left & self.of_a_job() == set(), "the last job that had them is closed"

    @rule(at=st.integers(1, 12))
    def die_while_cleaning(self, at: int) -> None:
        failing = FaultyFileSystem(
            self.disk, Fault(at, None, only=("remove", "rename", "sync_data"))
        )
        other = Ledger(LEDGER, clock=self.clock, fs=failing, keep_media=KEEP)
        try:
            other.remove_media()
        except Killed:
            let_go(other)
        else:
            other.close()

    @rule(seed=st.integers(0, 1000))
    def lose_power(self, seed: int) -> None:
        let_go(self.ledger)
        age = self.disk.files_are_old_s
        self.disk = self.disk.crash(Random(seed))
        self.disk.files_are_old_s = age
        self.ledger = self.open()

    # -- what holds ----------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def what_is_needed_is_there(self) -> None:
        for name in self.needed():
            assert self.is_whole(name), name

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def it_verifies(self) -> None:
        report = self.ledger.verify()
        assert report.ok, report.problems

    # -- what there is -------------------------------------------------------------------------

    def one_of(self, at: int, *statuses: JobStatus) -> ScheduledJob | None:
        jobs = [job for job in self.ledger.list_jobs() if job.status in statuses]
        return jobs[at % len(jobs)] if jobs else None

    def kept(self) -> list[str]:
        media = LEDGER / "media"
        if not self.disk.is_directory(media):
            return []
        folders = [name for name in self.disk.list_directory(media) if len(name) == 2]
        names = [name for each in folders for name in self.disk.list_directory(media / each)]
        return [name for name in names if not name.startswith(".")]

    def is_whole(self, name: str) -> bool:
        path = LEDGER / "media" / name[:2] / name
        return name in self.kept() and self.disk.read_file(path) in PICTURES

    def needed(self) -> set[str]:
        since = self.clock.now() - KEEP
        last = self.last_events()
        return {
            name
            for job in self.ledger.list_jobs()
            if job.status in OPEN or job.outcome_unknown or last[job.job_id] >= since
            for name in _names(job)
        }

    def of_a_job(self) -> set[str]:
        return {name for job in self.ledger.list_jobs() for name in _names(job)}

    def last_events(self) -> dict[str, datetime]:
        return {event.job_id: event.at for event in self.ledger.events()}


class _Lucky:
    """A publisher that reads the files of what it posts, and then has this luck."""

    takes_posts = True

    def __init__(self, luck: str) -> None:
        self._luck = luck

    def publish(self, attempt: Attempt) -> PostResult:
        for media in attempt.job.parts[0].media:
            attempt.media_path(media)
        if self._luck == "unknown":
            raise OutcomeUnknown("no answer")
        return PostResult(self._luck == "posts", error="no", retryable=False)


def _post(chosen: list[int]) -> Post:
    return Post([Part("Look", [Media(f"/pictures/{number}.png") for number in chosen])])


def _names(job: ScheduledJob) -> Iterator[str]:
    for media in job.post.media if job.post is not None else ():
        if media.file is not None:
            yield media.file.sha256


TestMediaMachine = MediaMachine.TestCase
TestMediaMachine.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
