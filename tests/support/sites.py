"""A dashboard as a process: `jobledger serve` on a ledger, and how a browser gets in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import httpx

from jobledger.web import change_user

TOKEN = "the-token-of-the-tests-of-pages"
PASSWORDS = {
    "vy": ("viewer", "a password of Vy"),
    "an": ("author", "a password of An"),
    "lan": ("editor", "a password of Lan"),
    "oanh": ("operator", "a password of Oanh"),
}
"""Who may sign in where there is a users file: role and password."""


class Site:
    """A server that runs until `stop`. `secrets` are what must not be seen of it anywhere."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._told = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - `stop` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jobledger", "--dir", str(directory), "serve", "--port", "0",
             *options],
            stdout=subprocess.PIPE, stderr=self._told, text=True, encoding="utf-8",
            env=os.environ | {"JOBLEDGER_TOKEN": TOKEN, "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.match(r"open (http://\S+?)/enter(?:#(\S+))?", line)
        assert found is not None, line + self._errors()
        self.origin, self.once = found[1], found[2] or ""
        self.secrets = {TOKEN, *(password for _, password in PASSWORDS.values())}
        if self.once:
            self.secrets.add(self.once)

    def enter(self, name: str | None = None) -> tuple[str, str]:
        """Sign in as a browser does, with the token or as one of `PASSWORDS`; return the name and
        the value of the session's cookie."""
        form = {"token": TOKEN} if name is None else {"name": name, "password": PASSWORDS[name][1]}
        origin = {"origin": self.origin}
        answer = httpx.post(f"{self.origin}/enter", data=form, headers=origin, timeout=60)
        assert answer.status_code == 303, answer.text
        ((cookie, session),) = answer.cookies.items()
        self.secrets.add(session)
        return cookie, session

    def stop(self) -> None:
        """End it by SIGTERM; check that it ended in good order, and told no secret."""
        assert self.process.poll() is None, f"it had ended by itself: {self._errors()}"
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=60)
        errors = self._errors()
        self._told.close()
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors, errors
        assert [one for one in self.secrets if one in rest + errors] == []

    def _errors(self) -> str:
        self._told.seek(0)
        return self._told.read()


def users_file(path: Path) -> Path:
    """Write a users file of all of `PASSWORDS`."""
    for name, entry in PASSWORDS.items():
        change_user(path, name, entry)
    return path
