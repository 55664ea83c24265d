"""A client of NATS that is connected to one of a ledger's servers: who it says it is, and whom it
believes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nats import errors
from nats.aio.client import Client

from ....domain import StorageError
from .location import NatsLocation

_OLDEST = (2, 12)
_END_S = 2.0


async def connected_client(
    location: NatsLocation, for_s: float, disconnected: Callable[[Client], None]
) -> Client:
    """Return a client that is connected; `disconnected` is called when it is no more.

    Raises:
        StorageError: no server can be reached in that time, or the one that was is too old, or
            does not let it in.
    """
    met = _Met()
    client = Client()

    async def tell() -> None:
        disconnected(client)

    connecting = asyncio.ensure_future(
        client.connect(
            servers=[f"nats://{server}" for server in location.servers],
            name="jobledger",
            error_cb=met.note,
            disconnected_cb=tell,
            connect_timeout=2,
            reconnect_time_wait=0,
            max_reconnect_attempts=5,
            ping_interval=10,
            **_credentials(location),
        )
    )
    refused = asyncio.ensure_future(met.refused.wait())
    await asyncio.wait((connecting, refused), timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
    refused.cancel()
    if not client.is_connected:
        connecting.cancel()
        [error] = await asyncio.gather(connecting, return_exceptions=True)
        await end(client)
        worst = met.worst or error or errors.NoServersError()
        # A server that lets nobody in closes the connection, often before it is heard why.
        was_closed = isinstance(worst, (ConnectionResetError, BrokenPipeError))
        raise StorageError(
            f"cannot open {location.shown}: {told(worst)}",
            path=location.shown,
            hint="is the authorization right that the location has?" if was_closed else None,
        )
    try:
        _check_version(client, location)
    except BaseException:
        await end(client)
        raise
    return client


class _Met:
    """What a client has met on its way to a server. That it is not let in, or does not believe the
    server, is no better at the next try."""

    def __init__(self) -> None:
        self.refused = asyncio.Event()
        self.worst: Exception | None = None

    async def note(self, error: Exception) -> None:
        """Remember an error, for whoever asks."""
        if self.refused.is_set():
            return
        self.worst = error
        if isinstance(error, ssl.SSLError) or "authorization" in str(error).lower():
            self.refused.set()


async def end(client: Client) -> None:
    """Close a client; a server that hangs does not keep it."""
    with suppress(Exception):
        await asyncio.wait_for(client.close(), _END_S)


def _credentials(location: NatsLocation) -> dict[str, Any]:
    """Return what the client is to show of itself, and what of the server it is to believe."""
    found: dict[str, Any] = {}
    if location.token:
        found["token"] = location.token
    elif location.user:
        found |= {"user": location.user, "password": location.password}
    if location.creds:
        try:
            Path(location.creds).read_bytes()
        except OSError as error:
            raise StorageError(
                f"cannot open {location.shown}: creds={location.creds} cannot be read:"
                f" {error.strerror}",
                path=location.shown,
            ) from error
        found["user_credentials"] = location.creds
    if location.tls:
        try:
            context = ssl.create_default_context(cafile=location.ca or None)
            if location.cert:
                context.load_cert_chain(location.cert, location.key)
        except OSError as error:
            raise StorageError(
                f"cannot open {location.shown}: the files for TLS cannot be used:"
                f" {error.strerror or error}",
                path=location.shown,
            ) from error
        found["tls"] = context
    return found


def _check_version(client: Client, location: NatsLocation) -> None:
    """Check that the server is one of those that are known to keep the contract."""
    version = client.connected_server_version
    if (version.major, version.minor) < _OLDEST:
        raise StorageError(
            f"the server of {location.shown} is not one to keep a ledger: it is NATS"
            f" {version.major}.{version.minor}",
            path=location.shown,
            hint="needs 2.12",
        )


def told(error: BaseException) -> str:
    """Return what an error of the client says, in one line."""
    return (str(error).strip() or type(error).__name__).removeprefix("nats: ").partition("\n")[0]
