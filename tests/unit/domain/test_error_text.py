"""Errors that differ only in numbers and ids are one error."""

from __future__ import annotations

import pytest

from jobledger.domain.error_text import MAX_CHARS, grouped


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("timeout after 31 s", "timeout after # s"),
        ("timeout after 0.25s", "timeout after #s"),
        ("no post 17890123", "no post #"),
        ("refused by 10.0.0.12:443", "refused by #"),
        ("job 123e4567-e89b-12d3-a456-426614174000 is gone", "job # is gone"),
        ("digest 9f86d081884c7d65", "digest #"),
        ("token ya29A0ARrdaM9xZ_q1 expired", "token # expired"),
        ("object at 0x7f3a", "object at #"),
        ("HTTP 503: busy for 20 s", "HTTP 503: busy for # s"),
        ("HTTP/1.1 404", "HTTP/1.1 404"),
        ("status code 429", "status code 429"),
        ("OSError: [Errno 28] No space left", "OSError: [Errno 28] No space left"),
        ("error 12345 in row 7", "error # in row #"),
        ("UTF8 and x509 are words", "UTF8 and x509 are words"),
        ("deadbeef is a word, too", "deadbeef is a word, too"),
        ("\n  first line\nsecond line 1", "first line"),
        ("bị từ chối sau 5 lần", "bị từ chối sau # lần"),
        (" \n", "(no message)"),
        ("", "(no message)"),
    ],
)
def test_numbers_and_ids_are_replaced_and_words_and_status_codes_stay(
    error: str, text: str
) -> None:
    """Of the first line that says anything."""
    assert grouped(error) == text


def test_a_long_error_is_cut() -> None:
    """To 200 characters, with a sign that it was."""
    text = grouped("wo rd " * 100)
    assert len(text) == MAX_CHARS
    assert text.endswith("…")
