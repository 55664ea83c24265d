"""The life of one ledger: steps are done to it, and after each all is held against the model."""

from __future__ import annotations

import errno
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ...domain.errors import (
    InvalidTransitionError,
    JobNotFoundError,
    LedgerCorruptError,
    SchedulerRunningError,
    StorageError,
    ValidationError,
)
from ...domain.job import JobPriority, NewJob
from ...projections.verify import verify
from ...scheduler.clock import ManualClock
from ...scheduler.ledger import Ledger
from ..testing.disk import SimulatedDisk
from ..testing.faults import Fault, Killed
from .model import Model, Violation, must
from .steps import Step
from .world import LEDGER, Asked, Platform, Process, Publisher, RawLog, Runner, Together, Writer

START = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = ("ana", "bob", "chi", "đỗ")
TEXTS = ("Xin chào", "a line\nand another", "🙂 emoji", "x" * 500, '"quoted" \\ and \u2028')
PUBLISHERS = ("asked", "retry", "fail")
FAULTS = {
    "killed": Fault(0, None),
    "killed in a write": Fault(0, None, part=0.4),
    "EIO once": Fault(0, errno.EIO),
    "full disk": Fault(0, errno.ENOSPC, always=True),
    "short write": Fault(0, errno.ENOSPC, part=0.6),
}
TIMEOUT = timedelta(seconds=2)
"""How long a publisher of several attempts at once may take."""
REFUSALS = (InvalidTransitionError, JobNotFoundError, ValidationError)


