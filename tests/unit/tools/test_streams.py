"""The standard streams of a command, and that they are as they were afterwards."""

from __future__ import annotations

import io
import sys

import pytest

from jobledger.tools.streams import standard_streams


def ascii_stream(errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "ascii", errors=errors, write_through=True)


def test_what_an_encoding_lacks_is_escaped_and_our_own_marks_are_as_in_ascii(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Afterwards the stream is what it was, and belongs to whoever called us."""
    stream = ascii_stream()
    monkeypatch.setattr(sys, "stdout", stream)
    with standard_streams():
        print("Xin chào – 😀 → …")
    assert sys.stdout is stream
    assert stream.buffer.getvalue() == b"Xin ch\\xe0o - \\U0001f600 -> ...\n"  # type: ignore[attr-defined]
    assert (stream.encoding, stream.errors) == ("ascii", "strict")
    with pytest.raises(UnicodeEncodeError):
        print("chào")


def test_what_somebody_chose_for_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by PYTHONIOENCODING=ascii:xmlcharrefreplace."""
    stream = ascii_stream("xmlcharrefreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    with standard_streams():
        print("chào")
    assert stream.buffer.getvalue() == b"ch&#224;o\n"  # type: ignore[attr-defined]


def test_a_stream_that_is_no_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a notebook's, or a test's."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with standard_streams():
        print("chào")
    assert stream.getvalue() == "chào\n"
