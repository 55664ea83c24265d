"""Every k-th operation of the disk fails, for every k, in each thing that a ledger does.

    PYTHONPATH=tests python -m simulation.io_failures

For each piece of work and each kind of failure, k goes up until the work has no k-th operation.
After each failure the process is gone, or the power, and the ledger is opened again on a disk that
is sound or that fails once more in the k-th operation of that. Then every acknowledged event has to
be there, in its place, `verify` has to be content, and the derived files have to be what the log
gives.
"""

from __future__ import annotations

import argparse
import errno
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from unittest import mock

from support.durability import (
    LEDGER,
    Broken,
    Events,
    check_log,
    check_whole,
    events_of,
    expect,
    let_go,
    open_after_crash,
    saving_snapshots,
    without_background,
)
from support.eventstore import NOON
from support.media import png

from jobledger import (
    JobLedgerError,
    JobStatus,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    Media,
    NewJob,
    Part,
    Post,
    PostResult,
    Scheduler,
    StorageError,
)
from jobledger.eventstore.engines.files import journal
from jobledger.eventstore.engines.files.damage import assess
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.integrity.verify import verify_directory
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed

KINDS = {
    "EIO once": Fault(0, errno.EIO),
    "EIO for ever": Fault(0, errno.EIO, always=True),
    "full disk": Fault(0, errno.ENOSPC, always=True),
    "short write": Fault(0, errno.ENOSPC, always=True, part=0.6),
    "short write once": Fault(0, errno.EIO, part=0.6),
    "killed": Fault(0, None),
    "killed in a write": Fault(0, None, part=0.4),
}
PICTURES = Path("/pictures")
STILL_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)
AFTERWARDS = ("the process is gone", "the power is gone")