class Life:
    """One ledger, its processes and its platform, from its making on.

    `publisher` is how attempts in doubt are treated: `asked` (the publisher can be asked), `retry`
    or `fail` (it cannot, and that is the scheduler's `on_interrupted`).
    """

    def __init__(self, seed: int, number: int) -> None:
        chance = Random(f"life {seed} {number}")
        self.publisher = chance.choice(PUBLISHERS)
        self.concurrency = chance.choice([1, 1, 1, 3])
        zone = chance.choice(["UTC", "Asia/Ho_Chi_Minh", "America/New_York"])
        self.clock = ManualClock(START + timedelta(days=chance.randrange(3000), hours=number % 24))
        self.begun = self.clock.now()
        self.disk = SimulatedDisk()
        self.platform = Platform()
        self.log = RawLog()
        self.recent: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        on_interrupted = "fail" if self.publisher == "fail" else "retry"
        self.model = Model(concurrency=self.concurrency, on_interrupted=on_interrupted)
        common: dict[str, Any] = {"clock": self.clock, "timezone": zone}
        more = {
            "concurrency": self.concurrency,
            "on_interrupted": on_interrupted,
            "publish_timeout": TIMEOUT if self.concurrency > 1 else None,
        }
        self.runner = Process("runner", Runner, common | more)
        self.writers = [Process(f"writer {n}", Writer, common) for n in (1, 2)]
        self._names = 0

    @property
    def days(self) -> float:
        """How much of the simulated time has passed."""
        return (self.clock.now() - self.begun) / timedelta(days=1)

    def do(self, step: Step) -> None:
        """
        Raises:
            Violation: a rule is broken.
        """
        chance = Random(step.seed)
        self.counts[step.kind] += 1
        getattr(self, f"_{step.kind}")(chance)

    # -- acting ------------------------------------------------------------------------------------

    def _act(self, chance: Random, process: Process, action: Any) -> str:
        """Let a process do something, perhaps on a disk that fails; how it ended.

        "done"; "refused", which has changed nothing; or "broken off", and nobody knows.
        """
        before = self.model.seq
        ledger = self._opened(process)
        fs = process.fs
        assert fs is not None
        if chance.random() < 0.06:
            kind = chance.choice(list(FAULTS))
            self.counts[kind] += 1
            at = len(fs.operations) + chance.randint(1, 25)
            template = FAULTS[kind]
            fs.fault = Fault(at, template.error, template.always, template.part)
        try:
            action(ledger)
            ended = "done"
        except REFUSALS as error:
            ended = f"refused: {type(error).__name__}"
        except LedgerCorruptError as error:
            raise Violation(f"what a failing disk left was taken for damage: {error}") from error
        except (StorageError, Killed, BaseExceptionGroup) as error:
            _check_death(error)
            must(fs.reached or fs.is_dead, f"a sound disk, and {error!r}")
            ended = "broken off"
        fs.fault = None
        if ended == "broken off" or fs.reached or fs.is_dead:
            process.die()
            ended = "broken off"
            self._mend()
        news = self._read_on()
        if ended.startswith("refused"):
            must(not news, "a refusal has changed something")
        self._compare(process, {event["job"] for event in news})
        must(self.model.seq >= before, "the log is shorter")
        return ended

    def _opened(self, process: Process) -> Ledger:
        """Open it where it is not; what a runner recovers at that is taken in."""
        fresh = process.ledger is None
        ledger = process.open(self.disk)
        if fresh:
            self._read_on()
        return ledger

    def _mend(self) -> None:
        """Somebody opens the ledger next, and mends what the dead one has left."""
        process = self.writers[0]
        process.die()
        self._opened(process)

    def _read_on(self) -> list[dict[str, Any]]:
        news = self.log.news(self.disk)
        for event in news:
            self.model.apply(event)
        self.recent = [*self.recent, *news][-12:]
        return news

    def _compare(self, process: Process, touched: set[str]) -> None:
        """What the process shows of these jobs, and how many there are."""
        ledger = process.ledger
        if ledger is None:
            return
        for job_id in sorted(touched):
            try:
                shown = ledger.get_job(job_id).to_dict()
            except JobNotFoundError:
                shown = None
            self.model.compare(job_id, shown)
        if touched:
            must(ledger.seq == self.model.seq, f"{process.name} is at {ledger.seq}")

    def _pick(self, chance: Random, *states: str) -> str | None:
        """Mostly a job for which the change is allowed, now and then any one or none at all."""
        chosen = self.model.of(*states)
        if not chosen or chance.random() < 0.1:
            chosen = [*self.model.jobs, "nobody"]
        return chance.choice(chosen)

    def _change(self, chance: Random, states: tuple[str, ...], call: Any) -> None:
        """A change of one job: allowed in these states, and refused in every other."""
        job_id = self._pick(chance, *states)
        state = self.model.jobs.get(str(job_id), {}).get("status")
        ended = self._act(chance, chance.choice(self.writers), lambda ledger: call(ledger, job_id))
        if ended == "done":
            must(state in states, f"{call} of {job_id} was allowed in state {state}")
        elif ended.startswith("refused"):
            must(state not in states, f"{ended}, of {job_id} in state {state}")

    def _soon(self, chance: Random) -> datetime:
        return self.clock.now() + timedelta(minutes=chance.randint(-30, 180))

    # -- steps: jobs -------------------------------------------------------------------------------

    def _new(self, chance: Random) -> NewJob:
        self._names += 1
        return NewJob(
            account_id=chance.choice(ACCOUNTS),
            content=chance.choice(TEXTS),
            scheduled_time=self._soon(chance),
            priority=chance.choice(list(JobPriority)),
            max_retries=chance.choice([0, 1, 3]),
            metadata=chance.choice([None, {"k": [1, None, "ü"]}]),
            hold=chance.random() < 0.15,
            job_id=f"job-{self._names}",
        )

    def _add(self, chance: Random) -> None:
        self._add_these(chance, [self._new(chance)])

    def _add_many(self, chance: Random) -> None:
        self._add_these(chance, [self._new(chance) for _ in range(chance.randint(2, 8))])

    def _add_these(self, chance: Random, news: list[NewJob]) -> None:
        before = self.model.seq
        ended = self._act(chance, chance.choice(self.writers), lambda own: own.add_jobs(news))
        count = self.model.seq - before
        must(not ended.startswith("refused"), ended)
        whole = (len(news),) if ended == "done" else (0, len(news))
        must(count in whole, f"{count} of {len(news)} jobs were added")

    def _add_wrong(self, chance: Random) -> None:
        """A job that is not acceptable among others that are: none of them is added."""
        good = self._new(chance)
        wrong = chance.choice(
            [
                {"content": " "},
                {"content": "x" * 501},
                {"account_id": ""},
                {"scheduled_time": self.clock.now() + timedelta(days=366)},
                {"job_id": next(iter(self.model.jobs), "../x")},
                {"max_retries": -1},
            ]
        )
        fields = {name: getattr(good, name) for name in NewJob.__struct_fields__}
        bad = NewJob(**(fields | {"job_id": f"{good.job_id}-wrong"} | wrong))
        ended = self._act(
            chance, chance.choice(self.writers), lambda own: own.add_jobs([good, bad])
        )
        must(ended != "done", f"accepted: {wrong}")

    def _hold(self, chance: Random) -> None:
        self._change(chance, ("scheduled",), lambda own, job_id: own.hold_job(job_id))

    def _release(self, chance: Random) -> None:
        self._change(chance, ("pending",), lambda own, job_id: own.release_job(job_id))

    def _edit(self, chance: Random) -> None:
        text, priority = chance.choice(TEXTS), chance.choice(list(JobPriority))
        self._change(
            chance,
            ("pending", "scheduled"),
            lambda own, job_id: own.edit_job(job_id, content=text, priority=priority),
        )

    def _reschedule(self, chance: Random) -> None:
        moment = self._soon(chance)
        self._change(
            chance,
            ("pending", "scheduled"),
            lambda own, job_id: own.reschedule_job(job_id, moment),
        )

    def _cancel(self, chance: Random) -> None:
        self._change(
            chance,
            ("pending", "scheduled", "running"),
            lambda own, job_id: own.cancel_job(job_id, "not wanted"),
        )

    def _remove(self, chance: Random) -> None:
        states = ("pending", "scheduled", "completed", "failed", "cancelled", "expired")
        self._change(chance, states, lambda own, job_id: own.remove_job(job_id))

    def _requeue(self, chance: Random) -> None:
        """A person who looks at the platform first, unless the publisher does."""
        moment = self._soon(chance)
        job_id = self._pick(chance, "failed", "expired", "cancelled")
        job = self.model.jobs.get(str(job_id), {})
        doubted = self.publisher == "asked" and job.get("status") == "cancelled"
        if self.platform.posts[str(job_id)] and not doubted:
            return
        allowed = job.get("status") in ("failed", "expired", "cancelled")
        ended = self._act(
            chance,
            chance.choice(self.writers),
            lambda own: own.requeue_job(job_id, moment),
        )
        must(ended == "broken off" or (ended == "done") == allowed, f"requeue {ended}")

    def _resolve(self, chance: Random) -> None:
        """A person says what the platform shows."""
        unknown = [j for j in self.model.of("failed") if self.model.jobs[j]["unknown"]]
        known = [j for j in self.model.of("failed") if not self.model.jobs[j]["unknown"]]
        chosen = unknown or known
        if not chosen:
            return
        job_id = chance.choice(chosen)
        posted = self.platform.posts[job_id] > 0
        ended = self._act(
            chance,
            chance.choice(self.writers),
            lambda own: own.resolve_job(job_id, posted=posted),
        )
        allowed = job_id in unknown
        must(ended == "broken off" or (ended == "done") == allowed, f"resolve {ended}")

    # -- steps: running ----------------------------------------------------------------------------

    def _run(self, chance: Random) -> None:
        limit = chance.choice([None, None, 1, 3])
        kind = Asked if self.publisher == "asked" else Publisher
        publisher = kind(self.platform, chance, self.runner, self._meanwhile)
        self._opened(self.runner)
        self.model.begin_run(self.clock.now(), publisher.last)
        given: Any = publisher if self.concurrency == 1 else Together(publisher, chance)
        self._act(chance, self.runner, lambda own: own.run_due(given, limit=limit))
        if self.runner.ledger is not None:
            must(not self.model.of("running"), "a job is running, and nobody runs it")
        self._check_posts()

    def _meanwhile(self, chance: Random, job_id: str) -> None:
        """Another process changes the board while a job is being posted: its attempt is void."""
        self.counts["meanwhile"] += 1
        other = self.writers[1].open(self.disk)
        if chance.random() < 0.5:
            other.add_jobs([self._new(chance)])
        else:
            other.cancel_job(job_id, "not wanted any more")

    def _check_posts(self) -> None:
        """No post is out twice that must not be, none is called out that is not."""
        for job_id, count in self.platform.posts.items():
            must(count <= 1 or self.publisher == "retry", f"{job_id} was posted {count} times")
        for job_id, job in self.model.jobs.items():
            if job["status"] == "completed":
                must(self.platform.posts[job_id], f"{job_id} is completed, and not out")
            elif job["status"] == "failed" and not job["unknown"]:
                must(not self.platform.posts[job_id], f"{job_id} has failed, and is out")

    def _second_runner(self, chance: Random) -> None:
        """It is told who runs already."""
        self._opened(self.runner)
        second = Process("second runner", Runner, {"clock": self.clock})
        try:
            second.open(self.disk)
        except SchedulerRunningError as error:
            must(error.pid == self.disk.process, f"it names process {error.pid}")
        else:
            raise Violation("two runners on one ledger")

    # -- steps: time, and looking ------------------------------------------------------------------

    def _wait(self, chance: Random) -> None:
        self.clock.advance(timedelta(minutes=chance.randint(1, 180), microseconds=1))

    def _sleep(self, chance: Random) -> None:
        """The machine is off for a while; what was due meanwhile is late, or too late."""
        self.clock.advance(timedelta(hours=chance.choice([8, 24, 25, 72, 720])))

    def _clock_back(self, chance: Random) -> None:
        self.clock.advance(-timedelta(minutes=chance.randint(1, 2000)))

    def _look(self, chance: Random) -> None:
        """A reader shows the very state that the model has."""
        reader = Process("reader", Writer, {"clock": self.clock, "read_only": True})
        self._opened(self.writers[0])
        try:
            self._compare_all(reader)
        finally:
            reader.die()

    def _compare_all(self, process: Process) -> None:
        ledger = process.open(self.disk)
        must(ledger.damage is None, f"damage: {ledger.damage}")
        shown = {job.job_id: job.to_dict() for job in ledger.list_jobs()}
        must(set(shown) == set(self.model.jobs), "other jobs are shown than there are")
        for job_id, job in shown.items():
            self.model.compare(job_id, job)
        must(ledger.seq == self.model.seq, f"{process.name} is at {ledger.seq}")

    def _write_files(self, chance: Random) -> None:
        self._act(chance, chance.choice(self.writers), lambda own: own.write_behind())

    def _rebuild(self, chance: Random) -> None:
        """What is derived is made anew; then a second rebuild has nothing to do."""
        process = chance.choice(self.writers)

        def rebuild(own: Ledger) -> None:
            own.rebuild()
            must(own.rebuild().changed == [], "a second rebuild changes something")

        self._act(chance, process, rebuild)

    def _verify(self, chance: Random) -> None:
        ledger = self._opened(self.writers[1])
        ledger.write_behind()
        self._check_sound()

    def _check_sound(self) -> None:
        report = verify(LEDGER, fs=self.disk)
        must(report.ok, f"verify: {report.problems[:2]}")
        must(report.events == self.model.seq, f"verify has seen {report.events} events")

    # -- steps: processes and the machine ----------------------------------------------------------

    def _reopen(self, chance: Random) -> None:
        process = chance.choice([self.runner, *self.writers])
        self._opened(process)
        process.close()
        self._read_on()
        self._compare_all(process)
        self._read_on()

    def _kill(self, chance: Random) -> None:
        chance.choice([self.runner, *self.writers]).die()

    def _power_cut(self, chance: Random) -> None:
        """Every process is gone, and of what was not synced whatever the disk likes."""
        self._opened(self.writers[0])
        self._all_die()
        self.disk = self.disk.crash(chance)
        self._come_back()

    def _torn_tail(self, chance: Random) -> None:
        """What a process that died in a write may leave behind the last record."""
        self._opened(self.writers[0])
        self._all_die()
        names = [name for name in self.disk.list_directory(LEDGER) if name.startswith("events_")]
        newest = max(name for name in names if name.endswith(".jsonl"))
        fd = self.disk.open_write(LEDGER / newest)
        garbage = chance.choice([b'{"seq":', bytes(700), b"\xff\xfe\n\n", b'{"seq":1}\n' * 3])
        self.disk.write_at(fd, garbage, self.disk.size(fd))
        self.disk.close(fd)
        self._come_back()

    def _all_die(self) -> None:
        for process in (self.runner, *self.writers):
            process.die()

    def _come_back(self) -> None:
        self.writers[0].open(self.disk)
        self.log = self.log.check_kept(self.disk)
        self._read_on()
        self._compare_all(self.writers[0])

    # -- the end -----------------------------------------------------------------------------------

    def end(self) -> None:
        """Let everything that is still to do be done, close, and check the whole.

        Raises:
            Violation: a rule is broken; or a job never comes to an end.
        """
        self.counts["lives"] += 1
        chance = Random(self.model.seq)
        for _ in range(200):
            waiting = self.model.of("scheduled")
            if not waiting and not self.model.of("running"):
                break
            now = self.clock.now()
            times = [self.model.jobs[job_id]["scheduled_time"] for job_id in waiting]
            self.clock.advance(max(min(times, default=now) - now, timedelta(minutes=10)))
            self._run(chance)
            self._opened(self.runner)
        must(not self.model.of("scheduled", "running"), "some jobs never come to an end")
        for process in (self.runner, *self.writers):
            process.close()
        self._read_on()
        self._check_sound()
        reader = Process("reader", Writer, {"clock": self.clock, "read_only": True})
        self._compare_all(reader)
        reader.die()
        last = Process("last", Writer, {"clock": self.clock})
        changed = last.open(self.disk).rebuild().changed
        must(changed == [], f"a rebuild gives other files: {changed}")
        last.close()


def _check_death(error: BaseException) -> None:
    """In a run of several attempts death may come out in a group."""
    if isinstance(error, BaseExceptionGroup) and error.subgroup((Killed, StorageError)) is None:
        raise error
