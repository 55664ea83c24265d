"""When a rule is due, against walking through every minute; and what is known by heart."""

# ruff: noqa: DTZ001 - local times are naive
# ruff: noqa: E501 - tables

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.brute_force import due

from jobledger.domain.errors import ValidationError
from jobledger.domain.schedule.local_time import ZoneClock
from jobledger.domain.schedule.recurrence import Recurrence
from jobledger.domain.schedule.rules import At, Cron, Every, Fold, Gap, Rule
from jobledger.testing.schedule_strategies import cron_texts
from jobledger.testing.walking import WalkedMoment, due_by_days

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
GAPS: tuple[Gap, ...] = ("shift", "skip", "end")
FOLDS: tuple[Fold, ...] = ("first", "second", "both")
CLOCKS: dict[str, ZoneClock] = {}


def clock_of(zone: str) -> ZoneClock:
    if zone not in CLOCKS:
        CLOCKS[zone] = ZoneClock(ZoneInfo(zone))
    return CLOCKS[zone]


def found(
    rule: Rule, zone: str, begin: datetime, end: datetime, gap: Gap = "shift", fold: Fold = "first"
) -> list[WalkedMoment]:
    recurrence = Recurrence(rule, clock_of(zone), gap=gap, fold=fold)
    return [
        WalkedMoment(*one) for one in takewhile(lambda one: one.at < end, recurrence.after(begin))
    ]


WHEN = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 20), timezones=st.just(UTC))


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """Make a zone, and a moment up to two days before its clocks change."""
    zone = draw(st.sampled_from(ZONES))
    clock = clock_of(zone)
    stretch = clock.at(int(draw(WHEN).timestamp()))
    change = datetime.fromtimestamp(stretch.end, UTC)
    assume(change.year < 2038)
    return zone, change - timedelta(minutes=draw(st.integers(0, 1800)))


@pytest.mark.parametrize("first", range(8))
def test_every_range_of_weekdays_with_every_step_is_what_walking_through_a_week_finds(
    first: int,
) -> None:
    """Also where it begins or ends with 7, which is Sunday as 0 is: a week has one."""
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for last in range(8):
        for step in range(1, 8):
            text = f"0 12 * * {first}-{last}/{step}"
            end = begin + timedelta(days=7)
            walked = due_by_days(text, ZoneInfo("UTC"), begin, end, gap="shift", fold="first")
            assert found(Cron(text), "UTC", begin, end) == walked, text


def test_a_range_that_begins_with_sunday_goes_on_from_there() -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for text, days in (("7-1/2", [1]), ("7-2/2", [1, 3]), ("0-1/2", [1]), ("2-1/7", [3])):
        due_then = found(Cron(f"0 12 * * {text}"), "UTC", begin, begin + timedelta(days=7))
        assert [one.local.day for one in due_then] == days, text


@pytest.mark.thorough
@given(near_a_change(), cron_texts(), st.sampled_from(GAPS), st.sampled_from(FOLDS))
def test_it_is_what_walking_through_every_minute_finds(
    place: tuple[str, datetime], text: str, gap: Gap, fold: Fold
) -> None:
    zone, begin = place
    end = begin + timedelta(days=2)
    try:
        rule = Cron(text)
    except ValidationError:
        return  # it never comes
    expected = due(text, ZoneInfo(zone), begin, end, gap=gap, fold=fold)
    assert found(rule, zone, begin, end, gap, fold) == expected
    assert due_by_days(text, ZoneInfo(zone), begin, end, gap=gap, fold=fold) == expected


