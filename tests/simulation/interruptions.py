"""An interruption at every place where one may come: Ctrl-C, a signal's handler that raises, no
memory.

Each piece of work is done with an exception raised at its k-th place, for every k or for a seeded
choice of them. Afterwards the same handle has to be right or to say that it must be opened again,
no lock may be left, others go on, nothing that was acknowledged is lost, closing works, and what
was derived is what the log gives.

    PYTHONPATH=tests python -m simulation.interruptions --every 1
"""

from __future__ import annotations

import argparse
import contextlib
import dis
import opcode
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from support.domain import NOON
from support.durability import LEDGER, Broken, expect, saving_snapshots, without_background

import jobledger
from jobledger import (
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    Scheduler,
    StorageError,
)
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk

_PACKAGE = str(Path(jobledger.__file__).parent)
_LEFT_OUT = tuple(str(Path(_PACKAGE, name)) for name in ("tools", "testing", "tests"))
"""The simulated disk stands for the kernel, which finishes what it has begun."""
_ALSO = {contextlib.__file__}

# Where CPython looks whether a signal has come: at the beginning of a function, after a call, and
# when a loop goes round.
_LOOKS = {
    number
    for name, number in opcode.opmap.items()
    if name in ("RESUME", "CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD", "CALL_KW")
}

_LAST = 8
"""How many places at the end of each piece of work are never left out."""

ERRORS: dict[str, type[BaseException]] = {
    "KeyboardInterrupt": KeyboardInterrupt,
    "MemoryError": MemoryError,
    "SystemExit": SystemExit,
}


class _Code:
    """What a function is made of, and what handles an exception in each of its instructions."""

    def __init__(self, code: CodeType) -> None:
        self._instructions = code.co_code
        self._handlers = [-1] * len(self._instructions)
        bytecode: Any = dis.Bytecode(code)  # of whose entries no stub knows
        for entry in bytecode.exception_entries:
            for offset in range(entry.start, entry.end):
                self._handlers[offset] = entry.target

    def looks_between(self, last: int, offset: int) -> bool:
        """Whether the interpreter looks for signals after the instruction at `last`.

        It would raise there; a tracer can only raise at the next one. So not where another handler
        is in charge of that.
        """
        if last < 0:
            return False
        looks = self._instructions[last] in _LOOKS
        return looks and self._handlers[last] == self._handlers[offset]


