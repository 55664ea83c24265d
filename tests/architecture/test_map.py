"""The map of the house in CONTRIBUTING.md is true."""

from __future__ import annotations

import re

import pytest
from support.anchors import ROOT

_MAP = re.compile(r"^\| `(\w+)/` \|[^|]*\|(.*)\|$", re.M)
ROOMS = dict(_MAP.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")))


def test_each_room_is_on_the_map() -> None:
    """Those of the package, and those beside it."""
    beside = {".ci", "docs", "examples", "build", "dist"}
    found = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert found - beside - ROOMS.keys() == set()


@pytest.mark.parametrize("room", ROOMS)
def test_what_the_map_names_is_there(room: str) -> None:
    """Every file and folder, wherever in the room it is, or by its whole path."""
    there = {str(path.relative_to(ROOT / room)) for path in (ROOT / room).rglob("*")}
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", ROOMS[room]):
        wanted = name.rstrip("/")
        in_the_room = any(each == wanted or each.endswith(f"/{wanted}") for each in there)
        assert in_the_room or (ROOT / wanted).exists(), name
