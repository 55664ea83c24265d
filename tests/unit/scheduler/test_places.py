"""How many attempts may be under way, over all chains of a runner: who gets the places."""

from __future__ import annotations

from typing import Any

from jobledger.scheduler.places import Places


class Chain:
    """A chain's part of a runner, as far as places know it."""

    def __init__(self, places: Places) -> None:
        self.by_job: dict[str, object] = {}
        self.woken = 0
        self._places = places
        places.add(self.itself, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    @property
    def itself(self) -> Any:
        return self

    def begin(self, count: int) -> int:
        """Ask for places, and begin that many jobs, or as many as may be; return how many."""
        room = self._places.take(self.itself, wants=count > 0)
        begun = min(room, count)
        for n in range(begun):
            self.by_job[f"{len(self.by_job)}-{n}"] = object()
        self._places.give_back(room)
        return begun

    def end_one(self) -> None:
        self.by_job.popitem()
        self._places.ended(self.itself)


def chains(most: int, count: int) -> list[Chain]:
    places = Places(most)
    return [Chain(places) for _ in range(count)]


def test_one_chain_has_all_of_them() -> None:
    (only,) = chains(3, 1)
    assert only.begin(9) == 3
    assert only.begin(9) == 0
    only.end_one()
    assert only.begin(9) == 1


def test_no_more_are_under_way_than_there_are_places() -> None:
    one, two = chains(3, 2)
    assert (one.begin(2), two.begin(9)) == (2, 1)
    assert (one.begin(1), two.begin(1)) == (0, 0)


def test_whoever_waits_is_woken_when_a_place_is_free_and_nobody_else_is() -> None:
    one, two, idle = chains(1, 3)
    one.begin(1)
    assert (two.begin(1), idle.begin(0)) == (0, 0)
    assert (two.woken, idle.woken) == (0, 0)
    one.end_one()
    assert (two.woken, idle.woken) == (1, 0)


def test_those_who_wait_take_turns() -> None:
    """Also where one of them always asks first."""
    every = chains(1, 3)
    order: list[int] = []
    every[0].begin(1)
    for chain in every[1:]:
        chain.begin(1)
    running = every[0]
    for _ in range(30):
        running.end_one()
        running = next(chain for _ in range(3) for chain in every if chain.begin(1))
        order.append(every.index(running))
        for chain in every:
            if chain is not running:
                chain.begin(1)
    assert [order.count(n) for n in range(3)] == [10, 10, 10]


def test_free_places_are_shared_out_among_those_who_wait() -> None:
    one, two, three = chains(6, 3)
    assert one.begin(6) == 6
    assert (two.begin(9), three.begin(9)) == (0, 0)
    for _ in range(6):
        one.end_one()
    assert two.begin(9) == 3
    assert three.begin(9) == 3


def test_nobody_waits_for_one_that_does_not_come() -> None:
    """It has let it go before it once."""
    one, away, two = chains(1, 3)
    one.begin(1)
    assert (away.begin(1), two.begin(1)) == (0, 0)
    one.end_one()
    assert two.begin(1) == 0
    assert two.begin(1) == 1


def test_places_that_are_held_for_one_are_not_given_to_another() -> None:
    places = Places(2)
    one, two = Chain(places), Chain(places)
    room = places.take(one.itself, wants=True)
    assert room == 2
    assert two.begin(1) == 0
    places.give_back(room)
    assert two.woken == 1
    assert two.begin(1) == 1