@given(st.sampled_from(ZONES), WHEN, cron_texts(), st.sampled_from(GAPS), st.sampled_from(FOLDS))
def test_what_comes_after_a_moment_depends_on_that_moment_alone(
    zone: str, begin: datetime, text: str, gap: Gap, fold: Fold
) -> None:
    """From wherever one begins, the same moments come; and each is behind the one before."""
    try:
        rule = Cron(text)
    except ValidationError:
        return
    walked = list(islice(Recurrence(rule, clock_of(zone), gap=gap, fold=fold).after(begin), 20))
    assert [one.at for one in walked] == sorted({one.at for one in walked})
    anew = Recurrence(rule, ZoneClock(ZoneInfo(zone)), gap=gap, fold=fold)
    for before, one in pairwise(walked):
        assert anew.next(before.at) == one
        assert anew.next(one.at - timedelta(microseconds=1)) == one
        middle = before.at + (one.at - before.at) / 2
        assert anew.next(middle) == one


@pytest.mark.thorough
def test_a_daily_post_is_made_each_day_around_every_change_of_2026() -> None:
    """Five days around each change, at each half hour of the day: five posts, in every zone."""
    wrong, tried = [], set()
    for zone in ZONES:
        clock = clock_of(zone)
        stretch = clock.at(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()))
        changes = []
        while stretch.end < int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()):
            if stretch.after != stretch.offset:
                changes.append((stretch.end, stretch.offset, stretch.after))
            stretch = clock.at(stretch.end)
        for end, offset, after in changes:
            if (end, offset, after) in tried:
                continue  # another name of the same rules
            tried.add((end, offset, after))
            day = datetime.fromtimestamp(end + offset, UTC).date() - timedelta(days=2)
            begin = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
            last = datetime.combine(
                day + timedelta(days=5), datetime.min.time(), ZoneInfo(zone)
            ).astimezone(UTC)
            for half in range(48):
                rule = Cron(f"{30 * (half % 2)} {half // 2} * * *")
                second = timedelta(seconds=1)
                posts = found(rule, zone, begin - second, last)
                days = [one.local.date() for one in posts]
                if days != [day + timedelta(days=n) for n in range(5)]:
                    wrong.append((zone, half, days))
    assert len(tried) > 30
    assert wrong == []


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def berlin(
    rule: Rule, begin: str, count: int, gap: Gap = "shift", fold: Fold = "first"
) -> list[str]:
    recurrence = Recurrence(rule, clock_of("Europe/Berlin"), gap=gap, fold=fold)
    some = islice(recurrence.after(at(begin)), count)
    return [one.at.astimezone(ZoneInfo("Europe/Berlin")).isoformat(" ", "minutes") for one in some]


@pytest.mark.parametrize(
    ("gap", "times"),
    [
        ("shift", ["2026-03-28 02:30+01:00", "2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00"]),
        ("end", ["2026-03-28 02:30+01:00", "2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"]),
        ("skip", ["2026-03-28 02:30+01:00", "2026-03-30 02:30+02:00", "2026-03-31 02:30+02:00"]),
    ],
)
def test_a_time_that_the_zone_skips_is_read_as_was_said(gap: Gap, times: list[str]) -> None:
    assert berlin(Cron("30 2 * * *"), "2026-03-28T00:00Z", 3, gap=gap) == times


@pytest.mark.parametrize(
    ("fold", "times"),
    [
        ("first", ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]),
        ("second", ["2026-10-25 02:30+01:00", "2026-10-26 02:30+01:00"]),
        ("both", ["2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00"]),
    ],
)
def test_a_time_that_the_zone_has_twice_is_read_as_was_said(fold: Fold, times: list[str]) -> None:
    assert berlin(Cron("30 2 * * *"), "2026-10-25T00:00Z", 2, fold=fold) == times


def test_two_times_that_are_one_moment_are_one() -> None:
    """02:30 is moved to 03:30, where there is one already."""
    rule = Cron("30 2,3 * * *")
    times = ["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00", "2026-03-30 03:30+02:00"]
    assert berlin(rule, "2026-03-29T00:00Z", 3) == times
    one = Recurrence(rule, clock_of("Europe/Berlin")).next(at("2026-03-29T00:00Z"))
    assert one is not None
    assert (one.moved, one.local) == (False, datetime(2026, 3, 29, 3, 30))


