"""Errors that are the same but for their numbers and ids, under one text.

"timeout after 31 s" and "timeout after 32 s" are one error with two numbers; "HTTP 404" and
"HTTP 503" are two.
"""

from __future__ import annotations

import re

HOLE = "#"
MAX_CHARS = 200

_VARYING = re.compile(
    r"""
      (?P<kept> (?i: \b(?: https? (?:/\d(?:\.\d)?)? | status (?:[\s_-]? code)? | code | errno
                         | error ) ) [\s:=]* \d{1,3} \b (?![.:,]\d) )
    | (?<!\w) (?=[0-9a-fA-F-]*\d) [0-9a-fA-F]{8,} (?: -[0-9a-fA-F]+ )* (?!\w)   # UUIDs, digests
    | (?<!\w) 0x[0-9a-fA-F]+                                                    # addresses
    | (?<!\w) (?=\w*\d) \w{16,}                                                 # tokens
    | (?<!\w) \d+ (?: [.:,]\d+ )*                                               # any other number
    """,
    re.VERBOSE,
)


def grouped(error: str) -> str:
    """Return the first line of an error, each number and id in it replaced by `#`.

    A status code stays, as it says what kind of error it is: up to three digits after `HTTP`,
    `status`, `code`, `errno` or `error`. Cut at 200 characters.
    """
    text = _VARYING.sub(lambda found: found["kept"] or HOLE, first_line(error))
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


def first_line(error: str) -> str:
    """Return the first line that says anything; "(no message)" where there is none."""
    for line in error.splitlines():
        if stripped := line.strip():
            return stripped
    return "(no message)"
