"""For how long a runner may go on without a word, and when it may end others."""

from __future__ import annotations

from jobledger.eventstore.lease_time import LeaseTime


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def taken() -> tuple[LeaseTime, Clock]:
    clock = Clock()
    lease = LeaseTime(15.0, clock)
    lease.taken(clock(), start=1)
    return lease, clock


def renew_every_five_seconds(lease: LeaseTime, clock: Clock, times: int, start: int = 1) -> None:
    for _ in range(times):
        clock.now_s += 5
        lease.renewed(clock(), start)


def test_it_holds_from_when_it_was_asked_for_not_from_the_answer() -> None:
    lease, clock = taken()
    sent = clock()
    clock.now_s += 4
    lease.renewed(sent, 1)
    assert lease.valid_for_s() == 11
    clock.now_s += 20
    assert lease.valid_for_s() == 0


def test_one_that_was_ended_holds_no_more_until_a_new_one_is_taken() -> None:
    lease, clock = taken()
    lease.was_ended = True
    assert (lease.valid_for_s(), lease.may_end_others) == (0, False)
    lease.taken(clock(), start=1)
    assert lease.valid_for_s() == 15


def test_a_runner_ends_others_only_when_it_has_renewed_for_a_whole_lease() -> None:
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 2)
    assert not lease.may_end_others
    renew_every_five_seconds(lease, clock, 1)
    assert lease.may_end_others


def test_after_a_standstill_that_was_longer_than_its_lease_it_begins_anew() -> None:
    """Then the leases of all have run out, and nobody is dead."""
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 5)
    clock.now_s += 16
    assert not lease.may_end_others
    lease.renewed(clock(), 1)
    assert not lease.may_end_others
    renew_every_five_seconds(lease, clock, 3)
    assert lease.may_end_others


def test_after_a_restart_of_the_server_it_begins_anew_however_short_that_was() -> None:
    """Others, which renew at other moments, may have missed theirs."""
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 5)
    renew_every_five_seconds(lease, clock, 2, start=2)
    assert not lease.may_end_others
    renew_every_five_seconds(lease, clock, 2, start=2)
    assert lease.may_end_others


def test_it_is_as_old_as_the_answer_not_as_the_request() -> None:
    """What was asked for may have waited: others had no time yet to renew theirs."""
    clock = Clock()
    lease = LeaseTime(15.0, clock)
    sent = clock()
    clock.now_s += 4
    lease.taken(sent, start=1)
    assert lease.valid_for_s() == 11
    renew_every_five_seconds(lease, clock, 2)
    assert not lease.may_end_others
    renew_every_five_seconds(lease, clock, 1)
    assert lease.may_end_others


def test_one_that_could_not_renew_of_late_ends_nobody_although_its_lease_holds() -> None:
    """Others may not have been able to either, whose turn to renew came before."""
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 5)
    clock.now_s += 11
    assert lease.valid_for_s() > 0
    assert not lease.may_end_others


def test_a_renewal_that_was_missed_makes_it_begin_anew() -> None:
    """The engine was away for two thirds of a lease: some others have none left."""
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 5)
    clock.now_s += 11
    lease.renewed(clock(), 1)
    assert not lease.may_end_others
    renew_every_five_seconds(lease, clock, 3)
    assert lease.may_end_others


def test_a_renewal_whose_answer_was_long_on_its_way_makes_it_begin_anew() -> None:
    lease, clock = taken()
    renew_every_five_seconds(lease, clock, 5)
    clock.now_s += 5
    sent = clock()
    clock.now_s += 6
    lease.renewed(sent, 1)
    assert not lease.may_end_others