def test_what_was_moved_or_is_doubled_is_said() -> None:
    rule, clock = Cron("30 2 * * *"), clock_of("Europe/Berlin")
    moved = Recurrence(rule, clock).next(at("2026-03-29T00:00Z"))
    assert moved == (at("2026-03-29T01:30Z"), datetime(2026, 3, 29, 2, 30), True, False)
    second = Recurrence(rule, clock, fold="second").next(at("2026-10-24T12:00Z"))
    assert second is not None
    assert (second.local.hour, second.local.fold, second.doubled) == (2, 1, True)


def test_a_whole_day_that_a_zone_skips_is_a_gap_too() -> None:
    """Samoa went over the date line: the 30th of December 2011 was not."""
    rule, clock = Cron("0 12 * * *"), clock_of("Pacific/Apia")
    days = [
        [one.at.astimezone(clock.zone).isoformat() for one in islice(found.after(begin), 3)]
        for begin in [at("2011-12-29T12:00-10:00")]
        for found in [Recurrence(rule, clock), Recurrence(rule, clock, gap="skip")]
    ]
    assert days[0][0] == "2011-12-31T12:00:00+14:00"  # the 30th moved there, and the 31st: one
    assert days[0] == days[1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 9 29 2 1", "2027-02-01T09:00+00:00"),  # the 29th, or a Monday
        ("0 9 29 2 *", "2028-02-29T09:00+00:00"),
        ("0 9 */29 2 1", "2027-02-01T09:00+00:00"),  # the 1st or the 29th, and a Monday
        ("0 0 L * *", "2026-03-31T00:00+00:00"),
        ("0 0 L-3 * ?", "2026-03-28T00:00+00:00"),
        ("0 0 LW 5 *", "2026-05-29T00:00+00:00"),
        ("0 0 15W 8 *", "2026-08-14T00:00+00:00"),  # a Saturday
        ("0 0 1W 8 *", "2026-08-03T00:00+00:00"),  # a Saturday, and not in July
        ("0 0 31W 5 *", "2026-05-29T00:00+00:00"),  # a Sunday, and not in June
        ("0 0 * * fri#2", "2026-03-13T00:00+00:00"),
        ("0 0 * * mon#5", "2026-03-30T00:00+00:00"),
        ("0 0 * * 5L", "2026-03-27T00:00+00:00"),
        ("0 0 * * fri-mon", "2026-03-06T00:00+00:00"),
        ("0 22-2 * * *", "2026-03-02T22:00+00:00"),
        ("15 10/5 * * *", "2026-03-02T15:15+00:00"),
        ("30 0 9 * * *", "2026-03-03T09:00:30+00:00"),
        ("@weekly", "2026-03-08T00:00+00:00"),
        ("@Hourly", "2026-03-02T13:00+00:00"),
    ],
)
def test_the_first_of_a_rule_is_known(text: str, first: str) -> None:
    one = Recurrence(Cron(text), clock_of("UTC")).next(at("2026-03-02T12:00Z"))
    assert one is not None
    assert one.at == at(first)


def test_times_of_day_are_taken_on_their_weekdays() -> None:
    rule = At(("12:30", "9:00", "12:30:00"), weekdays=("wed", "Monday"))
    assert (rule.times, rule.weekdays) == (("09:00:00", "12:30:00"), ("mon", "wed"))
    assert berlin(rule, "2026-03-02T10:00Z", 3) == [
        "2026-03-02 12:30+01:00", "2026-03-04 09:00+01:00", "2026-03-04 12:30+01:00",
    ]  # fmt: skip


def test_an_interval_is_time_that_passes_whatever_clocks_do() -> None:
    rule = Every(timedelta(hours=6), anchor=at("2026-03-28T18:30+01:00"))
    assert berlin(rule, "2026-03-01T00:00Z", 4) == [
        "2026-03-28 18:30+01:00", "2026-03-29 00:30+01:00", "2026-03-29 07:30+02:00",
        "2026-03-29 13:30+02:00",
    ]  # fmt: skip