class Work:
    """One thing that a ledger does: `prepare` makes the disk for it, `do` does it.

    `acknowledged` has the events that were acknowledged up to now.
    """

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.acknowledged: Events = []
        self.ledger: Ledger | None = None
        self.failures = 0
        self.fs = FaultyFileSystem(SimulatedDisk())

    def prepare(self) -> SimulatedDisk:
        disk = SimulatedDisk()
        with Ledger(LEDGER, clock=self.clock, fs=disk) as ledger:
            ledger.add_job("a", "first", self.clock.now(), job_id="first")
            ledger.add_job("b", "second", self.clock.now(), job_id="second", hold=True)
            self.acknowledged = events_of(ledger)
        return disk

    def do(self, fs: FaultyFileSystem) -> None:
        """Open, change, and close; a failure of a step does not keep it from trying the next."""
        self.fs = fs
        self._try(lambda: self._open(fs))
        if self.ledger is not None:
            self._steps(fs, self.ledger)
            self._try(self.ledger.close)

    def recovery(self) -> Work:
        """Return what comes after a failure, to fail again."""
        after = Recovery()
        after.clock, after.acknowledged = self.clock, self.acknowledged
        return after

    def check(self, disk: SimulatedDisk) -> None:
        """Check the disk that was left.

        Raises:
            Broken: the disk that was left does not have what was acknowledged, or not soundly.
        """
        check_log(disk, len(self.acknowledged))
        ledger = open_after_crash(disk, self.clock, self.acknowledged)
        try:
            for _ in range(2):
                ledger.add_job("a", "afterwards", self.clock.now())
            shown = events_of(ledger)
            check_whole(disk, ledger)
        finally:
            let_go(ledger)
        for seed in range(2):  # and it does not come back
            left = disk.crash(random.Random(seed))
            ledger = open_after_crash(left, self.clock, shown)
            check_whole(left, ledger)

    def _open(self, fs: FileSystem) -> None:
        self.ledger = Ledger(LEDGER, clock=self.clock, fs=fs)

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        raise NotImplementedError

    def _change(self, ledger: Ledger, change: Callable[[], object]) -> None:
        """Make a change, which is acknowledged when it returns, and not shown before."""
        done = self._try(change)
        shown, before = self._shown(ledger), self.acknowledged
        if done:
            expect(shown[: len(before)] == before and len(shown) > len(before), "not shown")
        elif self.fs.operations[-1] != ("write", "HEAD"):
            # HEAD itself is what acknowledges: a part of it may be enough.
            expect(shown == before, "a failed change is shown")
        self.acknowledged = shown

    def _shown(self, ledger: Ledger) -> Events:
        with self.fs.undisturbed():
            return events_of(ledger)

    def _try(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except LedgerCorruptError as error:
            raise Broken(f"a failing disk was taken for damage: {error}") from error
        except StorageError:
            self.failures += 1
            return False
        return True


class Recovery(Work):
    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        pass


class Create(Work):
    def prepare(self) -> SimulatedDisk:
        return SimulatedDisk()

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        pass


class Add(Work):
    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        for _ in range(2):
            self._change(ledger, lambda: ledger.add_job("a", "text", self.clock.now()))


class AddByTheJournal(Work):
    """So many that the journal is made, gone on in, and begun again; the ledger is idle once."""

    def do(self, fs: FaultyFileSystem) -> None:
        with mock.patch.multiple(journal, JOURNAL_BYTES=2048, LONGEST_ENTRY=2048):
            super().do(fs)

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        for number in range(7):
            self._change(ledger, lambda: ledger.add_job("a", "text", self.clock.now()))
            if number == 4:
                self._try(ledger._store.sync)


class PutBack(Work):
    """Open a ledger whose newest file has lost in a power cut what the journal has."""

    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        with without_background(), mock.patch.object(journal, "FIRST_WRITES", 0):
            ledger = Ledger(LEDGER, clock=self.clock, fs=disk)
            for name in ("third", "fourth"):
                ledger.add_job("a", name, self.clock.now(), job_id=name)
            self.acknowledged = events_of(ledger)
            left = disk.as_it_is()
            let_go(ledger)
        path = LEDGER / f"events_{NOON.date()}.jsonl"
        fd = left.open_write(path)
        data = left.read_at(fd, 10_000, 0)
        left.truncate(fd, data.index(b'{"seq":3') + 50)
        for each in (path, LEDGER / "HEAD", LEDGER / "JOURNAL"):
            at = left.open_write(each)
            left.sync_data(at)
            left.close(at)
        left.close(fd)
        left.sync_directory(LEDGER)
        return left

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        with self.fs.undisturbed():
            expect(events_of(ledger) == self.acknowledged, "not all was put back")
        self._change(ledger, lambda: ledger.add_job("a", "text", self.clock.now()))


class AddMany(Work):
    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        new = NewJob(account_id="a", content="x" * 500, scheduled_time=self.clock.now())
        self._change(ledger, lambda: ledger.add_jobs([new] * 5))
        self._change(ledger, lambda: ledger.release_job("second"))


def _answer(result: PostResult, account: str, content: str) -> PostResult:
    return result


class Run(Work):
    """Start, checkpoint and complete, and an attempt that fails."""

    def _open(self, fs: FileSystem) -> None:
        self.ledger = Scheduler(LEDGER, clock=self.clock, fs=fs)

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        assert isinstance(ledger, Scheduler)
        for success in (False, True):
            post = partial(_answer, PostResult(success=success))
            self._try(partial(ledger.run_due, post))
            shown, before = self._shown(ledger), self.acknowledged
            expect(shown[: len(before)] == before, "what was shown is gone")
            self.acknowledged = shown  # however the run ended
            self.clock.advance(timedelta(minutes=5))


class AddWithMedia(Work):
    """Two jobs with the same picture, and one that gets another."""

    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        disk.make_directory(PICTURES)
        for number in (1, 2):
            disk.write_file_durably(PICTURES / f"{number}.png", png(40 + number, 30))
        return disk

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        for number in (1, 1, 2):
            media = Media(str(PICTURES / f"{number}.png"))
            post = Post([Part("Look", media=[media])])
            self._change(ledger, partial(ledger.add_job, "a", "", self.clock.now(), post=post))

    def check(self, disk: SimulatedDisk) -> None:
        """Whatever a job refers to is there, also when the power goes once more."""
        self._check_media(disk)
        super().check(disk)
        self._check_media(disk)

    def _check_media(self, disk: SimulatedDisk) -> None:
        for seed in range(3):
            left = disk.crash(random.Random(seed)) if seed else disk.as_it_is()
            with open_after_crash(left, self.clock, self.acknowledged) as ledger:
                for job in ledger.list_jobs(status=list(STILL_OPEN)):
                    for media in job.post.media if job.post is not None else ():
                        expect(media.file is not None, "a job without its file")
                        assert media.file is not None
                        path = ledger.media_path(media.file.sha256)
                        data = left.read_file(path)
                        expect(sha256(data).hexdigest() == path.name, "a file is damaged")


class RemoveMedia(AddWithMedia):
    """Of two files one is of a closed job, and is needed again by another afterwards."""

    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        with Ledger(LEDGER, clock=self.clock, fs=disk) as ledger:
            for number in (1, 2):
                self._add(ledger, number)
            ledger.cancel_job("picture-1")
            self.acknowledged = events_of(ledger)
        self.clock.advance(timedelta(days=40))
        return disk

    def _add(self, ledger: Ledger, number: int, name: str = "picture") -> None:
        post = Post([Part("Look", media=[Media(str(PICTURES / f"{number}.png"))])])
        job_id = f"{name}-{number}"
        ledger.add_job("a", "", self.clock.now(), post=post, job_id=job_id)

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self._try(ledger.remove_media)
        self._change(ledger, lambda: self._add(ledger, 1, "again"))
        self._change(ledger, lambda: ledger.hold_job("first"))


class PlanSchedules(Work):
    """A schedule with its first jobs, those of the next week, and another rule."""

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self._change(
            ledger,
            lambda: ledger.add_schedule("s", "0 9 * * mon", account_id="a", content="text {n}"),
        )
        self.clock.advance(timedelta(days=8))
        if self._is_there(ledger):
            self._try(ledger.plan_schedules)  # which may be two writes
            shown, before = self._shown(ledger), self.acknowledged
            expect(shown[: len(before)] == before, "what was shown is gone")
            self.acknowledged = shown
            self._change(ledger, lambda: ledger.edit_schedule("s", rule="0 10 * * mon"))

    def _is_there(self, ledger: Ledger) -> bool:
        with self.fs.undisturbed():
            return bool(ledger.schedules())

    def check(self, disk: SimulatedDisk) -> None:
        """Of a schedule all of each write is there or nothing, and who plans makes up for it."""
        super().check(disk)
        with Ledger(LEDGER, clock=self.clock, fs=disk) as ledger:
            for schedule in ledger.schedules():
                made = [job.schedule.number for job in ledger.list_jobs("a") if job.schedule]
                expect(schedule.made == max(made), "a plan without its jobs")
                ledger.plan_schedules()
                jobs = ledger.jobs_of_schedule("s")
                comings = ledger.upcoming("s", 2)
                expect({each.job_id for each in comings} <= {job.job_id for job in jobs}, "missed")
                numbers = [job.schedule.number for job in jobs if job.schedule]
                expect(len(set(numbers)) == len(numbers), "a text twice")


class RollOver(Work):
    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self.clock.advance(timedelta(days=1))
        self._change(ledger, lambda: ledger.add_job("a", "the next day", self.clock.now()))
        self._change(ledger, lambda: ledger.hold_job("first"))


class WriteBehind(Work):
    """The daily files and their marker, for two days; whatever happens, changes go on working."""

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        later = self.clock.now() + timedelta(days=2)
        self._change(ledger, lambda: ledger.reschedule_job("first", later))
        ledger.write_behind()
        self._change(ledger, lambda: ledger.cancel_job("first"))


class SaveSnapshots(Work):
    """One is there and is read; two more take its place, behind and at the end."""

    def prepare(self) -> SimulatedDisk:
        with saving_snapshots(1):
            return super().prepare()

    def do(self, fs: FaultyFileSystem) -> None:
        with saving_snapshots(1):
            super().do(fs)

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self._change(ledger, lambda: ledger.cancel_job("first"))
        ledger.write_behind()
        self._change(ledger, lambda: ledger.release_job("second"))


class Rebuild(Work):
    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        for name in disk.list_directory(LEDGER):
            if name.startswith(("jobs_", "snapshot_")):
                disk.remove(LEDGER / name)
        disk.sync_directory(LEDGER)
        return disk

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self._try(ledger.rebuild)
        self._change(ledger, lambda: ledger.cancel_job("first"))


class OpenAfterCrash(Work):
    """A torn tail to be kept aside and cut off, and a day file that is only a header."""

    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        day = NOON.date() + timedelta(days=1)
        with Ledger(LEDGER, clock=ManualClock(NOON + timedelta(days=1)), fs=disk) as ledger:
            ledger.hold_job("first")
            self.acknowledged = events_of(ledger)
        path = LEDGER / f"events_{day}.jsonl"
        fd = disk.open_write(path)
        disk.write_at(fd, b'{"seq":4,"batch":4,"more":0,"at":"' + bytes(700), disk.size(fd))
        disk.sync_data(fd)
        disk.close(fd)
        return disk

    def _steps(self, fs: FaultyFileSystem, ledger: Ledger) -> None:
        self._change(ledger, lambda: ledger.release_job("first"))


class Repair(Work):
    """A damaged line in the first of two days."""

    def prepare(self) -> SimulatedDisk:
        disk = super().prepare()
        with Ledger(LEDGER, clock=ManualClock(NOON + timedelta(days=1)), fs=disk) as ledger:
            ledger.hold_job("first")
        path = LEDGER / f"events_{NOON.date()}.jsonl"
        fd = disk.open_write(path)
        self.offset = disk.read_at(fd, 10_000, 0).rindex(b'{"seq":2')
        disk.write_at(fd, b"*", self.offset + 100)
        disk.sync_data(fd)
        self.removed = disk.read_at(fd, 10_000, self.offset)
        disk.close(fd)
        self.acknowledged = self.acknowledged[:1]
        return disk

    def do(self, fs: FaultyFileSystem) -> None:
        try:
            repair_directory(fs, LEDGER, self.clock.now())
        except LedgerCorruptError as error:
            raise Broken(f"repairing refuses: {error}") from error
        except StorageError:
            self.failures += 1

    def check(self, disk: SimulatedDisk) -> None:
        """Either nothing has happened, or all of it, or everybody is told to finish it."""
        names = disk.list_directory(LEDGER)
        try:
            Ledger(LEDGER, clock=self.clock, fs=disk).close()
        except LedgerCorruptError:
            expect(
                repair_directory(disk, LEDGER, self.clock.now()) is not None, "nothing to repair"
            )
        else:
            expect("repair.json" not in names, "opened in the middle of a repair")
        expect(assess(disk, LEDGER) is None, "still damaged")
        files = disk.files()
        kept = [data for path, data in files.items() if path.endswith(f".from-{self.offset}")]
        expect(self.removed in kept, "what was removed is not kept")
        super().check(disk)

    def recovery(self) -> Work:
        return self


class Look(Work):
    """Reading, verifying and following without changing anything."""

    def do(self, fs: FaultyFileSystem) -> None:
        self._try(lambda: self._look(fs))
        self._try(lambda: self._verify(fs))

    def _look(self, fs: FileSystem) -> None:
        with Ledger(LEDGER, read_only=True, clock=self.clock, fs=fs) as ledger:
            expect(ledger.damage is None, f"a failing disk was taken for damage: {ledger.damage}")
            expect(events_of(ledger) == self.acknowledged, "not all was shown")

    def _verify(self, fs: FileSystem) -> None:
        report = verify_directory(LEDGER, fs=fs)
        expect(report.ok, f"a failing disk was taken for damage: {report.problems}")


WORKS: dict[str, type[Work]] = {
    "create a ledger": Create,
    "add": Add,
    "add many": AddMany,
    "add by the journal": AddByTheJournal,
    "put the end back": PutBack,
    "start and complete": Run,
    "add with media": AddWithMedia,
    "remove media": RemoveMedia,
    "plan schedules": PlanSchedules,
    "begin a day": RollOver,
    "write the daily files": WriteBehind,
    "save snapshots": SaveSnapshots,
    "rebuild": Rebuild,
    "open after a crash": OpenAfterCrash,
    "look and verify": Look,
    "repair": Repair,
}


@dataclass
class Tally:
    """How many failures were reached, by work and kind, and how many of the recovery after them."""

    reached: Counter[str] = field(default_factory=Counter)
    again: int = 0
    operations: Counter[str] = field(default_factory=Counter)


def fail_every(
    name: str,
    kind: str,
    tally: Tally,
    *,
    chance: random.Random,
    every: int = 1,
    both: bool = True,
) -> int:
    """Let every k-th operation of a work fail in one way; how many there were.

    In one of `every` cases also each operation of the recovery that follows fails. After each
    failure once the process is gone and once the power, or, unless `both`, one of them.

    Raises:
        Broken: a rule is broken; the message says for which k.
    """
    k = 0
    while True:
        k += 1
        for after in AFTERWARDS if both else chance.sample(AFTERWARDS, 1):
            work = WORKS[name]()
            disk = work.prepare()
            fs = FaultyFileSystem(disk, replace(KINDS[kind], at=k))
            where = f"{name}, {kind} at operation {k}, {after}"
            try:
                _do(work, fs)
                if not fs.reached:
                    expect(work.failures == 0, "a sound disk, and a failure")
                    return k - 1
                where += f" ({' '.join(fs.operations[k - 1])})"
                disk.close_all()
                if after == AFTERWARDS[1]:
                    disk = disk.crash(chance)
                tally.reached[f"{name}: {kind}"] += 1
                tally.operations[fs.operations[k - 1][0]] += 1
                if chance.randrange(every) == 0:
                    for left in _recoveries(disk, work, chance, tally):
                        work.check(left)
                work.check(disk)
            except Exception as error:
                raise Broken(f"{where}: {error!r}") from error


def _do(work: Work, fs: FaultyFileSystem) -> None:
    try:
        work.do(fs)
    except Killed:
        pass
    except BaseExceptionGroup as group:  # death in a run of several tasks
        expect(group.subgroup(Killed) is not None, f"not the failure itself: {group!r}")
    finally:
        let_go(work.ledger)


def _recoveries(
    disk: SimulatedDisk, work: Work, chance: random.Random, tally: Tally
) -> Iterator[SimulatedDisk]:
    """Yield the disks on which each operation of the opening after the failure has failed, too."""
    for kind in ("EIO once", "killed in a write", "full disk"):
        k = 0
        while True:
            k += 1
            left = disk.as_it_is()
            fs = FaultyFileSystem(left, replace(KINDS[kind], at=k))
            _do(work.recovery(), fs)
            if not fs.reached:
                break
            tally.again += 1
            left.close_all()
            yield left.crash(chance) if chance.random() < 0.5 else left


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--every", type=int, default=1, help="recoveries that fail, too: 1 in …")
    parser.add_argument("--work", choices=WORKS, action="append")
    arguments = parser.parse_args()
    chance, tally, bad = random.Random(arguments.seed), Tally(), 0
    print(f"seed {arguments.seed}")
    with without_background():
        for name in arguments.work or WORKS:
            for kind in KINDS:
                try:
                    count = fail_every(name, kind, tally, every=arguments.every, chance=chance)
                except (Broken, JobLedgerError) as error:
                    bad += 1
                    print(f"BROKEN  {error}", flush=True)
                else:
                    print(f"{name:24} {kind:20} {count:4} operations", flush=True)
    print(f"{tally.reached.total()} failures, {tally.again} more in the recovery after one;")
    print(f"{bad} broke a rule; operations that failed: {dict(tally.operations)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
