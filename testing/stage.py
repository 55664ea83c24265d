"""Stage: a ledger in a simulated store, its processes, and the model that it is held against.

Whatever is done on a stage is checked at once: what reached the log against the rules (`model`),
and what the process that did it shows of the jobs concerned against the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, Literal

from ..domain import (
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    LedgerCorruptError,
    NewJob,
    SchedulerRunningError,
    StorageError,
    ValidationError,
)
from ..ledger import Ledger
from ..scheduler import Publisher, PublisherAdapter, Scheduler
from .comparison import compare_all, compare_jobs, compare_log, compare_reader
from .faults import Fault, Faulty, Killed
from .model import Model
from .processes import Process, RestlessClock, SimulatedRunner, SimulatedWriter
from .raw_log import RawLog
from .stores import DiskStore, HasTornTails, LosesPower, Store
from .violation import Violation, must

_REFUSALS = (InvalidTransitionError, JobNotFoundError, ValidationError)
Ended = Literal["done", "refused", "broken off"]
"""How an action ended; `refused` has changed nothing, of `broken off` nobody knows."""
_NOT_IN_THE_MODEL = {"pacing", "pacing_by_account", "retry", "expire_after", "unique"}
Call = Callable[[Ledger], object]


class Stage:
    """A new store with a runner and some writers on one ledger; none of them is open yet.

    `settings` are more of the runner's; the model has the default retries and expiry, no pacing.
    `store` is where the ledger is, a disk unless another one is given; a power cut replaces it.
    `events` has all events so far.
    """

    def __init__(
        self,
        clock: RestlessClock,
        *,
        timezone: str = "UTC",
        concurrency: int = 1,
        on_interrupted: Literal["retry", "fail"] = "retry",
        writers: int = 2,
        store: Store | None = None,
        **settings: Any,
    ) -> None:
        unknown = settings.keys() & _NOT_IN_THE_MODEL
        if unknown:
            raise ValueError(f"the model knows nothing of {', '.join(sorted(unknown))}")
        self._needs_async = concurrency > 1 or settings.get("publish_timeout") is not None
        self.clock = clock
        self.begun = clock.now()
        self.store: Store = DiskStore() if store is None else store
        self.log = RawLog()
        self.model = Model(concurrency=concurrency, on_interrupted=on_interrupted)
        self.events: list[dict[str, Any]] = []
        common: dict[str, Any] = {"clock": clock, "timezone": timezone}
        of_runner = {"concurrency": concurrency, "on_interrupted": on_interrupted} | settings
        self.runner = Process("runner", SimulatedRunner, common | of_runner)
        self.writers = [
            Process(f"writer {n}", SimulatedWriter, common) for n in range(1, writers + 1)
        ]

    @property
    def processes(self) -> list[Process]:
        return [self.runner, *self.writers]

    # -- acting ------------------------------------------------------------------------------------

    def act(
        self,
        process: Process,
        call: Call,
        *,
        fault: Fault | None = None,
        meanwhile: Callable[[], None] | None = None,
        power_cut: Random | None = None,
    ) -> Ended:
        """Let a process do something, and compare what it comes to with the model.

        `fault` is counted from here on; a process that it hits is dead afterwards, and `power_cut`
        says that the machine is too. `meanwhile` happens while the process decides.

        Raises:
            Violation: a rule is broken.
        """
        ledger, faulty, before = self.opened(process), self.faulty(process), self.model.seq
        if fault is not None:
            faulty.fault = replace(fault, at=len(faulty.operations) + fault.at)
        self.clock.meanwhile = meanwhile
        ended = self._call(process, ledger, call)
        disturbed = meanwhile is not None and self.clock.meanwhile is None
        self.clock.meanwhile = faulty.fault = None
        if ended == "broken off" or faulty.reached or faulty.is_dead:
            ended = "broken off"
            self.kill(process)
            if power_cut is not None:
                self.cut_power(power_cut)
            self._mend()
        news = self.read_on()
        must(ended != "refused" or disturbed or not news, "a refusal has changed something")
        compare_jobs(self.model, process, {event["job"] for event in news})
        must(self.model.seq >= before, "the log is shorter")
        return ended

    def _call(self, process: Process, ledger: Ledger, call: Call) -> Ended:
        faulty = process.faulty
        assert faulty is not None
        try:
            call(ledger)
        except _REFUSALS:
            return "refused"
        except LedgerCorruptError as error:
            raise Violation(f"what a failing disk left was taken for damage: {error}") from error
        except (StorageError, Killed, BaseExceptionGroup) as error:
            if isinstance(error, BaseExceptionGroup) and not error.subgroup((StorageError, Killed)):
                raise
            must(faulty.reached or faulty.is_dead, f"a sound store, and {error!r}")
            return "broken off"
        return "done"

    def opened(self, process: Process) -> Ledger:
        """Return the handle of a process, opened if need be; take in what a runner recovers."""
        fresh = process.ledger is None
        ledger = process.open(self.store)
        if fresh:
            self.read_on()
            if process is self.runner:
                left = [job for job, said in self.model.jobs.items() if said["status"] == "running"]
                must(not left, f"a runner has started, and {left} are running still")
        return ledger

    def faulty(self, process: Process) -> Faulty:
        """Return what the operations of a process go through, opened if need be."""
        self.opened(process)
        assert process.faulty is not None
        return process.faulty

    def _mend(self) -> None:
        """Open the ledger as somebody does next, which mends what the dead one has left."""
        self.writers[0].die()
        self.opened(self.writers[0])

    def change(
        self,
        process: Process,
        job_id: str,
        states: tuple[str, ...],
        call: Callable[[Ledger, str], object],
        **how: Any,
    ) -> Ended:
        """Change a job, which is allowed in these states and has to be refused in others.

        `how` as for `act`.
        """
        state = self.model.jobs.get(job_id, {}).get("status")
        ended = self.act(process, lambda ledger: call(ledger, job_id), **how)
        if how.get("meanwhile") is None:
            must(ended != "done" or state in states, f"allowed for {job_id}, which is {state}")
            must(ended != "refused" or state not in states, f"refused for {job_id}, {state}")
        return ended

    def add(self, process: Process, news: list[NewJob], **how: Any) -> Ended:
        """Add jobs, all or none of them; `how` as for `act`."""
        before = len(self.model.versions)
        ended = self.act(process, lambda ledger: ledger.add_jobs(news), **how)
        count = len(self.model.versions) - before
        if how.get("meanwhile") is None:
            must(ended != "refused", "jobs that are acceptable were refused")
            whole = (len(news),) if ended == "done" else (0, len(news))
            must(count in whole, f"{count} of {len(news)} jobs were added")
        return ended

    def run(
        self,
        publisher: Publisher,
        *,
        limit: int | None = None,
        retryable: dict[str, bool] | None = None,
        **how: Any,
    ) -> Ended:
        """Run what is due; for `retryable` see `Model.begin_run`, `how` as for `act`.

        Raises:
            ValueError: the publisher is plain, and would have to run in a thread of its own.
        """
        port = PublisherAdapter(publisher)
        if self._needs_async and not port.is_async(port.publish):
            raise ValueError("with concurrency or publish_timeout the publisher has to be async")
        self.opened(self.runner)
        self.model.begin_run(self.clock.now(), {} if retryable is None else retryable)

        def run_due(runner: Ledger) -> None:
            assert isinstance(runner, Scheduler)
            runner.run_due(publisher, limit=limit)

        ended = self.act(self.runner, run_due, **how)
        if ended == "done" and how.get("meanwhile") is None:
            self.model.schedules.end_run()
        if self.runner.ledger is not None:
            must(not self.model.of("running"), "a job is running, and nobody runs it")
        return ended

    def finish(self, publisher: Publisher, rounds: int = 200) -> None:
        """End all schedules, then move the clock and run until no job waits any more.

        Raises:
            Violation: some never come to an end.
        """
        for own in self.model.schedules.going_on():
            self._end_schedule(own.schedule_id)
        for _ in range(rounds):
            waiting = self.model.of("scheduled")
            if not waiting and not self.model.of("running"):
                return
            now = self.clock.now()
            due = min(
                (self.model.jobs[job_id]["scheduled_time"] for job_id in waiting), default=now
            )
            self.clock.advance(max(due - now, timedelta(minutes=10)))
            self.run(publisher)
            self.opened(self.runner)
        raise Violation(f"{len(self.model.of('scheduled', 'running'))} jobs never come to an end")

    def _end_schedule(self, schedule_id: str) -> None:
        self.act(self.writers[0], lambda ledger: ledger.end_schedule(schedule_id))

    # -- processes and the machine -----------------------------------------------------------------

    def kill(self, process: Process) -> None:
        """Kill it as SIGKILL does: no word to the store, and its locks go with it."""
        process.die()

    def reopen(self, process: Process) -> None:
        """Close it as one ends a program, and open it again."""
        self.opened(process)
        process.close()
        self.read_on()
        self.opened(process)
        self.compare_all(process)

    def cut_power(self, chance: Random) -> None:
        """Kill every process, and leave of what was not synced whatever the disk likes."""
        assert isinstance(self.store, LosesPower), "no power cut reaches this store"
        self._all_die()
        self.store = self.store.crash(chance)
        self._come_back()

    def tear_tail(self, garbage: bytes) -> None:
        """Put behind the last record what a process that died in a write may leave there."""
        assert isinstance(self.store, HasTornTails), "this store has no torn tails"
        self.opened(self.writers[0])
        self._all_die()
        self.store.tear_tail(garbage)
        self._come_back()

    def try_second_runner(self) -> None:
        """Try to open a second one, which has to be refused, and told who runs already."""
        self.opened(self.runner)
        second = Process("second runner", SimulatedRunner, {"clock": self.clock})
        try:
            second.open(self.store)
        except SchedulerRunningError as error:
            must(error.pid == self.store.runner_pid, f"it names process {error.pid}")
        else:
            raise Violation("two runners on one ledger")

    def _all_die(self) -> None:
        for process in self.processes:
            process.die()

    def _come_back(self) -> None:
        try:
            self.writers[0].open(self.store)
        except JobLedgerError as error:
            raise Violation(f"after a crash: {error}") from error
        self.log = self.log.check_kept(self.store)
        self.read_on()
        self.compare_all(self.writers[0])

    # -- looking -----------------------------------------------------------------------------------

    def read_on(self) -> list[dict[str, Any]]:
        """Take in what is new in the log, and return it."""
        news = self.log.news(self.store)
        for event in news:
            self.model.apply(event)
        self.events += news
        return news

    def look(self) -> None:
        """Compare what a reader shows with the model."""
        self.opened(self.writers[0])
        self.read_on()
        compare_reader(self.model, self.clock, self.store)

    def compare_all(self, process: Process) -> None:
        """Compare every job as the process shows it, and how many there are."""
        ledger = process.open(self.store)
        self.read_on()
        compare_all(self.model, process.name, ledger)

    def check_sound(self) -> None:
        """Verify the whole log, and the derived files, which are brought in step with it."""
        self.opened(self.writers[-1]).write_behind()
        compare_log(self.model, self.store)

    def rebuild(self, process: Process, **how: Any) -> Ended:
        """Make what is derived anew; then a second rebuild has nothing to do."""

        def twice(ledger: Ledger) -> None:
            ledger.rebuild()
            changed = ledger.rebuild().changed
            must(changed == [], f"a second rebuild changes {changed}")

        return self.act(process, twice, **how)

    def end(self) -> None:
        """Close every process and check the whole once more."""
        for process in self.processes:
            process.close()
        self.read_on()
        compare_log(self.model, self.store)
        compare_reader(self.model, self.clock, self.store)
        last = Process("last", SimulatedWriter, {"clock": self.clock})
        changed = last.open(self.store).rebuild().changed
        must(changed == [], f"a rebuild gives other files: {changed}")
        last.close()