@given(WHEN, st.integers(60, 10**6), WHEN)
def test_an_interval_comes_a_whole_number_of_times_after_its_anchor(
    anchor: datetime, seconds: int, begin: datetime
) -> None:
    interval = timedelta(seconds=seconds)
    one = Recurrence(Every(interval, anchor), clock_of("Asia/Tokyo")).next(begin)
    assert one is not None
    assert (one.at - anchor) % interval == timedelta()
    assert one.at > begin
    assert one.at == anchor or (one.at > anchor and one.at - interval <= begin)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "5 fields"), ("* * * *", "not 4"), ("* * * * * * *", "not 7"),
        ("60 * * * *", "minute '60': 60 is not from 0 to 59"), ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"), ("* * * 13 *", "month"), ("* * * * 8", "day of week"),
        ("*/0 * * * *", "a step is from 1"), ("*/60 * * * *", "a step"), ("*/x * * * *", "no step"),
        ("1- * * * *", "'' is not a number"), ("a * * * *", "'a' is not a number"),
        ("1,,2 * * * *", "'' is not a number"), ("* * * foo *", "a number or a name"),
        ("² * * * *", "'²'"), ("٣ * * * *", "'٣'"), ("-1 * * * *", "''"), ("1.5 * * * *", "'1.5'"),
        ("* * L-31 * *", "L-1 to L-30"), ("* * 32W * *", "32 is not"), ("* * * * L", "which weekday"),
        ("* * * * mon#6", "1st to the 5th"), ("0 0 30 2 *", "never comes"), ("0 0 31 4,6 *", "never"),
        ("0 0 31W 4 *", "never comes"), ("@reboot", "there is no '@reboot'"), ("@every 5m", "no '@every'"),
        ("? * * * *", "'?'"), ("99999999999999999999 * * * *", "is not a number"),
        ("0 " * 200 + "* * * *", "at most 256"), ("0 0 L/2 * *", "'L/2'"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_by_its_field(text: str, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Cron(text)
    assert told in str(refused.value)
    assert refused.value.field == "rule"


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: At(()), "times"), (lambda: At(("24:00",)), "times"), (lambda: At("09:00"), "times"),  # type: ignore[arg-type]
        (lambda: At(("9",)), "times"), (lambda: At(("09:00",), ("someday",)), "weekdays"),
        (lambda: At(("09:00",), "mon"), "weekdays"),  # type: ignore[arg-type]
        (lambda: At(tuple(["09:00"] * 201)), "times"),
        (lambda: Every(timedelta(seconds=59)), "interval"), (lambda: Every(timedelta(-1)), "interval"),
        (lambda: Every(timedelta(hours=1), datetime(2026, 1, 1)), "anchor"),
        (lambda: Recurrence(Every(timedelta(hours=1)), clock_of("UTC")), "anchor"),
        (lambda: Recurrence(Cron("@daily"), clock_of("UTC"), gap="x"), "gap"),  # type: ignore[arg-type]
        (lambda: Recurrence(Cron("@daily"), clock_of("UTC"), fold="x"), "fold"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_value_that_is_no_rule_is_refused_by_its_field(make: object, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make()  # type: ignore[operator]
    assert refused.value.field == field


def test_the_calendar_ends_and_says_so() -> None:
    last = at("9999-12-01T00:00Z")
    for rule in (Cron("@yearly"), Every(timedelta(days=400), last)):
        assert len(list(Recurrence(rule, clock_of("Europe/Berlin")).after(last))) <= 1
    early = Recurrence(Cron("@daily"), clock_of("Europe/Berlin")).next(
        datetime.min.replace(tzinfo=UTC)
    )
    assert early is not None
