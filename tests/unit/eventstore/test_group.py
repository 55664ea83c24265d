"""Callers who wait together: how much goes into one write."""

from __future__ import annotations

import pytest
from support.eventstore import new

from jobledger import ValidationError
from jobledger.eventstore.group import MAX_APPEND_BYTES, Waiting
from jobledger.eventstore.record import MAX_LINE_BYTES


def test_a_record_that_is_longer_than_a_line_may_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="longer than"):
        Waiting().join([new(data=b"x" * MAX_LINE_BYTES)])


def test_more_than_one_write_carries_is_refused_whole() -> None:
    waiting, half = Waiting(), [new(data=b"x" * (MAX_LINE_BYTES // 2))]
    with pytest.raises(ValidationError, match="in one write"):
        waiting.join(half * (MAX_APPEND_BYTES // MAX_LINE_BYTES * 2 + 1))
    assert len(waiting) == 0


def test_those_who_do_not_fit_into_a_write_are_in_the_next_in_their_order() -> None:
    waiting, large = Waiting(), [new(data=b"x" * (MAX_LINE_BYTES // 2))]
    count = MAX_APPEND_BYTES // (MAX_LINE_BYTES // 2) - 1
    appends = [waiting.join(large) for _ in range(count + 3)]
    first = waiting.take()
    assert 0 < len(first) < len(appends)
    assert [*first, *waiting.take()] == appends
    assert waiting.take() == []
