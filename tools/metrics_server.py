"""A small HTTP server for who watches a runner: `/metrics`, `/healthz`, `/readyz`, no more.

It has a thread of its own, and one for each of the few requests that it answers at once; whatever
goes wrong in it, the runner goes on. It needs nothing but Python.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from ..domain import JobLedgerError, StorageError, ValidationError
from ..instrumentation import CONTENT_TYPE, logger
from ..ledger import Ledger

ANSWER_S = 10.0
"""Whoever sends no request in that time, or does not read the answer, is let go."""
_MOST_AT_ONCE = 8
_PLACE = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+):)?(?P<port>\d{1,5})")


def listen_for_watchers(
    place: str | None, *, public: bool
) -> Callable[[Ledger], AbstractContextManager[None]]:
    """Begin to listen at a `place`, `HOST:PORT` or the port alone, and return what answers within
    a `with`: of the ledger that it is given. Without a place nothing is listened to.

    Raises:
        ValidationError: it is no place, or others than this machine can reach it and it is not
            meant to be `public`.
        StorageError: the port is in use, or the host is none of this machine.
    """
    if place is None:
        return lambda ledger: nullcontext()
    found = _PLACE.fullmatch(place)
    if found is None or int(found["port"]) > 65535:
        raise ValidationError(
            f"{place!r:.80} is no HOST:PORT", field="metrics", hint="such as 127.0.0.1:9108"
        )
    host = (found["host"] or "127.0.0.1").strip("[]")
    if not public and not _is_loopback(host):
        raise ValidationError(
            f"{host} can be reached from other machines",
            field="metrics",
            hint="whoever asks there is told all metrics; --metrics-public says that this is meant",
        )
    try:
        server = _Server(host, int(found["port"]), public=public)
    except OSError as error:
        raise StorageError(
            f"cannot listen on {place}: {error.strerror or error}",
            hint="is another one running there? Another port may be free",
        ) from error
    return server.answering


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(ThreadingMixIn, TCPServer):
    """Listens from the beginning, and answers when there is a ledger to ask."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, *, public: bool) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self.host, self.public = host, public
        self.ledger: Ledger | None = None
        super().__init__((host, port), _Handler)

    @contextmanager
    def answering(self, ledger: Ledger) -> Iterator[None]:
        """Answer within the `with`."""
        self.ledger = ledger
        port = self.server_address[1]
        thread = threading.Thread(
            target=self.serve_forever, args=(0.1,), name="jobledger-metrics", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the jobs are to be run all the same
            logger().error("no thread can be started: metrics are not told", error=str(error))
            self.server_close()
            yield
            return
        logger(host=self.host, port=port).info("metrics are told on /metrics")
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, unless too many are being answered."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over what went wrong with one request: who sent it has gone, or asks again."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    timeout = ANSWER_S
    server_version, sys_version = "jobledger", ""

    def do_GET(self) -> None:
        """Answer what is asked for."""
        ledger = self.server.ledger
        assert ledger is not None
        path = self.path.partition("?")[0]
        if not self._is_meant_for_us():
            self._answer(421, "this is not served under that name\n")
        elif path == "/metrics":
            try:
                self._answer(200, ledger.metrics(), CONTENT_TYPE)
            except JobLedgerError as error:
                self._answer(503, f"{error.message}\n")
        elif path in ("/healthz", "/readyz"):
            faults = ledger.health(ready=path == "/readyz")
            self._answer(503 if faults else 200, "\n".join(faults or ["ok"]) + "\n")
        else:
            self._answer(404, "there are /metrics, /healthz and /readyz\n")

    do_HEAD = do_GET

    def _is_meant_for_us(self) -> bool:
        """Whether it is asked for by a number, or by the name that it was given: a page in a
        browser that has another name lead here is told nothing."""
        if self.server.public:
            return True
        name = self.headers.get("host", "").rpartition(":")
        host = (name[0] if name[2].isdigit() else "".join(name)).strip("[]").lower()
        return host in ("", "localhost", self.server.host.lower()) or _is_loopback(host)

    def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.send_header("cache-control", "no-store")
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""
