"""Cron texts of all kinds, as a strategy."""

from __future__ import annotations

from hypothesis import strategies as st


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


MINUTES = numbers(0, 59) | st.sampled_from(["0", "30", "*/15"])
CRONS = st.builds(
    "{} {} {} {} {}".format, MINUTES, numbers(0, 23), _dates(), st.just("*"), _weekdays()
)
