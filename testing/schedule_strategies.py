"""Hypothesis strategies of schedules: cron texts, rules, what may be said of one, and to one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from ..domain import At, Cron, Every, JobPriority, Rule, ValidationError
from ..ledger import Ledger

ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Ho_Chi_Minh", "UTC",
)  # fmt: skip
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def numbers(least: int, most: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Make the texts of a field: lists of numbers, names, ranges and steps."""
    one = st.integers(least, most).map(str)
    if names:
        one |= st.sampled_from(names)
    spans = st.just("*") | one | st.tuples(one, one).map("-".join)
    parts = spans | st.tuples(spans, st.integers(1, most)).map(lambda two: f"{two[0]}/{two[1]}")
    return st.lists(parts, min_size=1, max_size=3).map(",".join)


def _dates() -> st.SearchStrategy[str]:
    special = (
        st.sampled_from(["L", "LW"])
        | st.integers(1, 30).map(lambda n: f"L-{n}")
        | st.integers(1, 31).map(lambda n: f"{n}W")
    )
    return st.just("*") | numbers(1, 31) | st.lists(special, min_size=1, max_size=2).map(",".join)


def _weekdays() -> st.SearchStrategy[str]:
    names = ("sun", "MON", "tue", "wed", "Thu", "fri", "sat")
    day = st.integers(0, 7).map(str) | st.sampled_from(names)
    special = st.tuples(day, st.integers(1, 5)).map(lambda two: f"{two[0]}#{two[1]}") | day.map(
        lambda one: f"{one}L"
    )
    return st.just("*") | numbers(0, 7, names) | special


def cron_texts(
    minutes: st.SearchStrategy[str] | None = None, hours: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[str]:
    """Make cron texts of five fields, of all kinds, also of days that never come."""
    if minutes is None:
        minutes = numbers(0, 59) | st.sampled_from(["0", "30", "*/15"])
    return st.builds(
        "{} {} {} {} {}".format,
        minutes,
        numbers(0, 23) if hours is None else hours,
        _dates(),
        st.just("*"),
        _weekdays(),
    )


def _comes(text: str) -> bool:
    try:
        Cron(text)
    except ValidationError:
        return False
    return True


_HOURS = st.sampled_from(["2", "9", "0,12", "1-3", "*/8"]) | st.integers(0, 23).map(str)
_TIMES = st.sampled_from(["00:00", "01:59", "02:00", "02:30", "09:00", "18:30:15"])


def rules() -> st.SearchStrategy[Rule]:
    """Make rules of all kinds: each of them comes, and at most three times a day."""
    return st.one_of(
        cron_texts(st.sampled_from(["0", "30", "59"]), _HOURS).filter(_comes).map(Cron),
        st.builds(
            At,
            st.lists(_TIMES, min_size=1, max_size=3).map(tuple),
            st.lists(st.sampled_from(_WEEKDAYS)).map(tuple),
        ),
        st.integers(8, 90).map(lambda hours: Every(timedelta(hours=hours, minutes=hours))),
    )


_TEXTS = st.integers(1, 25).flatmap(
    lambda count: st.sampled_from(["{n}", "of {date:%d.%m. %H:%M}", "{{{account}}}"]).map(
        lambda form: [f"text {n} {form}" for n in range(count)]
    )
)
_MORE: dict[str, st.SearchStrategy[Any]] = {
    "zone": st.sampled_from(ZONES),
    "order": st.sampled_from(["turns", "shuffle", "once"]),
    "priority": st.sampled_from(JobPriority),
    "metadata": st.sampled_from([None, {"k": [1, None]}]),
    "hold": st.booleans(),
    "gap": st.sampled_from(["shift", "skip", "end"]),
    "fold": st.sampled_from(["first", "second", "both"]),
    "misfire": st.sampled_from(["latest", "skip", "all"]),
    "grace": st.sampled_from([timedelta(0), timedelta(minutes=10), timedelta(hours=3)]),
    "catch_up": st.integers(1, 3),
    "jitter": st.sampled_from([None, timedelta(minutes=20), timedelta(hours=6)]),
    "max_count": st.none() | st.integers(1, 40),
    "overlap": st.sampled_from(["queue", "skip"]),
}
"""What can be said of a schedule beside its rule and its texts, and changed."""


def schedules(
    *, accounts: st.SearchStrategy[str] = st.just("shop")
) -> st.SearchStrategy[dict[str, Any]]:
    """Make the arguments of an `add_schedule` that is accepted: all but the schedule's id."""
    return st.fixed_dictionaries(
        {"rule": rules(), "account_id": accounts, "content": _TEXTS},
        optional=_MORE | {"paused": st.booleans(), "max_retries": st.integers(0, 4)},
    )


class ScheduleChange(msgspec.Struct, frozen=True):
    """Something that anybody may say to a schedule: the method of Ledger, its arguments, and the
    states in which the lifecycle has it. `may_be_refused`: also in these, where there is no
    occurrence, or no text, left for it."""

    method: str
    states: tuple[str, ...]
    arguments: dict[str, Any] = {}
    may_be_refused: bool = False

    def __call__(self, ledger: Ledger, schedule_id: str) -> None:
        getattr(ledger, self.method)(schedule_id, **self.arguments)


_OPEN = ("active", "paused")


def schedule_edits() -> st.SearchStrategy[ScheduleChange]:
    """Make edits, each of one field of a schedule, of any."""
    fields = _MORE | {"rule": rules(), "content": _TEXTS}
    return st.one_of(
        *(
            values.map(lambda value, name=name: {name: value})  # type: ignore[misc]  # bound now
            for name, values in sorted(fields.items())
        )
    ).map(lambda said: ScheduleChange("edit_schedule", _OPEN, said))


def schedule_orders() -> st.SearchStrategy[ScheduleChange]:
    """Make whatever is said to a schedule beside edits; ending it is rare."""
    return st.sampled_from(
        [
            *[ScheduleChange("pause_schedule", ("active",))] * 3,
            *[ScheduleChange("resume_schedule", ("paused",))] * 5,
            *[ScheduleChange("skip_occurrence", _OPEN, may_be_refused=True)] * 3,
            *[ScheduleChange("run_schedule_now", ("active",), may_be_refused=True)] * 2,
            ScheduleChange("end_schedule", _OPEN),
        ]
    )


def schedule_commands() -> st.SearchStrategy[ScheduleChange]:
    """Make everything that a user can say to a schedule, as a `ScheduleChange`."""
    return schedule_edits() | schedule_orders()
