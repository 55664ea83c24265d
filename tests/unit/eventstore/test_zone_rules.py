"""Names of zones: an alias is the zone itself, and another zone is another one."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import pytest

from jobledger import Ledger, ManualClock, ValidationError
from jobledger.eventstore.zone_rules import have_same_rules

ALIASES = [
    ("Asia/Ho_Chi_Minh", "Asia/Saigon"),
    ("Europe/Kyiv", "Europe/Kiev"),
    ("Etc/UTC", "UTC"),
    ("Etc/UTC", "Zulu"),
    ("America/New_York", "US/Eastern"),
    ("Asia/Kolkata", "Asia/Calcutta"),
    ("Australia/Sydney", "Australia/ACT"),
    ("Pacific/Auckland", "NZ"),
]
OTHERS = [
    ("Europe/Berlin", "Europe/London"),
    ("UTC", "Europe/London"),
    ("America/New_York", "America/Toronto"),  # it changed at another time of day for some years
    ("Africa/Casablanca", "Africa/Lagos"),
    ("Asia/Ho_Chi_Minh", "Asia/Nowhere"),
    ("Australia/Lord_Howe", "Australia/Sydney"),
]


@pytest.mark.parametrize(("one", "other"), [*ALIASES, *((b, a) for a, b in ALIASES)])
def test_a_ledger_is_opened_by_any_name_of_its_zone(
    directory: Path, clock: ManualClock, one: str, other: str
) -> None:
    with Ledger(directory, clock=clock, timezone=one) as ledger:
        ledger.add_job("a", "text", clock.now())
    with Ledger(directory, clock=clock, timezone=other) as ledger:
        assert ledger.timezone == one, "the name that was recorded"


@pytest.mark.thorough
def test_every_name_that_the_time_zone_data_has_twice_is_one_zone() -> None:
    """A link is a file with the same bytes as what it links to: all of them, in the data that this
    machine uses."""
    names = defaultdict[bytes, list[str]](list)
    for name in sorted(available_timezones()):
        names[compiled(name)].append(name)
    links = [(first, other) for first, *others in names.values() for other in others]
    assert len(links) > 100
    assert ("Asia/Ho_Chi_Minh", "Asia/Saigon") in links
    assert [link for link in links if not have_same_rules(*link)] == []


def compiled(name: str) -> bytes:
    """Return the bytes that `ZoneInfo` reads: the system's, else those of the package `tzdata`."""
    found = (Path(directory, name) for directory in TZPATH)
    path = next(filter(Path.is_file, found), files("tzdata").joinpath("zoneinfo", name))
    return path.read_bytes()


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_a_zone_of_other_rules_is_another_zone(one: str, other: str) -> None:
    assert not have_same_rules(one, other)
    assert not have_same_rules(other, one)


def test_a_ledger_of_other_rules_is_refused(directory: Path, clock: ManualClock) -> None:
    Ledger(directory, clock=clock, timezone="Europe/Berlin").close()
    with pytest.raises(ValidationError, match="Europe/Berlin") as raised:
        Ledger(directory, clock=clock, timezone="Europe/London")
    assert raised.value.field == "timezone"


@pytest.mark.parametrize("one", ["Europe/Berlin", "Asia/Ho_Chi_Minh", "America/Sao_Paulo"])
@pytest.mark.parametrize("other", ["Europe/Paris", "Asia/Bangkok", "Australia/Lord_Howe", "UTC"])
def test_it_is_what_every_hour_says(one: str, other: str) -> None:
    """Hours, one by one, know nothing of how changes are looked for."""
    first, second, moment = ZoneInfo(one), ZoneInfo(other), datetime(1970, 1, 1, tzinfo=UTC)
    differ = any(
        (moment + timedelta(hours=n)).astimezone(first).utcoffset()
        != (moment + timedelta(hours=n)).astimezone(second).utcoffset()
        for n in range(24 * 366 * 60)
    )
    assert have_same_rules(one, other) is not differ
