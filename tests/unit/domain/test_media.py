"""What an image or a video is, by its bytes; and no file makes that read what is not there."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.anchors import ROOT
from support.media import box, gif, jpeg, mp4, png, riff, segment, webp

from jobledger import ValidationError
from jobledger.domain.media.facts import MOST_PARTS, MediaFacts
from jobledger.domain.media.reading import media_facts

FILES = {
    "png": png(),
    "png-animated": png(frames=7),
    "jpeg": jpeg(),
    "jpeg-turned": jpeg(orientation=6),
    "gif": gif(),
    "gif-animated": gif(delays=[10, 20, 5]),
    "webp": webp(),
    "webp-lossless": webp("VP8L"),
    "webp-extended": webp("VP8X"),
    "webp-animated": webp("VP8X", delays=[40, 60]),
    "mp4": mp4(),
    "mp4-wide": mp4(form="wide"),
    "mp4-open": mp4(form="open"),
    "mov-turned": mp4(brand=b"qt  ", turned=True),
}
SIZES = st.tuples(st.integers(1, 16_383), st.integers(1, 16_383))


def facts(name: str) -> MediaFacts:
    return media_facts(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_it_is(name: str) -> None:
    found = facts(name)
    assert found.kind == name.partition("-")[0]
    turned = (2, 3) if name.endswith("-turned") else (3, 2)
    assert (found.width, found.height) == turned
    assert found.is_animated is (name.endswith("-animated") or found.kind in ("mp4", "mov"))


def test_what_moves_says_for_how_long_and_in_how_many_pictures() -> None:
    assert facts("png-animated").frames == 7
    assert (facts("gif-animated").frames, facts("gif-animated").seconds) == (3, 0.35)
    assert (facts("webp-animated").frames, facts("webp-animated").seconds) == (2, 0.1)
    assert (facts("mp4").frames, facts("mp4").seconds) == (75, 2.5)
    assert (facts("gif").frames, facts("gif").seconds) == (1, None)


@given(SIZES)
def test_any_size_is_read_as_it_was_written(size: tuple[int, int]) -> None:
    for made in (png, jpeg, gif, mp4):
        found = media_facts(made(*size))
        assert (found.width, found.height) == size
    for form in ("VP8 ", "VP8L", "VP8X"):
        found = media_facts(webp(form, *size))
        assert (found.width, found.height) == size


def test_pictures_that_others_made_are_read(tmp_path: Path) -> None:
    """Those of the documentation, from a browser."""
    pictures = sorted((ROOT / "docs/pictures").glob("*.png"))
    assert pictures
    for path in pictures:
        data = path.read_bytes()
        assert (media_facts(data).width, media_facts(data).height) == struct.unpack(
            ">II", data[16:24]
        )


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_an_error_wherever_it_is(name: str) -> None:
    """At each of its bytes; behind the beginning of a picture of JPEG there is nothing to know."""
    data = FILES[name]
    end = data.index(b"\xff\xda") + 2 if name.startswith("jpeg") else len(data)
    for length in range(end):
        if name == "mp4-open" and length >= len(data) - 16:
            continue  # its last box goes on to the end, wherever that is
        with pytest.raises(ValidationError) as refused:
            media_facts(data[:length])
        assert refused.value.field == "media"


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_file_that_lies_is_read_or_refused(name: str, drawn: st.DataObject) -> None:
    """Whatever stands in some of its bytes: lengths that are longer than it, nothing, or less."""
    data = bytearray(FILES[name])
    for _ in range(drawn.draw(st.integers(1, 4))):
        place = drawn.draw(st.integers(0, len(data) - 1))
        some = drawn.draw(st.sampled_from([b"\0", b"\1", b"\xff", b"\xff" * 4, b"\0" * 4]))
        data[place : place + len(some)] = some
    try:
        found = media_facts(bytes(data))
    except ValidationError as refused:
        assert refused.field == "media"  # noqa: PT017  # either is right
    else:
        assert found.width > 0
        assert found.height > 0


@given(st.sampled_from([data[:12] for data in FILES.values()]), st.binary(max_size=200))
@example(b"", b"")
def test_whatever_begins_like_a_file_is_read_or_refused(begin: bytes, rest: bytes) -> None:
    try:
        assert media_facts(begin + rest).width > 0
    except ValidationError as refused:
        assert str(refused)  # noqa: PT017  # either is right


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no PNG, JPEG, GIF, WebP, MP4 or MOV"),
        (b"<svg/>", "is no PNG"),
        (png(0, 2), "says that it is 0 by 2 pixels"),
        (png()[:33] + png()[-12:], "has no picture"),
        (b"\xff\xd8\xff\xe0\0\1", "has 1 bytes"),
        (b"\xff\xd8\xff\xd9", "has no size before its picture"),
        (b"\xff\xd8" + segment(0xE0, b"") + b"\0", "has no marker at byte"),
        (gif(delays=[]), "has no picture"),
        (gif()[:-1] + b"?;", "begins nothing"),
        (b"RIFF\x12\0\0\0WEBP" + riff(b"ICCP", b"abcdef"), "is no picture"),
        (box(b"ftyp", b"isom"), "does not say what is in it"),
        (box(b"ftyp", b"avif"), "HEIF or AVIF"),
        (box(b"ftyp", b"isom") + box(b"moov"), "ends before its pictures"),
        (box(b"ftyp", b"isom") + box(b"moov") + box(b"mdat"), "has no video in it"),
        (box(b"ftyp", b"isom") + b"\0\0\0\7moov", "has 7 bytes"),
        (box(b"ftyp", b"isom") + b"\0\0\0\1moov" + b"\xff" * 8, "is said to have"),
        (box(b"ftyp", b"isom") + b"\0\0\0\1moov" + bytes(8), "has 0 bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        media_facts(data)


def test_a_file_has_no_more_parts_than_any_needs() -> None:
    """Chains of them that have no end are left before it: here each is a byte long."""
    endless = b"\xff\xd8" + b"\xff" * (MOST_PARTS + 10)
    with pytest.raises(ValidationError, match=f"more than {MOST_PARTS} parts"):
        media_facts(endless)
