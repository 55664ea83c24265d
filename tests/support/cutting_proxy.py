"""A way to a server that is cut again and again, at any byte: by chance, with a seed."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Passes what comes on `port` of loopback on to a server's, and cuts each connection off after
    some bytes, of which up to `most` are passed; `cuts` counts how often."""

    def __init__(self, server_port: int, seed: int, most: int) -> None:
        self._server_port = server_port
        self._chance = Random(seed)
        self._most = most
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.cuts = 0
        self.is_cutting = True
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                left = self._chance.randrange(200, self._most)
                threading.Thread(target=self._pass_on, args=(client, left), daemon=True).start()

    def _pass_on(self, client: socket.socket, left: int) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server_port)) as server:
            ways = selectors.DefaultSelector()
            ways.register(client, selectors.EVENT_READ, server)
            ways.register(server, selectors.EVENT_READ, client)
            with suppress(OSError):
                while True:
                    for key, _ in ways.select():
                        one = key.fileobj
                        assert isinstance(one, socket.socket)
                        data = one.recv(65536)
                        if not data:
                            return
                        if self.is_cutting and len(data) >= left:
                            key.data.sendall(data[:left])
                            self.cuts += 1
                            return
                        left -= len(data)
                        key.data.sendall(data)
