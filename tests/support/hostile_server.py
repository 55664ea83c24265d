"""A real HTTP server on loopback that answers with whatever a test gives it, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

Answer = Callable[[], Iterable[bytes]]


class HostileServer:
    """Answers each request with the pieces of `answer`, for as long as the client takes them.

    `sent` counts the bytes that a client has taken, the buffers of the system included; `hung_up`
    how many clients went away before the last piece.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ending = threading.Event()
        self.sent = 0
        self.hung_up = 0
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(20)

    def pause(self, seconds: float) -> None:
        """Between two pieces, unless the server is to end."""
        self._ending.wait(seconds)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        try:
            self.requests.append(_whole(connection))
            for piece in self._answer():
                if self._ending.is_set():
                    return
                connection.sendall(piece)
                self.sent += len(piece)
        except OSError:
            self.hung_up += 1


def _whole(connection: socket.socket) -> bytes:
    """Read a request with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += connection.recv(65536)
    return received


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()
