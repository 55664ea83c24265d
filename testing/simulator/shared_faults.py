"""What goes wrong in the life of a ledger on a remote engine: with processes, and its server."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from ..remote_engine import APPENDS
from ..shared_memory import LEASE
from .worker import Worker

if TYPE_CHECKING:
    from .shared_life import SharedLife

_MOST_AWAY = 3
"""So many processes at most are stopped, or cut off, at once."""

_TO_A_START = 20
"""So many turns take a runner to the first thing that it writes."""


class FaultsOfLife:
    """Each step is a method of its name."""

    def __init__(self, life: SharedLife) -> None:
        self._life = life
        self._stage = life.stage

    def _any(self, chance: Random, *, busy: float = 0.7) -> Worker | None:
        """Choose a process, mostly one in the midst of something."""
        every = list(self._stage.workers.values())
        at_work = [worker for worker in every if worker.actor.is_busy]
        chosen = at_work if at_work and chance.random() < busy else every
        return chance.choice(chosen) if chosen else None

    # -- processes ---------------------------------------------------------------------------------

    def stop(self, chance: Random) -> None:
        """Stop a process where it is, as SIGSTOP does, or a machine that is suspended."""
        worker = self._any(chance)
        away = sum(other.is_stopped for other in self._stage.workers.values())
        if worker is not None and away < _MOST_AWAY:
            self._stop(worker)

    @staticmethod
    def _stop(worker: Worker) -> None:
        worker.is_stopped = True
        worker.say(f"{worker.name} is stopped" + f", at {worker.task}" * bool(worker.task))

    def wake(self, chance: Random) -> None:
        """Let one that is stopped go on."""
        asleep = [worker for worker in self._stage.workers.values() if worker.is_stopped]
        if asleep:
            chance.choice(asleep).wake(self._life.clock.now())

    def kill(self, chance: Random) -> None:
        """Kill a process where it is."""
        worker = self._any(chance)
        if worker is not None:
            self._stage.kill(worker)

    def leave(self, chance: Random) -> None:
        """Have a process end as a program does that is asked to."""
        idle = [worker for worker in self._stage.workers.values() if worker.is_idle]
        if idle:
            worker = chance.choice(idle)
            worker.close()
            self._stage.let_go_on(worker, 5)

    def oversleep(self, chance: Random) -> None:
        """Have a runner sleep in the midst of its work for longer than its lease holds, while
        another one looks what there is to do."""
        busy = [one for one in self._life.runners() if one.can_go_on]
        if not busy:
            return
        worker = chance.choice(busy)
        self._stop(worker)
        self._stage.pass_time(2 * LEASE)
        other = self._life.runner(chance)
        if other is not None:
            self._life.begin_run(other, chance, None)
            self._stage.let_go_on(other, chance.choice([20, 40, 200]))
        worker.wake(self._life.clock.now())

    def snatch(self, chance: Random) -> None:
        """Have what a runner starts not get through, while another one is faster."""
        worker = self._life.runner(chance)
        if worker is None:
            return
        worker.link.next_append = chance.choice(["request lost", "request lost", "arrives late"])
        worker.link.arrives_after = chance.choice([4, 9, 20])
        worker.say(f"the next append of {worker.name}: {worker.link.next_append}")
        self._life.begin_run(worker, chance, None)
        for _ in range(_TO_A_START):
            if worker.can_go_on and worker.link.next_append is not None:
                self._stage.let_go_on(worker, 2)
        other = self._life.runner(chance)
        if other is not None:
            self._life.begin_run(other, chance, None)
            self._stage.let_go_on(other, chance.choice([9, 12, 15, 20, 30]))

    def answer_late(self, chance: Random) -> None:
        """Have the answer to a runner's request for a lease take its time, and its process be
        stopped between what it starts and the call of its publisher."""
        worker = self._life.runner(chance)
        if worker is None:
            return
        self._life.begin_run(worker, chance, None)
        for _ in range(2 * _TO_A_START):
            if worker.can_go_on:
                self._stage.let_go_on(worker, 1)
            if worker.lease is None and self._is_given_a_lease(worker):
                worker.say(f"the answer to {worker.name} is long on its way")
                self._stage.pass_time(LEASE * 0.55)
            elif self._has_started(worker):
                self._stop(worker)
                self._stage.pass_time(LEASE * 0.55)
                worker.wake(self._life.clock.now())
                self._stage.let_go_on(worker, 5)
                return

    def _is_given_a_lease(self, worker: Worker) -> bool:
        names = self._stage.server.runners
        return worker.actor.is_busy and any(one.startswith(f"{worker.name}:") for one in names)

    def _has_started(self, worker: Worker) -> bool:
        """Whether it has started something, and calls no publisher yet."""
        if worker.lease is None or self._life.platform.calls.get(worker.name):
            return False
        running = self._stage.model.of("running")
        jobs = self._stage.model.jobs
        return any(jobs[job_id]["runner"] == worker.lease.runner for job_id in running)

    def rescue(self, chance: Random) -> None:
        """Kill a runner in the midst of its work; one that looks who has ended is slow to say so,
        while another one recovers that, and begins it anew."""
        slow = self._life.runner(chance)
        if slow is None:
            return
        self._life.begin_run(slow, chance, None)  # has it have a lease for long enough
        self._stage.finish(slow)
        self._life.changes.add_due(chance)
        left = self._in_a_call(chance)
        if left is None or left is slow:
            return
        self._stage.kill(left)
        self._stage.pass_time(2 * LEASE)
        if not slow.is_idle or slow.name not in self._stage.workers:
            return
        ended = len(self._stage.server.ever_ended)
        self._life.begin_run(slow, chance, None)
        for _ in range(_TO_A_START):
            if slow.can_go_on and len(self._stage.server.ever_ended) == ended:
                self._stage.let_go_on(slow, 1)
        if slow.can_go_on:
            self._stage.let_go_on(slow, chance.choice([1, 2]))
        other = self._life.runner(chance)
        if other is not None:
            self._life.begin_run(other, chance, None)
            self._stage.finish(other)
        self._stage.pass_time(timedelta(minutes=chance.choice([3, 5])))
        other = self._life.runner(chance)
        if other is not None:
            self._life.begin_run(other, chance, None)
            self._stage.let_go_on(other, chance.choice([12, 15, 20]))
        if slow.can_go_on:
            self._stage.let_go_on(slow, 200)

    def _in_a_call(self, chance: Random) -> Worker | None:
        """Return a runner that is in the midst of a call of its publisher, where there is one."""
        calls, worker = self._life.platform.calls, self._life.runner(chance)
        if worker is not None:
            self._life.begin_run(worker, chance, None)
            for _ in range(_TO_A_START):
                if worker.can_go_on and not calls.get(worker.name):
                    self._stage.let_go_on(worker, 1)
        return next((one for one in self._life.runners() if calls.get(one.name)), None)

    # -- the way to the server ---------------------------------------------------------------------

    def lose_append(self, chance: Random) -> None:
        """Have the next append of a process come to nothing good."""
        worker, kind = self._any(chance), chance.choice(APPENDS)
        if worker is not None:
            worker.link.next_append = kind
            worker.link.arrives_after = chance.choice([1, 1, 2, 4, 9, 20])
            self._life.counts[kind] += 1
            worker.say(f"the next append of {worker.name}: {kind}")

    def refuse(self, chance: Random) -> None:
        """Have some of the next operations of a process refused, or find the queue too long."""
        worker = self._any(chance)
        if worker is None:
            return
        if chance.random() < 0.3:
            worker.link.is_busy = True
            worker.say(f"{worker.name} will find the queue too long")
        else:
            worker.link.refuses = chance.choice([1, 1, 2, 5])
            worker.say(f"{worker.name} is refused {worker.link.refuses} operations")

    def stale(self, chance: Random) -> None:
        """Have a process see the end as it was, for a while."""
        worker = self._any(chance)
        if worker is not None:
            worker.link.stale_for, worker.link.lag = chance.choice([1, 3, 10]), chance.randint(1, 9)
            worker.say(f"{worker.name} is told the end of {worker.link.lag} writes ago")

    def cut(self, chance: Random) -> None:
        """Cut a process off, or let it through again."""
        worker = self._any(chance)
        if worker is not None:
            worker.link.is_cut = not worker.link.is_cut
            worker.say(f"{worker.name} is {'cut off' if worker.link.is_cut else 'let through'}")

    def lose_renewals(self, chance: Random) -> None:
        """Have no renewal of a process arrive, while all else does; or have them arrive again."""
        worker = self._any(chance)
        if worker is not None:
            worker.link.loses_renewals = not worker.link.loses_renewals
            worker.say(
                f"renewals of {worker.name}: {'lost' * worker.link.loses_renewals or 'made'}"
            )

    def heal(self, chance: Random) -> None:
        """Have nothing wrong with the way of a process."""
        worker = self._any(chance, busy=0.3)
        if worker is not None:
            self._heal(worker)
            worker.say(f"nothing is wrong with the way of {worker.name}")

    @staticmethod
    def _heal(worker: Worker) -> None:
        link = worker.link
        link.is_cut = link.loses_renewals = link.is_busy = False
        link.next_append, link.refuses, link.stale_for = None, 0, 0

    def heal_all(self) -> None:
        """Have nothing wrong with anything any more."""
        self._stage.server.is_down = False
        self._stage.server.under_way.clear()
        for worker in self._stage.workers.values():
            self._heal(worker)
            if worker.is_stopped:
                worker.wake(self._life.clock.now())

    def outage(self, chance: Random) -> None:
        """Have nobody reach the server for a while; it goes on."""
        cut = [one.link for one in self._stage.workers.values() if not one.link.is_cut]
        self._stage.story.say("nobody reaches the server")
        for link in cut:
            link.is_cut = True
        for _ in range(chance.randint(0, 4)):
            self._life.go(chance)
        self._stage.pass_time(timedelta(seconds=chance.choice([1, 4, 9, 11, 13, 20])))
        for link in cut:
            link.is_cut = False
        self._stage.story.say("the server can be reached again")

    # -- the server --------------------------------------------------------------------------------

    def restart(self, chance: Random) -> None:
        """Have the server away for some time, and then start again."""
        server = self._stage.server
        server.is_down = True
        self._stage.story.say("the server is away")
        for _ in range(chance.randint(0, 4)):
            self._life.go(chance)
        self._stage.pass_time(timedelta(seconds=chance.choice([1, 4, 9, 16, 40])))
        server.restart()
        self._stage.story.say("the server has started again")

    def fail_over(self, chance: Random) -> None:
        """Have another server take its place, which lacks some of the last writes, or none."""
        if self._life.loses_records:
            ahead = timedelta(seconds=chance.choice([-20, -2, 0, 1, 20]))
            self._stage.fail_over(chance.choice([0, 1, 1, 2, 5]), ahead)
