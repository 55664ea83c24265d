"""What a page shows is done: its files are written, its commands typed, what they print compared.

A block of Python under a comment `<!-- file: NAME -->` is that file. In a block `console` each line
`$ COMMAND` is typed, and what stands below it has to be printed; `…` stands for anything, and where
nothing stands below, nothing is compared. A command with ` &` at its end goes on in the background
until `$ kill %1`. As long as one does, what is shown below another command comes about in a while.
The beginning of an id that was shown stands for the one that was printed in its place.
Days of January 2027 are days from now on, so that a page stays true.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from support.waiting import eventually

_BLOCK = re.compile(
    r"(?:^ *<!-- file: (\S+) -->\n)?^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL
)
_ID = re.compile(r"\b[0-9a-f]{8}\b(?!-)")  # the beginning of one
# What is another one at every run, whatever the machine: ids, hashes, days, times, how long.
_VARIES = [
    (_ID.pattern, r"([0-9a-f]{8})"),
    (r"\b[0-9a-f]{32}\b", r"[0-9a-f]{32}"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", r"[0-9a-f-]{36}"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"),
    (r"\b\d{4}-\d\d-\d\d\b", r"\d{4}-\d\d-\d\d"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", r"\d\d:\d\d:\d\d(?:\.\d+)?"),
    (r"\b(?:pid |process |runner:)\d+\b", r"(?:pid |process |runner:)\d+"),
    (
        r"[+]?\d+(?:\.\d+)? (?:ms|s|min|h|d|seconds?|minutes?|hours?|days?)\b",
        r"[+]?\d+(?:\.\d+)? \w+",
    ),
    (r"…", r".*"),
]


class Typed(NamedTuple):
    """A command that is shown, and what is shown to be printed by it."""

    command: str
    printed: str


class Place:
    """A directory in which a page is done, with `jobledger` at hand."""

    def __init__(self, path: Path, **variables: str) -> None:
        self.path = path
        self._ids: dict[str, str] = {}
        self._background: list[subprocess.Popen[bytes]] = []
        programs = path / ".bin"
        programs.mkdir()
        for name, what in (("jobledger", "-m jobledger"), ("python", "")):
            shim = programs / name
            shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {what} "$@"\n')
            shim.chmod(0o755)
        added = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONUTF8": "1", "COLUMNS": "100"}
        self._environment = os.environ | added | variables

    def do(self, text: str) -> int:
        """Do all of a page; return how many commands that were. What goes on is ended."""
        count = 0
        try:
            for each in steps(text):
                if isinstance(each, Typed):
                    count += 1
                    self._type(each)
                else:
                    (self.path / each[0]).write_text(_from_now_on(each[1]), "utf-8")
        finally:
            for process in self._background:
                process.kill()
                process.wait()
        return count

    def _type(self, typed: Typed) -> None:
        if typed.command.endswith(" &"):
            command = ["bash", "-c", f"exec {typed.command.removesuffix(' &')}"]
            with (self.path / ".log").open("wb") as log:
                process = subprocess.Popen(
                    command, cwd=self.path, env=self._environment, stdout=log, stderr=log
                )
            self._background.append(process)
        elif typed.command == "kill %1":
            process = self._background.pop()
            process.terminate()
            assert process.wait(60) == 0, (self.path / ".log").read_text("utf-8")
        elif self._background and typed.printed:
            eventually(lambda: self._is_printed(typed, self._run(typed.command)[1]), str(typed))
        else:
            code, done = self._run(typed.command)
            assert code == 0, f"{typed.command}\n{done}"
            assert not typed.printed or self._is_printed(typed, done), (
                f"{typed.command}\nprints\n{done}\nand not\n{typed.printed}"
            )

    def _is_printed(self, typed: Typed, printed: str) -> bool:
        found = matches(typed.printed, printed)
        if found is not None:
            self._ids |= zip(_ID.findall(typed.printed), found.groups(), strict=True)
        return found is not None

    def _run(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", _ID.sub(lambda shown: self._ids[shown[0]], _from_now_on(command))],
            cwd=self.path, env=self._environment, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False,
        )  # fmt: skip
        return done.returncode, done.stdout


def steps(text: str) -> Iterator[Typed | tuple[str, str]]:
    """Yield the files and commands of a page, in their order."""
    for name, language, block in _BLOCK.findall(text):
        content = textwrap.dedent(block)
        if name:
            yield name, content
        elif language == "console":
            for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                yield Typed(re.sub(r"\s+#.*", "", command), printed)


def _from_now_on(text: str) -> str:
    today = datetime.now(UTC).date()
    return re.sub(r"2027-01-(\d\d)", lambda day: str(today + timedelta(days=int(day[1]))), text)


def matches(shown: str, printed: str) -> re.Match[str] | None:
    """Match what is printed with what is shown, but for what varies and how columns are set; the
    groups are the beginnings of ids."""
    pattern, at, shown = [], 0, shown.strip()
    varies = re.compile("|".join(f"(?P<v{n}>{what})" for n, (what, _) in enumerate(_VARIES)))
    for found in varies.finditer(shown):
        name = next(key for key, value in found.groupdict().items() if value)
        pattern += [_plain(shown[at : found.start()]), _VARIES[int(name[1:])][1]]
        at = found.end()
    pattern.append(_plain(shown[at:]))
    lines = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return re.fullmatch("".join(pattern), lines, re.DOTALL)


def _plain(text: str) -> str:
    """Return a pattern of a text in which any white space is as good as any other."""
    return re.sub(r"(\\?\s)+", r"\\s+", re.escape(text))
