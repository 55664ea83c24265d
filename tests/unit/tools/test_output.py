"""What reaches a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from jobledger.tools.output import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("xin chào 👩‍👩‍👧 ☕️", "xin chào 👩‍👩‍👧 ☕️"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb", "a ⏎ b"),
        ("a\rb\x07", "a\\x0db\\x07"),
        ("abc\u202edef", "abc\\x202edef"),
        ("\x9b2J", "\\x9b2J"),
    ],
)
def test_control_characters_are_shown_never_sent(text: str, shown: str) -> None:
    """Escape sequences, bells, carriage returns, direction overrides; words and emoji stay."""
    assert printable(text) == shown


def test_line_breaks_can_be_kept() -> None:
    """For the content of one job."""
    assert printable("a\nb\x1b", one_line=False) == "a\nb\\x1b"


def test_what_the_output_lacks_is_shown_as_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly, so that two texts never look the same; a line break as what it is called."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "iso8859-1"))
    assert printable("à–…\n😀\x1b") == "à\\u2013\\u2026\\n\\U0001f600\\x1b"
    assert printable("à\n–", one_line=False) == "à\n\\u2013"
