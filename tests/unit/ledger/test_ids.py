"""Ids of jobs that come without one, and ids that there are not."""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from uuid import RFC_4122, UUID, uuid4

import pytest

from jobledger import JobNotFoundError, Ledger, ManualClock, NewJob
from jobledger.ledger.ids import new_id


def test_ids_are_random_uuids_and_none_comes_twice() -> None:
    ids = [new_id() for _ in range(5000)]
    assert len(set(ids)) == 5000
    for text in ids:
        parsed = UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, RFC_4122)
    assert {text[19] for text in ids} == set("89ab")


def test_threads_do_not_get_the_same() -> None:
    found: list[list[str]] = []

    def take() -> None:
        found.append([new_id() for _ in range(2000)])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({text for some in found for text in some}) == 16_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_the_child_of_a_fork_has_ids_of_its_own() -> None:
    new_id()  # there are unused ones now, which a child must not use too
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, ",".join(new_id() for _ in range(64)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        theirs = set(pipe.read().split(","))
    os.waitpid(child, 0)
    assert len(theirs) == 64
    assert not theirs & {new_id() for _ in range(64)}


def test_an_unknown_id_is_compared_with_few_others_however_many_there_are(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for what is not there should not keep others waiting."""
    compared = [0]
    before = difflib.get_close_matches

    def counted(word: str, possibilities: Iterable[str], n: int) -> list[str]:
        some = list(possibilities)
        compared[0] += len(some)
        return before(word, some, n)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    with Ledger(directory, clock=clock) as ledger:
        new = NewJob(account_id="a", content="x", scheduled_time=clock.now())
        ids = ledger.add_jobs([new] * 3_000)
        with pytest.raises(JobNotFoundError):
            ledger.get_job(str(uuid4()))
        assert compared[0] < 300
        mistyped = ids[1_234][:-3] + "-" + ids[1_234][-2:]
        with pytest.raises(JobNotFoundError) as found:
            ledger.get_job(mistyped)
        assert found.value.hint == f"the nearest is {ids[1_234]!r}"
        with pytest.raises(JobNotFoundError) as begun:
            ledger.get_job(ids[1_234][:12] + "-")
        assert begun.value.hint == f"the nearest is {ids[1_234]!r}"