class Interrupter:
    """Raises `error` at place number `at` (from 1) within the `with`; `places` counts them.

    One that is never reached only counts. What is raised in a `__del__` goes to nobody, and Python
    only tells of it: that is what it is for here, too, and no fault.
    """

    def __init__(self, at: int, error: type[BaseException]) -> None:
        self.at = at
        self.error = error
        self.places = 0
        self.where = ""
        self._tracer = self._called  # held here too: an error makes the interpreter let go of it
        self._codes: dict[CodeType, _Code] = {}
        self._tell = sys.unraisablehook

    def __enter__(self) -> Interrupter:
        self._tell = sys.unraisablehook
        sys.unraisablehook = self._told
        sys.settrace(self._tracer)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        sys.unraisablehook = self._tell

    def _told(self, unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is not self.error or not self.where:
            self._tell(unraisable)

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        file = frame.f_code.co_filename
        is_ours = file.startswith(_PACKAGE) and not file.startswith(_LEFT_OUT)
        if event != "call" or not (is_ours or file in _ALSO):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        code = self._codes.get(frame.f_code)
        if code is None:
            code = self._codes[frame.f_code] = _Code(frame.f_code)
        last = -1

        def step(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal last
            if event == "opcode":
                if code.looks_between(last, frame.f_lasti):
                    self._reach(frame)
                last = frame.f_lasti
            return step

        return step

    def _reach(self, frame: FrameType) -> None:
        self.places += 1
        if self.places == self.at:
            name = Path(frame.f_code.co_filename).name
            self.where = f"{name}:{frame.f_lineno} in {frame.f_code.co_name}"
            raise self.error  # which ends the tracing


@dataclass
class World:
    """A ledger on a simulated disk, a handle on it that is going to be interrupted, and another."""

    disk: SimulatedDisk
    fs: FaultyFileSystem
    clock: ManualClock
    other: Ledger
    mine: Any = None
    acknowledged: list[str] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)

    def add(self, ledger: Ledger, count: int = 1) -> None:
        now = self.clock.now()
        new = [NewJob(f"account {n % 3}", f"text {n}", now) for n in range(count)]
        self.acknowledged += ledger.add_jobs(new)

    def open(self, kind: type[Ledger] = Ledger, **options: Any) -> Any:
        ledger = kind(LEDGER, clock=self.clock, fs=self.fs, **options)
        self.made.append(ledger)
        return ledger

    def held(self) -> list[str]:
        """Return the locks that are held, but for the one of a runner that lives."""
        lives = isinstance(self.mine, Scheduler)
        names = [
            self.disk._open[lock.exclusive][1]
            for lock in self.disk._locks.values()
            if lock.exclusive is not None
        ]
        return [name for name in names if not (lives and name == "runner.lock")]


Act = Callable[[World], object]


def _post(account: str, content: str) -> PostResult:
    return PostResult(True, thread_id="1")


def _look(world: World) -> object:
    return world.mine.list_jobs()


def _add(world: World) -> None:
    world.add(world.mine)


def _add_many(world: World) -> None:
    world.add(world.mine, 5)


def _change(world: World) -> object:
    return world.mine.edit_job(world.acknowledged[2], content="better")


def _midnight(world: World) -> None:
    world.clock.advance(timedelta(days=1))
    world.add(world.mine)


def _write_behind(world: World) -> object:
    return world.mine.write_behind()


def _close(world: World) -> object:
    return world.mine.close()


def _rebuild(world: World) -> object:
    return world.mine.rebuild()


def _verify(world: World) -> object:
    return world.mine.verify()


def _as_of(world: World) -> object:
    return world.mine.as_of(3).list_jobs()


def _history(world: World) -> object:
    return world.mine.history(world.acknowledged[0])


def _run_due(world: World) -> object:
    return world.mine.run_due(_post, limit=2)


def _reopen(world: World) -> object:
    world.mine._store.reopen()
    return world.mine.list_jobs()


def _open(world: World) -> object:
    world.mine = world.open()
    return world.mine


def _open_for_reading(world: World) -> object:
    world.mine = world.open(read_only=True)
    return world.mine


def _open_runner(world: World) -> object:
    world.mine = world.open(Scheduler)
    return world.mine


def _nothing(world: World) -> None:
    """Do nothing: the work itself opens the handle."""


def _with_ledger(world: World) -> None:
    world.mine = world.open()
    world.other.edit_job(world.acknowledged[1], content="changed by another")
    world.add(world.other, 3)


def _with_runner(world: World) -> None:
    world.mine = world.open(Scheduler)
    world.add(world.other, 3)


def _with_left_running(world: World) -> None:
    runner = world.open(Scheduler)
    taken = runner._parts.dispatcher.begin_all(_Port(), world.clock.now(), set(), 1)
    assert taken
    runner._parts.attempts.by_job.clear()
    runner._parts.lease.release()
    runner._abandon()


class _Port:
    reconcilable = False


def _with_poisoned(world: World) -> None:
    world.mine = world.open()
    world.fs.fault = Fault(1, only=["sync"])
    with contextlib.suppress(StorageError):
        world.add(world.mine)
    world.fs.fault = None


def _with_dirty(world: World) -> None:
    world.mine = world.open()
    world.add(world.mine, 3)


WORKS: dict[str, tuple[Act, Act]] = {
    "look": (_with_ledger, _look),
    "add": (_with_ledger, _add),
    "add many": (_with_ledger, _add_many),
    "change": (_with_ledger, _change),
    "add after midnight": (_with_ledger, _midnight),
    "write behind": (_with_dirty, _write_behind),
    "close": (_with_dirty, _close),
    "close a runner": (_with_runner, _close),
    "rebuild": (_with_ledger, _rebuild),
    "verify": (_with_dirty, _verify),
    "look back": (_with_ledger, _as_of),
    "history": (_with_ledger, _history),
    "run what is due": (_with_runner, _run_due),
    "reopen after a failed sync": (_with_poisoned, _reopen),
    "open": (_nothing, _open),
    "open for reading": (_nothing, _open_for_reading),
    "open a runner": (_with_left_running, _open_runner),
}


def begin(name: str) -> World:
    """Make a world in which the work may be done."""
    disk = SimulatedDisk()
    clock = ManualClock(NOON)
    fs = FaultyFileSystem(disk)
    other = Ledger(LEDGER, clock=clock, fs=disk)
    world = World(disk, fs, clock, other)
    world.add(other, 8)
    other.cancel_job(world.acknowledged[0])
    other.write_behind()
    WORKS[name][0](world)
    return world


def interrupt(name: str, at: int, error: type[BaseException], tally: Counter[str]) -> Interrupter:
    """Do the work with an interruption at its place number `at`, and check everything."""
    world = begin(name)
    interrupter = Interrupter(at, error)
    try:
        with interrupter:
            WORKS[name][1](world)
        tally["done all the same" if interrupter.where else "not reached"] += 1
    except error:
        tally["raised"] += 1
    except StorageError:
        tally["said so"] += 1
    try:
        _check(world, tally)
    except Broken as broken:
        raise Broken(f"{name}, place {at} ({interrupter.where}), {error.__name__}: {broken}") from (
            broken
        )
    finally:
        for ledger in (*world.made, world.other):
            ledger._abandon()
    return interrupter


def _check(world: World, tally: Counter[str]) -> None:
    if world.mine is None:  # it was not opened
        world.made.clear()
    expect(world.held() == [], f"locks are left: {world.held()}")
    world.add(world.other)
    truth = _truth(world)
    missing = set(world.acknowledged) - truth.keys()
    expect(not missing, f"{len(missing)} acknowledged jobs are not in the log")
    if world.mine is not None:
        _check_handle(world, truth, tally)
    with Ledger(LEDGER, clock=world.clock, fs=world.disk) as fresh:
        expect(_jobs(fresh) == _truth(world), "a new handle shows something else than the log")
        fresh.write_behind()
        report = fresh.verify()
        expect(report.ok, f"verify: {[problem.message for problem in report.problems][:2]}")
        expect(fresh.rebuild(check=True).changed == [], "a derived file is not what the log gives")
    with Scheduler(LEDGER, clock=world.clock, fs=world.disk):
        pass


def _check_handle(world: World, truth: dict[str, Any], tally: Counter[str]) -> None:
    mine = world.mine
    try:
        if not mine._is_let_go:
            expect(_jobs(mine) == truth, "the handle shows something else than the log")
            if not mine._read_only:
                world.add(mine)
            tally["went on"] += 1
    except StorageError as error:
        expect(error.hint is not None, f"it does not say what to do: {error}")
        tally["has to be opened again"] += 1
    mine.close()
    world.mine = None
    expect(world.held() == [], f"closing leaves locks: {world.held()}")


def _jobs(ledger: Any) -> dict[str, Any]:
    return {job.job_id: job for job in ledger.list_jobs()}


def _truth(world: World) -> dict[str, Any]:
    """Return what the whole log says, to somebody who has seen nothing."""
    with Ledger(
        LEDGER, clock=world.clock, fs=world.disk, read_only=True, use_snapshot=False
    ) as ledger:
        return _jobs(ledger)


def interrupt_every(
    name: str, error: type[BaseException], every: int, chance: random.Random
) -> tuple[int, int, Counter[str]]:
    """Interrupt the work at about one place of `every`, and at its last ones: what is done after
    the last thing that somebody guards is easily forgotten.

    Returns how many places there are, at how many it was interrupted, and what came of it.
    """
    tally = Counter[str]()
    interrupt(name, 0, error, Counter())  # the first time does more: modules, caches
    places = interrupt(name, 0, error, Counter()).places
    last = range(max(1, places - _LAST + 1), places + 1)
    chosen = sorted({*chance.sample(range(1, places + 1), -(-places // every)), *last})
    for at in chosen:
        interrupt(name, at, error, tally)
    return places, len(chosen), tally


def quietly() -> contextlib.ExitStack:
    """Without threads, and with a snapshot for every few events."""
    stack = contextlib.ExitStack()
    stack.enter_context(without_background())
    stack.enter_context(saving_snapshots(4))
    return stack


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=7, help="one place of so many")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--work", choices=WORKS, action="append")
    parser.add_argument("--at", type=int, help="only this place")
    arguments = parser.parse_args()
    chance, total = random.Random(arguments.seed), 0
    print(f"seed {arguments.seed}")
    with quietly():
        for name in arguments.work or WORKS:
            for error in ERRORS.values():
                if arguments.at is not None:
                    tally = Counter[str]()
                    interrupt(name, arguments.at, error, tally)
                    print(name, error.__name__, dict(tally))
                    continue
                places, count, tally = interrupt_every(name, error, arguments.every, chance)
                total += count
                print(
                    f"{name}: {places} places, {count} {error.__name__}: {dict(tally)}", flush=True
                )
    print(f"{total} interruptions, no rule broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
