"""What is to come of a rule, asked of a ledger: in its zone, from now on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobledger import At, Cron, Every, Ledger, ManualClock, ValidationError


@pytest.fixture
def ledger(directory: Path) -> Ledger:
    clock = ManualClock(datetime(2026, 3, 28, 12, tzinfo=UTC))
    return Ledger(directory, clock=clock, timezone="Europe/Berlin")


def test_a_preview_begins_now_in_the_ledgers_zone(ledger: Ledger) -> None:
    (one,) = ledger.preview("30 2 * * *", count=1)
    assert one.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert (one.local, one.moved) == (datetime(2026, 3, 29, 2, 30), True)  # noqa: DTZ001
    assert ledger.preview(Cron("30 2 * * *"), count=1) == [one]
    assert ledger.seq == 0


def test_a_naive_time_is_of_the_zone_that_is_asked_for(ledger: Ledger) -> None:
    after = datetime(2026, 1, 1, 9)  # noqa: DTZ001
    (one,) = ledger.preview(At(("10:00",)), zone="Asia/Tokyo", after=after, count=1)
    assert one.at == datetime(2026, 1, 1, 1, tzinfo=UTC)


def test_an_interval_without_an_anchor_counts_from_then_on(ledger: Ledger) -> None:
    found = ledger.preview(Every(timedelta(hours=6)), count=2)
    assert [one.at for one in found] == [ledger.now() + timedelta(hours=n) for n in (6, 12)]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"rule": "never"}, "rule"),
        ({"rule": 5}, "rule"),
        ({"count": 0}, "count"),
        ({"count": 1001}, "count"),
        ({"count": True}, "count"),
        ({"zone": "Mars"}, "timezone"),
        ({"after": "now"}, "after"),
        ({"gap": "jump"}, "gap"),
        ({"fold": "third"}, "fold"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_its_field(
    ledger: Ledger, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ledger.preview(**({"rule": "@daily"} | arguments))
    assert refused.value.field == field
