"""Time: every zone, with its gaps and folds; the days of files; a machine that was asleep."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobledger import JobStatus, ManualClock, PostResult, Scheduler
from jobledger.ledger.zone import load_zone, to_aware

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
zones = st.sampled_from(ZONES)
wall_times = st.datetimes(
    datetime(1975, 1, 1),  # noqa: DTZ001 - naive is what is tested
    datetime(2037, 12, 31),  # noqa: DTZ001
)


def changes_of(zone: ZoneInfo, year: int) -> list[datetime]:
    """Find the moments of a year at which the zone's offset changes, to the minute, in UTC."""
    found, moment = [], datetime(year, 1, 1, tzinfo=UTC)
    day = timedelta(days=1)
    for _ in range(366):
        low, high = moment, moment + day
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(second=0, microsecond=0))
        moment += day
    return found


def test_there_are_zones_to_try() -> None:
    assert len(ZONES) > 400


@given(zones, wall_times, st.integers(0, 1))
def test_a_naive_time_is_one_moment_of_its_zone(name: str, wall: datetime, fold: int) -> None:
    """And the same wall time comes back, unless the zone skips it."""
    zone = load_zone(name)
    moment = to_aware(wall.replace(fold=fold), zone).astimezone(UTC)
    back = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    gap = back - wall
    assert gap == timedelta(0) or abs(gap) <= timedelta(hours=26)  # a zone may skip a whole day
    if gap:
        before = (moment - timedelta(days=2)).astimezone(zone).utcoffset()
        after = (moment + timedelta(days=2)).astimezone(zone).utcoffset()
        assert before != after, "only what lies in a gap comes out as another wall time"


def test_gaps_and_folds_of_one_year_in_every_zone() -> None:
    for name in ZONES:
        check_gaps_and_folds(name, 2026)


@settings(deadline=None, max_examples=60)
@given(zones, st.integers(1990, 2036))
def test_gaps_and_folds_of_any_year(name: str, year: int) -> None:
    check_gaps_and_folds(name, year)


def check_gaps_and_folds(name: str, year: int) -> None:
    """In a gap: later by its length. In a fold: the first of the two, unless fold is 1."""
    zone = load_zone(name)
    for change in changes_of(zone, year):
        before = (change - timedelta(minutes=2)).astimezone(zone).utcoffset()
        after = change.astimezone(zone).utcoffset()
        assert before is not None
        assert after is not None
        jump = after - before
        first = (change + before).replace(tzinfo=None)  # the wall time at which the clocks change
        if jump > timedelta(0):
            inside = first + jump / 2
            assert to_aware(inside, zone).astimezone(UTC) == (inside - before).replace(tzinfo=UTC)
            shown = to_aware(inside, zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
            assert shown == inside + jump
        elif jump < timedelta(0):
            inside = first + jump / 2
            early, late = to_aware(inside, zone), to_aware(inside.replace(fold=1), zone)
            assert late.astimezone(UTC) - early.astimezone(UTC) == -jump


@settings(deadline=None, max_examples=40)
@given(zones, st.timedeltas(timedelta(0), timedelta(days=300)))
def test_a_job_is_in_the_file_of_its_day_in_the_ledgers_zone(name: str, ahead: timedelta) -> None:
    """Whatever the zone, and also around midnight and at changes of the offset."""
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as root:
        directory = Path(root) / "jobs"
        clock = ManualClock(start)
        with Scheduler(directory, clock=clock, timezone=name, durability="none") as scheduler:
            scheduler.add_job("a", "hi", start + ahead, job_id="one")
        day = (start + ahead).astimezone(ZoneInfo(name)).date().isoformat()
        [path] = directory.glob("jobs_*.json")
        assert path.name == f"jobs_{day}.json"
        document = msgspec.json.decode(path.read_bytes())
        assert (document["date"], document["jobs"][0]["job_id"]) == (day, "one")


@pytest.mark.parametrize("asleep_h", [1, 23, 24, 25, 24 * 30])
def test_a_scheduler_that_was_asleep_neither_bursts_nor_loses(
    directory: Path, asleep_h: int
) -> None:
    """What is at most a day late goes out once; what is later has expired; the rest is to come."""
    clock = ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    begun, posted = clock.now(), list[str]()

    def post(account: str, content: str) -> PostResult:
        posted.append(content)
        return PostResult(True)

    with Scheduler(directory, clock=clock) as scheduler:
        for hour in range(0, 800, 6):
            due = begun + timedelta(hours=hour)
            scheduler.add_job("a", f"{hour} h", due, job_id=f"at-{hour}")
        clock.advance(timedelta(hours=asleep_h))
        scheduler.run_due(post)
        assert scheduler.run_due(post) == 0
        jobs = {job.job_id: job.status for job in scheduler.list_jobs()}
    for hour in range(0, 800, 6):
        late = asleep_h - hour
        expected = (
            JobStatus.SCHEDULED if late < 0
            else JobStatus.COMPLETED if late <= 24
            else JobStatus.EXPIRED
        )  # fmt: skip
        assert jobs[f"at-{hour}"] is expected, hour
    assert posted == [f"{hour} h" for hour in range(0, 800, 6) if 0 <= asleep_h - hour <= 24]
