"""Leases on a real server of PostgreSQL, beside their contract: who may be ended there, and when.

What a runner knew when it sent its word may be long ago when the server has it: both may have
stood still meanwhile, or it is another server's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from unittest.mock import PropertyMock, patch

import pytest
from support import postgres

from jobledger.eventstore import LeaseTime
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.engines.postgresql.engine import PostgresEngine
from jobledger.eventstore.engines.postgresql.lease import PostgresLease


class Two:
    """A runner that may end others, as far as it knows, and another one whose lease has run out."""

    def __init__(self, one: PostgresEngine, other: PostgresEngine) -> None:
        self.one, self.other = one.lease("one:1"), other.lease("other:1")
        self.one.acquire()
        self.one.renew()
        self.other.acquire()
        self.leave(self.other, -1)

    @staticmethod
    def leave(lease: PostgresLease, left_s: float) -> None:
        """Have a lease go on for so long only, as the server sees it."""
        with closing(postgres.connect(postgres.server())) as admin:
            admin.execute(
                "UPDATE jobledger.runners SET expires_at = clock_timestamp()"
                " + make_interval(secs => %s) WHERE runner = %s",
                [left_s, lease.runner],
            )


@pytest.fixture
def two() -> Iterator[Two]:
    url = postgres.new_url(lease="600")  # nothing is renewed but by the test
    with closing(open_engine(url, EngineOptions())) as one:
        assert isinstance(one, PostgresEngine)
        with closing(open_engine(url, EngineOptions())) as other:
            assert isinstance(other, PostgresEngine)
            made = Two(one, other)
            with patch.object(LeaseTime, "may_end_others", PropertyMock(return_value=True)):
                yield made
            made.one.release()
            made.other.release()


def test_a_renewal_that_begins_as_the_lease_is_given_back_leaves_no_connection(two: Two) -> None:
    """Its thread has waited to the end, and then somebody is faster."""
    lease = two.one

    class JustSet(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            is_over = self.is_set()
            lease.release()
            return is_over

    stop = lease._stop = JustSet()
    lease._keep(stop, lease.runner)
    assert stop.is_set()
    assert lease._connection._connected is None


def test_one_whose_lease_has_run_out_is_ended(two: Two) -> None:
    assert two.one.end_lapsed() == [two.other.runner]


def test_nobody_is_ended_on_another_start_of_the_server(two: Two) -> None:
    """Its own lease was not renewed there yet, so that those of others need not have been."""
    start, two.one._time.start = two.one._time.start, 1.0
    assert two.one.end_lapsed() == []
    two.one._time.start = start
    assert two.one.end_lapsed() == [two.other.runner]


def test_nobody_is_ended_by_one_that_waited_long_for_its_turn(two: Two) -> None:
    with patch.object(LeaseTime, "may_end_others", PropertyMock(side_effect=[True, False])):
        assert two.one.end_lapsed() == []
    assert two.one.end_lapsed() == [two.other.runner]


@pytest.mark.parametrize("left_s", [-1, 190])
def test_nobody_is_ended_by_one_that_has_not_renewed_of_late(two: Two, left_s: float) -> None:
    """It may have lost its lease while its word waited; or others theirs, who could not renew for
    two thirds of one."""
    two.leave(two.one, left_s)
    assert two.one.end_lapsed() == []
    two.one.renew()
    assert two.one.end_lapsed() == [two.other.runner]
