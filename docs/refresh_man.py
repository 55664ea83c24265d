"""Write docs/jobledger.1, the manual page, from docs/commands.md (see refresh_commands.py).

Of Markdown it knows what that page has: headings, paragraphs, tables of two columns, examples in
`sh`, code, links and escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jobledger.release import __version__

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs" / "commands.md"
PAGE = ROOT / "docs" / "jobledger.1"
CHANGED = "2026-11-28"
"""The day of the page, which readers show; no clock, so that it is the same wherever it is made."""

_BEGIN = f"""\
.TH JOBLEDGER 1 {CHANGED} "jobledger {__version__}" "User Commands"
.SH NAME
jobledger \\- durable, auditable job scheduling for social posts"""
_BLOCK = re.compile(r"\n*(?:```sh\n(?P<code>.*?)\n```|(?P<text>.+?)(?=\n\n|\n*\Z))", re.DOTALL)
_CODE = re.compile(r"`([^`]*)`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def manual_page(markdown: str) -> str:
    """Return the page in the macros of man(7)."""
    after_title = markdown.partition("\n\n")[2].partition("\n\n")[2]
    return "\n".join([_BEGIN, *_lines(after_title)]) + "\n"


def _lines(markdown: str) -> Iterator[str]:
    is_first = False
    for block in _BLOCK.finditer(markdown):
        code, text = block["code"], (block["text"] or "").strip()
        if code is not None:
            yield from (".RS 4", ".nf", *map(_plain, code.splitlines()), ".fi", ".RE")
        elif text.startswith("#"):
            marks, _, title = text.partition(" ")
            yield f".SH {title.upper()}" if marks == "##" else f".SS {_quoted(title)}"
        elif text.startswith("|"):
            yield from _table(text)
        elif text:
            if not is_first:
                yield ".PP"
            yield from map(_said, text.splitlines())
        is_first = text.startswith("#")


def _table(text: str) -> Iterator[str]:
    """Yield what a table says; its first two lines are its head."""
    for row in text.splitlines()[2:]:
        cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
        name, said = (cell.strip().replace("\\|", "|") for cell in cells)
        yield ".TP"
        yield _said(name)
        yield _said(said) or "\\&"


def _said(line: str) -> str:
    """Return a line of text, with its code in bold."""
    parts = _CODE.split(_LINK.sub(r"\1", line))
    parts[::2] = [_escaped(re.sub(r"\\(.)", r"\1", part)) for part in parts[::2]]
    parts[1::2] = [f"\\fB{_escaped(part)}\\fR" for part in parts[1::2]]
    return _guarded("".join(parts))


def _plain(line: str) -> str:
    return _guarded(_escaped(line))


def _quoted(title: str) -> str:
    return f'"{_escaped(title)}"' if " " in title else _escaped(title)


def _escaped(text: str) -> str:
    """Escape what roff takes for its own; what is not ASCII is named by its number."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text)


def _guarded(line: str) -> str:
    """Keep a line that begins with a dot or an apostrophe from being a request."""
    return f"\\&{line}" if line.startswith((".", "'")) else line


def main() -> None:
    PAGE.write_text(manual_page(SOURCE.read_text("utf-8")), "ascii")


if __name__ == "__main__":
    main()
