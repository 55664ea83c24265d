"""Ids of jobs that come without one."""

from __future__ import annotations

import os
import threading
from uuid import RFC_4122, UUID

import pytest

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
