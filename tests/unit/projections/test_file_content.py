"""Comparing a file with what is due, part by part: as if both were there as a whole."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.projections import file_content as comparing
from jobledger.projections.file_content import FirstDifference, first_difference, is_same

FS = FileSystem()
TEXTS = st.lists(st.sampled_from([b"a", b"b", b"\n", b"ab\n", "ế".encode()]), max_size=12)


def by_lines(found: bytes, due: bytes) -> FirstDifference | None:
    """Ask the same question of whole files."""
    if found == due:
        return None
    old, new = found.split(b"\n"), due.split(b"\n")
    line = 0
    while line < min(len(old), len(new)) and old[line] == new[line]:
        line += 1
    shown = [text[line].decode() if line < len(text) else None for text in (old, new)]
    return FirstDifference(line + 1, *shown)


@given(found=TEXTS, due=TEXTS, ends_alike=st.booleans())
@settings(max_examples=300, deadline=None)
def test_parts_are_compared_as_the_whole(
    found: list[bytes], due: list[bytes], ends_alike: bool
) -> None:
    """Wherever the parts end, and however long either is."""
    with TemporaryDirectory() as place:
        path = Path(place, "file")
        content = b"".join([*found, *due] if ends_alike else found)
        path.write_bytes(content)
        parts = [*found, *due] if ends_alike and len(found) % 2 else due
        expected = by_lines(content, b"".join(parts))
        assert first_difference(FS, path, parts) == expected
        assert is_same(FS, path, parts) == (expected is None)


def test_of_a_long_line_the_beginning_is_shown(directory: Path) -> None:
    """Also where its end is far away, or is in another part than the byte that differs."""
    directory.mkdir()
    path = directory / "file"
    path.write_bytes(b"first\n" + b"x" * 300_000 + b"y" + b"\n")
    difference = first_difference(FS, path, [b"first\n", b"x" * 300_000, b"z\n"])
    assert difference == FirstDifference(2, "x" * 200, "x" * 200)
    path.write_bytes(b"first\nabc")
    assert first_difference(FS, path, [b"first\na", b"d", b"e\n", b"f"]) == FirstDifference(
        2, "abc", "ade"
    )


def test_no_file_is_the_same_as_nothing_due(directory: Path) -> None:
    """An empty one is not, and neither is nothing where something is due."""
    directory.mkdir()
    path = directory / "file"
    assert is_same(FS, path, None)
    assert not is_same(FS, path, [b""])
    with pytest.raises(FileNotFoundError):
        first_difference(FS, path, [b""])
    path.write_bytes(b"")
    assert not is_same(FS, path, None)
    assert is_same(FS, path, [])


def test_reading_ends_where_a_difference_is_found(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later parts are not even made, but for the one in which the line ends."""
    monkeypatch.setattr(comparing, "_MORE", 8)
    directory.mkdir()
    path = directory / "file"
    path.write_bytes(b"a\n" * 1000)
    made = []

    class Parts:
        def __iter__(self):  # type: ignore[no-untyped-def] # a generator of bytes
            for number in range(1000):
                made.append(number)
                yield b"b\n" if number == 3 else b"a\n"

    assert first_difference(FS, path, Parts()) == FirstDifference(4, "a", "b")
    assert made == [0, 1, 2, 3, 4]
