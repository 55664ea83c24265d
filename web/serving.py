"""Serving: uvicorn in this process, quiet, until a signal ends it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from .. import StorageError
from .settings import WebSettings

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen(settings: WebSettings) -> socket.socket:
    """Begin to listen, so that what is printed is true.

    Raises:
        StorageError: the port is in use, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise StorageError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="is another one running there? Another port may be free",
        ) from error
    return listening


class _Server(uvicorn.Server):
    """Ends in good order at a signal, so that whoever called it can let go of the ledger. `ready`
    is called when that is so, and somebody could ask."""

    ready: Callable[[], object]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would not end by itself, and wait for the rest."""
        self.config.app.state.site.end_streams()  # type: ignore[union-attr]  # it is ours
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals within the `with`, but those that the program was started to ignore."""
        kept = {one: signal.getsignal(one) for one in _SIGNALS}
        for one, before in kept.items():
            if before is not signal.SIG_IGN:
                signal.signal(one, self.handle_exit)
        try:
            self.ready()
            yield
        finally:
            for one, before in kept.items():
                signal.signal(one, before)


def serve(app: Starlette, listening: socket.socket, ready: Callable[[], object]) -> None:
    """Answer requests until SIGTERM, SIGHUP or Ctrl-C. In the main thread.

    `ready` is called as soon as such a signal ends it in good order.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        limit_concurrency=500,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = _Server(config)
    server.ready = ready
    server.run(sockets=[listening])
