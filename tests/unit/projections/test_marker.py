"""The marker of derived files: what they stand for, or nothing that anybody believes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.eventstore import damages

from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.position import DayRead
from jobledger.projections.marker import (
    Marker,
    MarkerError,
    encode_marker,
    marker_path,
    read_marker,
)

FS = FileSystem()
MARKER = Marker.at("3f1c", DayRead("2026-03-01", 1234, 5, 17, "ab" * 16))


def put(directory: Path, data: bytes) -> None:
    marker_path(directory, "daily_files").write_bytes(data)


def test_a_marker_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_marker(FS, tmp_path) is None
    put(tmp_path, encode_marker(MARKER))
    assert read_marker(FS, tmp_path) == MARKER


def test_no_flipped_bit_and_no_truncation_is_believed(tmp_path: Path) -> None:
    """Not even one that makes another number of a number."""
    for what, data in damages(encode_marker(MARKER)):
        put(tmp_path, data)
        try:
            found = read_marker(FS, tmp_path)
        except MarkerError:
            continue
        assert found == MARKER, what


def test_a_marker_of_an_older_release_says_how_far_the_files_go(tmp_path: Path) -> None:
    put(tmp_path, b'{"ledger":"3f1c","seq":17}')
    assert read_marker(FS, tmp_path) == Marker("3f1c", 17)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 4000,
        b'{"seq":' * 500,
        b'{"ledger":"3f1c","seq":' + b"9" * 4000 + b"}",
        b'{"ledger":"3f1c","seq":-1}',
        b'{"ledger":"3f1c","seq":"17"}',
        b'{"ledger":3,"seq":17}',
        b'{"ledger":"3f1c","seq":1e400}',
        b'{"ledger":"\xc3\x28","seq":17}',
        b'{"ledger":"3f1c","seq":17,"hash":"ab"}',
        b'{"ledger":"3f1c","seq":17,"seq":18}',
        b'{"seq":17,"ledger":"3f1c"}',
        b'{"ledger":"3f1c","seq":NaN}',
        b'{"ledger":"3f1c","seq":17}' + b" " * 5000,
        b"null",
        bytes(300),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_no_marker_is_told_and_never_raised_as_it_is(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, data)
    with pytest.raises(MarkerError):
        read_marker(FS, tmp_path)
