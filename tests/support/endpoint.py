"""An endpoint for webhooks over real HTTP, on loopback: it answers what it was told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Arrived(msgspec.Struct, frozen=True):
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.body)


class Endpoint:
    """Answers every request alike, and keeps what arrived."""

    def __init__(
        self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> None:
        self.status, self.body, self.headers = status, body, dict(headers)
        self.arrived: list[Arrived] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[Endpoint]:
        """Serve until the block is left."""
        thread = threading.Thread(
            target=partial(self._server.serve_forever, poll_interval=0.02), daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, endpoint: Endpoint, *arguments: Any) -> None:
        self._endpoint = endpoint
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._endpoint.arrived.append(Arrived(self.command, self.path, headers, body))
        self.send_response(self._endpoint.status)
        for name, value in self._endpoint.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self._endpoint.body)))
        self.end_headers()
        self.wfile.write(self._endpoint.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: a test says what it sees."""
