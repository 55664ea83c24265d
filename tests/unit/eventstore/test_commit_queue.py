"""Callers who wait together: who writes, and how much goes into one write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from support.eventstore import new
from support.waiting import eventually

from jobledger import StorageError, ValidationError
from jobledger.eventstore.commit_queue import (
    MAX_APPEND_BYTES,
    MAX_SHARED_BYTES,
    Append,
    CommitQueue,
)
from jobledger.eventstore.record import MAX_LINE_BYTES, Record

HALF = MAX_LINE_BYTES // 2


def start(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


class Line:
    """Appends that wait, and what each lead took, in order."""

    def __init__(self) -> None:
        self.waiting: CommitQueue[Record] = CommitQueue()
        self.taken: list[list[Append[Record]]] = []
        self.may_go_on = threading.Event()

    def lead(self) -> None:
        together = self.waiting.take()
        self.taken.append(together)
        self.may_go_on.wait()
        for append in together:
            append.finish()

    def begin(self, append: Append[Record]) -> threading.Thread:
        """Have another thread write it, and return when it waits or leads."""
        thread = start(lambda: self.waiting.write(append, self.lead))
        eventually(lambda: self.has_taken(append) or self.has_in_line(append))
        return thread

    def has_taken(self, append: Append[Record]) -> bool:
        return any(append in together for together in self.taken)

    def has_in_line(self, append: Append[Record]) -> bool:
        return append in list(self.waiting._appends.values()) and not append.leads

    def end(self, *threads: threading.Thread) -> None:
        self.may_go_on.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_record_that_is_longer_than_a_line_may_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="longer than"):
        Append[Record]([new(data=b"x" * MAX_LINE_BYTES)])


def test_more_than_one_write_carries_is_refused_whole() -> None:
    with pytest.raises(ValidationError, match="in one write"):
        Append[Record]([new(data=b"x" * HALF)] * (MAX_APPEND_BYTES // HALF + 1))


def test_who_comes_when_nobody_writes_leads_in_its_own_thread(line: Line) -> None:
    line.may_go_on.set()
    mine = Append[Record]([new()])
    line.waiting.write(mine, line.lead)
    assert line.taken == [[mine]]
    line.waiting.write(mine, line.lead)
    assert line.taken == [[mine], [mine]]


def test_all_who_come_meanwhile_go_into_the_next_write_in_their_order(line: Line) -> None:
    appends = [Append[Record]([new()]) for _ in range(5)]
    threads = [line.begin(append) for append in appends]
    line.end(*threads)
    assert line.taken == [appends[:1], appends[1:]]
    assert len(line.waiting) == 0


def test_those_who_do_not_fit_into_a_write_are_in_the_next_in_their_order(line: Line) -> None:
    most = MAX_SHARED_BYTES // (HALF + 512)
    appends = [Append[Record]([new(data=b"x" * HALF)]) for _ in range(most + 4)]
    line.end(*[line.begin(append) for append in appends])
    assert line.taken == [appends[:1], appends[1 : most + 1], appends[most + 1 :]]


def test_an_append_that_is_broken_off_while_it_waits_is_not_written(line: Line) -> None:
    """Ctrl-C reaches the main thread wherever it waits."""

    class Interrupted(Append[Record]):
        def wait(self) -> bool:
            raise KeyboardInterrupt

    first, mine, last = Append[Record]([new()]), Interrupted([new()]), Append[Record]([new()])
    leader = line.begin(first)
    with pytest.raises(KeyboardInterrupt):
        line.waiting.write(mine, line.lead)
    line.end(leader, line.begin(last))
    assert line.taken == [[first], [last]]


def test_whoever_waits_leads_after_one_who_failed(line: Line) -> None:
    first, last = Append[Record]([new()]), Append[Record]([new()])
    began, may_fail = threading.Event(), threading.Event()

    def fail() -> None:
        began.set()
        may_fail.wait()
        raise KeyboardInterrupt

    def first_one() -> None:
        with pytest.raises(KeyboardInterrupt):
            line.waiting.write(first, fail)

    leader = start(first_one)
    began.wait()
    follower = line.begin(last)
    may_fail.set()
    line.end(leader, follower)
    assert line.taken == [[last]]


def test_a_change_from_within_a_change_is_refused_and_does_no_harm(line: Line) -> None:
    """It would wait for itself: a signal handler, say, that changes a job."""
    line.may_go_on.set()
    outer, inner = Append[Record]([new()]), Append[Record]([new()])

    def lead() -> None:
        with pytest.raises(StorageError, match="from within another change"):
            line.waiting.write(inner, line.lead)
        line.lead()

    line.waiting.write(outer, lead)
    line.waiting.write(inner, line.lead)
    assert line.taken == [[outer], [inner]]


def test_a_change_by_a_handler_while_its_thread_waits_is_refused(line: Line) -> None:
    inner, refused = Append[Record]([new()]), list[str]()

    class Handled(Append[Record]):
        def wait(self) -> bool:
            with pytest.raises(StorageError) as raised:
                line.waiting.write(inner, line.lead)
            refused.append(raised.value.message)
            return super().wait()

    first, mine = Append[Record]([new()]), Handled([new()])
    line.end(line.begin(first), line.begin(mine))
    assert line.taken == [[first], [mine]]
    assert len(refused) == 1
