"""A command on a terminal of its own."""

from __future__ import annotations

import codecs
import os
import pty
import select
import sys
import termios
from contextlib import suppress
from pathlib import Path

from support.waiting import eventually


class Terminal:
    """The command on a terminal of its own, answered key by key."""

    def __init__(self, directory: Path, *arguments: str, columns: int = 80, **env: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "dumb", "COLUMNS": str(columns), **env}
            command = [sys.executable, "-m", "jobledger", "--dir", str(directory), *arguments]
            os.execv(sys.executable, command)
        self.seen = ""
        self._text = codecs.getincrementaldecoder("utf-8")().decode

    def until(self, text: str) -> str:
        """Return what it prints up to and with `text`."""
        while text not in self.seen:
            assert select.select([self.fd], [], [], 30)[0], f"no {text!r} in {self.seen!r}"
            self.seen += self._text(os.read(self.fd, 4096))
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, key: str) -> None:
        """Press a key once the program listens to keys: what comes before is thrown away."""
        eventually(lambda: not termios.tcgetattr(self.fd)[3] & termios.ICANON, "the raw terminal")
        os.write(self.fd, key.encode())

    def rest(self) -> str:
        """Return what it prints to its end; the program has to end by itself."""
        with suppress(OSError):  # how Linux says that the other side is closed
            while data := os.read(self.fd, 4096):
                self.seen += self._text(data)
        return self.seen

    def wait(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code
