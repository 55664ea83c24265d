"""The backoff of every policy that can be given, out to where numbers end."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON

from jobledger import RetryPolicy, ValidationError
from jobledger.domain.policy import MAX_DELAY_S

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(hours=24)


def test_the_numbers_of_a_policy_are_its_users() -> None:
    """base_s * factor**n, ints as well as floats."""
    assert [RetryPolicy(base_s=10, factor=3).delay_s(n) for n in (1, 2, 3)] == [30, 90, 270]
    assert [RetryPolicy(base_s=5, factor=1).delay_s(n) for n in (1, 9)] == [5, 5]
    assert [RetryPolicy(base_s=8, factor=0.5).delay_s(n) for n in (1, 3)] == [4, 1]


def test_a_cap_bounds_the_delay() -> None:
    """Also where the power is beyond all numbers, and a cap of 0 means at once."""
    policy = RetryPolicy(cap_s=300)
    assert [policy.delay_s(n) for n in (1, 2, 3, 4)] == [120, 240, 300, 300]
    assert policy.delay_s(1_000_000) == 300
    assert RetryPolicy(cap_s=0).delay_s(5) == 0


def test_jitter_spreads_a_capped_delay_as_well() -> None:
    """Else all jobs at the cap would come back together."""
    assert RetryPolicy(cap_s=60, jitter=0.5).delay_s(9, 0.0) == 30
    assert RetryPolicy(cap_s=60, jitter=0.5).delay_s(9, 1.0) == 90


def test_a_delay_beyond_the_calendar_is_cut_to_a_year() -> None:
    """Where the power overflows, and where it only is too much."""
    assert RetryPolicy().delay_s(1_000_000) == MAX_DELAY_S
    assert RetryPolicy().delay_s(40) == MAX_DELAY_S
    assert RetryPolicy(jitter=1).delay_s(40, 1.0) == MAX_DELAY_S


def test_no_wait_stays_no_wait_for_ever() -> None:
    """A base of 0 is 0 also after a thousand failures."""
    assert [RetryPolicy(base_s=0).delay_s(n) for n in (1, 1000, 2000)] == [0, 0, 0]


def test_a_delay_beyond_all_numbers_with_full_jitter_is_still_a_delay() -> None:
    """Infinity times nothing would be no number."""
    policy = RetryPolicy(base_s=1e308, factor=10, jitter=1)
    for roll in (0.0, 0.5, 0.999):
        assert 0 <= policy.delay_s(1, roll) <= MAX_DELAY_S


@settings(max_examples=200, deadline=None)
@given(
    base_s=st.floats(0, 1e9),
    factor=st.floats(0, 1e6),
    cap_s=st.none() | st.floats(0, 1e9),
    jitter=st.floats(0, 1),
    failures=st.integers(1, 1_000_000),
    roll=st.floats(0, 1, exclude_max=True),
)
def test_every_delay_is_a_time_to_wait(
    base_s: float, factor: float, cap_s: float | None, jitter: float, failures: int, roll: float
) -> None:
    """Never negative, never beyond a year, within the cap and its jitter."""
    delay = RetryPolicy(base_s=base_s, factor=factor, cap_s=cap_s, jitter=jitter).delay_s(
        failures, roll
    )
    assert 0 <= delay <= MAX_DELAY_S
    if cap_s is not None:
        assert delay <= cap_s * (1 + jitter)
    assert NOON + timedelta(seconds=delay) >= NOON


@pytest.mark.parametrize("name", ["base_s", "factor", "cap_s", "jitter"])
@pytest.mark.parametrize(
    "value",
    [-0.001, -math.inf, [], b"1", 10**400],
    ids=["negative", "infinite", "list", "bytes", "huge"],
)
def test_a_policy_of_no_numbers_is_refused(name: str, value: Any) -> None:
    """Negative, not finite, no number, or more than any clock counts; the field is named."""
    with pytest.raises(ValidationError, match=name) as caught:
        RetryPolicy(**{name: value})
    assert caught.value.field == name


def test_a_jitter_of_more_than_all_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"jitter must be at most 1, not 1\.5") as caught:
        RetryPolicy(jitter=1.5)
    assert caught.value.field == "jitter"
