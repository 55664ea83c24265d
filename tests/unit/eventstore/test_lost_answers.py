"""An engine whose answers are lost: what was appended is found out, not guessed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.eventstore import NOON, Seen, new

from jobledger import JobStatus, ManualClock, PostResult, Scheduler, StorageError
from jobledger.eventstore.cursor import Cursor
from jobledger.eventstore.engines.memory import MemoryEngine, MemoryLedger
from jobledger.eventstore.engines.registry import EngineOptions, register
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.port import AppendFailedError, Write
from jobledger.eventstore.record import RECORDS, Record
from jobledger.eventstore.versions import VersionConflictError


class Unreliable(MemoryEngine):
    """Loses the answer of an append when it is told to: before it is made, or after."""

    def __init__(self, ledger: MemoryLedger) -> None:
        super().__init__(ledger)
        self.loses: str | None = None

    def append(self, write: Write, *, after: Cursor, then: Cursor) -> bool:
        loses, self.loses = self.loses, None
        if loses == "before":
            raise AppendFailedError("the connection was cut", path=self.location)
        done = super().append(write, after=after, then=then)
        if loses == "after" and done:
            raise AppendFailedError("the connection was cut", path=self.location)
        return done


def opened(ledger: MemoryLedger, seen: Seen) -> tuple[Unreliable, EventLog[Record]]:
    engine = Unreliable(ledger)
    return engine, EventLog(engine, clock=lambda: NOON, form=RECORDS, observer=seen)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_outcome_of_a_lost_answer_is_unknown_until_the_log_is_reopened(when: str) -> None:
    """Then the record is there, once, or it is not; nothing is accepted before."""
    ledger, seen = MemoryLedger(), Seen()
    engine, log = opened(ledger, seen)
    log.append([new("a", 1)])
    engine.loses = when
    with pytest.raises(StorageError, match="connection was cut; whether the change is in the log"):
        log.append([new("a", 2)])
    assert log.is_poisoned
    assert not log.is_sound
    with pytest.raises(StorageError, match="unknown"):
        log.append([new("b", 1)])
    log.reopen()
    there = [(record.job_id, record.version) for record in log.read()]
    assert there == [("a", 1), ("a", 2)][: 1 if when == "before" else 2]
    assert [(record.job_id, record.version) for record in seen.records] == there
    log.append([new("b", 1)])
    if when == "after":
        with pytest.raises(VersionConflictError):
            log.append([new("a", 2)])


@pytest.mark.parametrize("seed", range(20))
def test_two_handles_with_lost_answers_agree_with_a_plain_list(seed: int) -> None:
    """Whatever was said to be appended is there, in order, and nothing is there twice."""
    chance, ledger = random.Random(seed), MemoryLedger()
    handles = [(*opened(ledger, seen), seen) for seen in (Seen(), Seen())]
    certain: list[str] = []
    perhaps: set[str] = set()
    for number in range(60):
        engine, log, _ = chance.choice(handles)
        engine.loses = chance.choice([None, None, None, "before", "after"])
        job = f"job-{number}"
        try:
            log.append([new(job, 1)])
        except StorageError:
            perhaps.add(job)
            log.reopen()
        else:
            certain.append(job)
    for _, log, seen in handles:
        log.refresh()
        there = [record.job_id for record in log.read()]
        assert [job for job in there if job not in perhaps] == certain
        assert len(set(there)) == len(there)
        assert [record.job_id for record in seen.records][-len(there) :] == there
        assert [record.seq for record in log.read()] == [*range(1, len(there) + 1)]


@pytest.mark.parametrize("seed", range(10))
def test_a_runner_posts_nothing_twice_whatever_answers_are_lost(seed: int, tmp_path: Path) -> None:
    """The runner reopens the log by itself, and knows then what it has recorded."""
    chance, ledger, clock = random.Random(seed), MemoryLedger(), ManualClock(NOON)
    engines: list[Unreliable] = []

    def open_one(location: str, options: EngineOptions) -> Unreliable:
        engines.append(Unreliable(ledger))
        return engines[-1]

    register("unreliable", open_one)
    posts: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        posts.append(content)
        engines[-1].loses = chance.choice([None, "before", "after"])
        return PostResult(True, thread_id=content)

    with Scheduler("unreliable:x", clock=clock) as scheduler:
        for number in range(8):
            scheduler.add_job(f"account-{number}", f"post {number}", clock.now())
        for _ in range(40):
            try:
                scheduler.run_due(post, limit=1)
            except StorageError:
                continue
        done = scheduler.list_jobs(status=JobStatus.COMPLETED)
    assert sorted(posts) == sorted(f"post {number}" for number in range(8))
    assert len(done) == 8
