"""A connection to NATS that lives in a thread of its own, and is made again when it has ended.

The client is asyncio's; the engine's callers are threads. Every wait is bounded twice: by the
request within the loop, and by whoever waits for the loop, so that neither a server nor the loop
can keep a caller.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from ....domain import StorageError
from .client import connected_client, end, told
from .location import NatsLocation

ResultT = TypeVar("ResultT")

CONNECT_S = 10.0
"""For how long it is tried to reach one of the servers."""
_MARGIN_S = 2.0
"""How much longer the loop is waited for than what it is to do may take."""


class UnansweredError(Exception):
    """No server has answered: what became of the request is unknown."""


class NobodyThereError(UnansweredError):
    """The servers have told that nobody takes such a request just now: it reached nobody."""


class NatsAnswer(NamedTuple):
    """What a server has sent: its headers, empty where there are none, and the bytes."""

    headers: dict[str, str]
    data: bytes


class NatsConnection:
    """One connection; any thread may ask by it."""

    def __init__(self, location: NatsLocation) -> None:
        self._location = location
        self._heard: list[tuple[str, Callable[[bytes], None]]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[Any]] = set()
        """What waits for an answer, which does not come where the connection has ended."""
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Client | None = None
        self._is_closed = False
        self._connecting: asyncio.Lock | None = None
        self.max_payload = 0
        """How many bytes a message may have, as the server that was connected last has it."""

    def hear(self, subject: str, told: Callable[[bytes], None]) -> None:
        """Have `told` called with what is sent to a subject from now on, in the connection's own
        thread, also after it was made again. What is sent while there is none is missed.

        Raises: as `request`.
        """

        async def subscribe() -> None:
            self._heard.append((subject, told))
            if self._client is not None and not self._client.is_closed:
                await self._client.subscribe(subject, cb=_teller(told))

        self._run(subscribe, CONNECT_S)

    # -- asking --------------------------------------------------------------------------------

    def connect(self) -> None:
        """Be connected, also where it was closed.

        Raises:
            StorageError: no server can be reached, or the one that was is too old, or refuses.
        """
        self._is_closed = False
        try:
            self._run(self._connected, CONNECT_S)
        except UnansweredError as error:
            raise StorageError(
                f"cannot open {self._location.shown}: {error}", path=self._location.shown
            ) from error

    def request(
        self,
        subject: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        for_s: float,
    ) -> NatsAnswer:
        """Ask, and return the one answer.

        Raises:
            UnansweredError: none came.
            StorageError: no server can be reached.
        """

        return self._run(lambda: self._ask(subject, body, headers, for_s), for_s + CONNECT_S)

    def request_each(
        self, requests: Sequence[tuple[str, bytes, dict[str, str]]], *, for_s: float
    ) -> list[NatsAnswer]:
        """Ask several things at once, each with a subject, a body and headers; return the answers
        in that order.

        Raises: as `request`, where one of them has no answer.
        """

        async def ask() -> list[NatsAnswer]:
            return await asyncio.gather(*(self._ask(*each, for_s) for each in requests))

        return self._run(ask, for_s + CONNECT_S)

    async def _ask(
        self, subject: str, body: bytes, headers: dict[str, str] | None, for_s: float
    ) -> NatsAnswer:
        client = await self._connected()
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            message = await client.request(subject, body, timeout=for_s, headers=headers)
        except errors.TimeoutError:
            self._give_up(client)
            raise
        finally:
            self._waiting.discard(task)
        return _answer(message)

    def request_many(self, subject: str, body: bytes, *, for_s: float) -> list[NatsAnswer]:
        """Ask, and return the answers up to the one that has a status, which is the last.

        Raises: as `request`; `for_s` is for each.
        """

        async def ask() -> list[NatsAnswer]:
            client = await self._connected()
            came: asyncio.Queue[NatsAnswer] = asyncio.Queue()

            async def take(message: Msg) -> None:
                came.put_nowait(_answer(message))

            inbox = client.new_inbox()
            subscription = await client.subscribe(inbox, cb=take)
            try:
                await client.publish(subject, body, reply=inbox)
                found = []
                while True:
                    found.append(await asyncio.wait_for(came.get(), for_s))
                    if "Status" in found[-1].headers:
                        return found
            except TimeoutError:
                self._give_up(client)
                raise
            finally:
                with suppress(errors.Error):
                    await subscription.unsubscribe()

        return self._run(ask, 600.0)

    def publish(self, subject: str, body: bytes) -> None:
        """Send what nobody answers. Raises as `request`."""

        async def send() -> None:
            client = await self._connected()
            await client.publish(subject, body)

        self._run(send, CONNECT_S)

    # -- the loop ------------------------------------------------------------------------------

    def _run(self, make: Callable[[], Coroutine[Any, Any, ResultT]], for_s: float) -> ResultT:
        future = self._begun(make)
        try:
            return future.result(for_s + _MARGIN_S)
        except StorageError:
            raise
        except NotInTime as error:
            raise UnansweredError(f"no answer within {for_s:g} s") from error
        except CancelledError as error:
            raise UnansweredError("the connection was closed") from error
        except errors.NoRespondersError as error:
            raise NobodyThereError("the stream has no leader just now") from error
        except errors.MaxPayloadError:
            raise
        except (errors.Error, OSError) as error:
            raise UnansweredError(told(error)) from error
        finally:
            future.cancel()

    def _begun(self, make: Callable[[], Coroutine[Any, Any, ResultT]]) -> Future[ResultT]:
        """Have the loop begin with something, which is made to turn before."""
        if self._pid != os.getpid():
            raise StorageError(
                f"the connection to {self._location.shown} is of the process that was forked",
                path=self._location.shown,
            )
        with self._lock:
            if self._is_closed:
                raise StorageError(
                    f"the connection to {self._location.shown} is closed", path=self._location.shown
                )
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=loop.run_forever, name="jobledger-nats", daemon=True
                )
                thread.start()
                self._loop, self._thread, self._connecting = loop, thread, asyncio.Lock()
            return asyncio.run_coroutine_threadsafe(make(), self._loop)

    async def _connected(self) -> Client:
        """Return the client, connected: one that has given up is replaced."""
        assert self._connecting is not None
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await self._new_client()
            return self._client

    async def _new_client(self) -> Client:
        client = await connected_client(self._location, CONNECT_S - 1, self._lost)
        self.max_payload = client.max_payload
        for subject, hear in self._heard:
            await client.subscribe(subject, cb=_teller(hear))
        return client

    def _lost(self, client: Client) -> None:
        """Have nobody wait for answers over a connection that has ended."""
        if self._client is client:
            for task in self._waiting:
                task.cancel()
            self._give_up(client)

    def _give_up(self, client: Client) -> None:
        """Have whoever comes next connected anew: the server may hang, and another may not."""
        if self._client is client:
            self._client = None
            task = asyncio.get_running_loop().create_task(end(client))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    # -- letting go ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close it; in the child of a fork it is the parent's, who goes on using it."""
        if self._pid != os.getpid():
            return
        with self._lock:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
            self._is_closed = True
        if loop is None or thread is None:
            return
        if client is not None:
            with suppress(Exception):
                asyncio.run_coroutine_threadsafe(client.close(), loop).result(_MARGIN_S)
        loop.call_soon_threadsafe(_stop, loop)
        if thread is not threading.current_thread():
            thread.join(_MARGIN_S)
        if not loop.is_running():
            loop.close()


def _teller(told: Callable[[bytes], None]) -> Callable[[Msg], Coroutine[Any, Any, None]]:
    async def take(message: Msg) -> None:
        told(message.data)

    return take


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)


def _answer(message: Msg) -> NatsAnswer:
    return NatsAnswer(message.headers or {}, message.data)
