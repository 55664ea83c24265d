"""The standard streams of a command, and that they are as they were afterwards."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter

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


INTERRUPTED = """
import sys
from jobledger.tools import streams

def interrupt(frame, event, argument):
    global steps
    if frame.f_code.co_filename != streams.__file__:
        return None
    frame.f_trace_opcodes = True
    steps -= event == "opcode"
    if steps == 0:
        raise KeyboardInterrupt
    return interrupt

for at in range(1, 1000):
    with streams.standard_streams():
        steps = at
        sys.settrace(interrupt)
        try:
            print(at, flush=True)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        sys.stdout.flush()
    if steps > 0:
        break
"""


def test_an_interruption_anywhere_writes_nothing_twice() -> None:
    """As Ctrl-C in the midst of what follows a log: between the system's write and the note of
    it."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True
    )
    written = Counter(map(int, done.stdout.split()))
    steps = max(written)
    assert steps > 20, "it was interrupted at each of so many steps"
    assert set(written.values()) == {1}
