"""The pictures of the documents, taken of a ledger with a bit of everything.

`make pictures` writes them; else they are taken all the same, and looked at no further than that
there is something on them.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from support.desk import Desk
from support.sites import Site

PAGES = {"today": "/", "calendar": "/calendar", "job": "/jobs/unknown"}
Scheme = Literal["light", "dark"]
LOOKS: dict[str, tuple[Scheme, int, int]] = {
    "light": ("light", 1180, 780),
    "dark": ("dark", 1180, 780),
    "phone": ("light", 390, 760),
}
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the pictures go."""
    given = os.environ.get("JOBLEDGER_PICTURES")
    place = Path(given) if given else tmp_path_factory.mktemp("pictures")
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.mark.parametrize("look", LOOKS)
def test_a_picture_is_taken_of_what_people_look_at(
    seat: Callable[..., Desk], serve: Callable[..., Site], place: Path, look: str
) -> None:
    scheme, width, height = LOOKS[look]
    desk = seat(serve(users=True), "oanh", width, color_scheme=scheme, reduced_motion="reduce")
    page = desk.context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    for name, address in PAGES.items():
        desk.go(page, address)
        picture = page.screenshot(path=place / f"{name}-{look}.png")
        assert len(picture) < MOST_BYTES
        assert size_of(picture) == (width, height)
        assert len(set(pixels_of(picture))) > 100


def size_of(picture: bytes) -> tuple[int, int]:
    """Return how wide and high a PNG is."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def pixels_of(picture: bytes) -> bytes:
    """Return what the pixels of a PNG are made of."""
    data, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(data)
