"""Lists of jobs: what all rows have stands one below the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.desk import Desk
from support.sites import Site

EDGES = """
(lists, what) => lists.map(list => [...list.querySelectorAll(what)].map(
  each => Math.round(each.getBoundingClientRect().left)))
"""


def edges(desk: Desk, address: str, what: str) -> list[list[int]]:
    """Return where each of them begins, by list."""
    page = desk.open(address)
    script = f"lists => ({EDGES})(lists, '{what}')"
    found: list[list[int]] = page.locator(".jobs").evaluate_all(script)
    return found


@pytest.mark.parametrize("language", ["en-GB", "vi-VN"])
@pytest.mark.parametrize("width", [1440, 720, 390, 320])
@pytest.mark.parametrize("address", ["/", "/jobs?order=time", "/accounts/one?id=shop"])
def test_times_and_texts_of_all_rows_begin_at_one_place(
    seat: Callable[..., Desk], shown: Site, address: str, width: int, language: str
) -> None:
    """Whatever their days are called."""
    desk = seat(shown, width=width, locale=language)
    for what in (".clock", ".text"):
        lists = edges(desk, address, what)
        assert max(map(len, lists)) > 3
        assert [len(set(each)) for each in lists] == [1] * len(lists)


@pytest.mark.parametrize("width", [1440, 720])
def test_accounts_and_states_do_too_where_there_is_room(
    seat: Callable[..., Desk], shown: Site, width: int
) -> None:
    desk = seat(shown, width=width)
    for what in (".account", ".state"):
        (rows,) = edges(desk, "/jobs?order=time", what)
        assert len(rows) > 10
        assert len(set(rows)) == 1
