"""Sessions of accounts: begun with an app password, gone on with, and kept as long as they hold.

A login is dear (by the reference implementation, 30 in five minutes and 300 a day for an account):
so a session is kept in memory from one attempt to the next. It is never written anywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from ..scheduler import NoValidToken
from .bluesky_api import BlueskyApi, BlueskyError, LoggedIn
from .exchange import Connection, NoAnswer, NotSent, Timeouts, TransportFactory

ResultT = TypeVar("ResultT")


class Credentials(msgspec.Struct, frozen=True):
    """With what an account logs in. Its repr has no password."""

    account_id: str
    identifier: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.account_id!r})"


class AccountSessions:
    """The sessions of all accounts of a publisher. Safe for threads: the worst that two of them
    can do to each other is one login more."""

    def __init__(
        self, base_url: str, timeouts: Timeouts, transport: TransportFactory | None
    ) -> None:
        self._base_url = base_url
        self._timeouts = timeouts
        self._transport = transport
        self._held: dict[str, tuple[Credentials, LoggedIn]] = {}

    def __repr__(self) -> str:
        return "AccountSessions(***)"

    async def of(self, credentials: Credentials) -> LoggedIn:
        """Return the account's session, or begin one.

        Raises:
            NoValidToken: the server does not let the account in.
            NotSent: it could not be asked to just now; nothing else was asked of it either.
        """
        held = self._held.get(credentials.account_id)
        if held is not None and held[0] == credentials:
            return held[1]
        return await self._begin(credentials)

    async def another(self, credentials: Credentials, old: LoggedIn) -> LoggedIn:
        """Return a session in place of one that holds no more. Raises as `of`."""
        held = self._held.get(credentials.account_id)
        if held is not None and held[0] == credentials and held[1] != old:
            return held[1]
        try:
            session = await self._ask(lambda api: api.refresh(old), old.refresh)
        except BlueskyError as error:
            if error.kind in ("rate", "server"):
                raise NotSent(f"the session cannot be renewed: {error.message}") from None
            return await self._begin(credentials)
        except NoAnswer:  # it may be used up now
            return await self._begin(credentials)
        self._held[credentials.account_id] = credentials, session
        return session

    async def _begin(self, credentials: Credentials) -> LoggedIn:
        self._held.pop(credentials.account_id, None)
        try:
            session = await self._ask(
                lambda api: api.log_in(credentials.identifier, credentials.password),
                credentials.password,
            )
        except BlueskyError as error:
            if error.kind in ("rate", "server"):
                limit = "rate limit: " if error.kind == "rate" else ""
                raise NotSent(f"no login: {limit}{error.message}") from None
            account_id = credentials.account_id
            said = f"Bluesky does not let account {account_id!r} in: {error.message}"
            raise NoValidToken(said, account_id) from None
        except NoAnswer as error:
            raise NotSent(f"no login: {error}") from None
        self._held[credentials.account_id] = credentials, session
        return session

    async def _ask(
        self, call: Callable[[BlueskyApi], Awaitable[LoggedIn]], secret: str
    ) -> LoggedIn:
        """Ask over a connection of its own: what it answers with is not taken out of the answer."""
        async with Connection(self._timeouts, self._transport, [secret]) as connection:
            return await call(BlueskyApi(connection, self._base_url))


class Access:
    """One attempt's way through its account's session, which may run out on the way."""

    def __init__(
        self,
        sessions: AccountSessions,
        credentials: Credentials,
        session: LoggedIn,
        connection: Connection,
    ) -> None:
        self._sessions = sessions
        self._credentials = credentials
        self._connection = connection
        self.session = session
        connection.hide(credentials.password, session.access, session.refresh)

    async def use(self, call: Callable[[str], Awaitable[ResultT]]) -> ResultT:
        """Make a call with the access; once more with another one where it has run out.

        Raises:
            NoValidToken: the server does not let the account in any more.
            NotSent, NoAnswer, BlueskyError: as the call.
        """
        try:
            return await call(self.session.access)
        except BlueskyError as error:
            if error.kind != "session":
                raise
        self.session = await self._sessions.another(self._credentials, self.session)
        self._connection.hide(self.session.access, self.session.refresh)
        try:
            return await call(self.session.access)
        except BlueskyError as error:
            if error.kind != "session":
                raise
            account_id = self._credentials.account_id
            said = f"Bluesky does not take the session of account {account_id!r}: {error.message}"
            raise NoValidToken(said, account_id) from None
