"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobledger import ValidationError
from jobledger.tools.moments import parse_moment

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("now", timedelta(0)),
        ("+10m", timedelta(minutes=10)),
        ("-2h", timedelta(hours=-2)),
        ("+1d", timedelta(days=1)),
        ("+ 90 seconds", timedelta(seconds=90)),
        ("2 days ago", timedelta(days=-2)),
        (" 3W AGO ", timedelta(weeks=-3)),
    ],
)
def test_relative_times_are_from_now(text: str, distance: timedelta) -> None:
    """now, a sign or `ago`."""
    assert parse_moment(text, NOW) == NOW + distance


def test_iso_times_keep_their_offset_or_stay_naive() -> None:
    """A naive one is for the ledger's zone."""
    assert parse_moment("2026-01-31T09:00", NOW) == datetime(2026, 1, 31, 9)  # noqa: DTZ001
    hanoi = timezone(timedelta(hours=7))
    assert parse_moment("2026-01-31T09:00+07:00", NOW) == datetime(2026, 1, 31, 9, tzinfo=hanoi)
    assert parse_moment("2026-01-31T09:00Z", NOW) == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "10m", "2026-13-01", "+10 fortnights", "+999999w"])
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    """The text itself is in the message."""
    with pytest.raises(ValidationError) as caught:
        parse_moment(text, NOW)
    assert repr(text) in str(caught.value)
