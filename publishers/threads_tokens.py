"""Tokens of Threads in a file: they last for sixty days, and are renewed in time.

Threads renews a long-lived token that is a day old and has not ended
(https://developers.facebook.com/documentation/threads/get-started/long-lived-tokens, looked up on
2026-11-28). It takes the token in the address of that request, and nowhere else.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ..domain import ValidationError, in_utc, is_naive
from ..instrumentation import logger
from .exchange import Connection, NoAnswer, NotSent, Timeouts, TransportFactory
from .secret_file import read_private
from .tokens import TokenNotToBeHad

REFRESH_URL = "https://graph.threads.net/refresh_access_token"
_BETWEEN_TRIES = timedelta(hours=1)


class KeptToken(msgspec.Struct, omit_defaults=True):
    """A token as the file has it; None: nobody has learnt yet when it ends."""

    token: str
    expires_at: datetime | None = None


@contextmanager
def _unlogged(token: str) -> Iterator[None]:
    """Keep the HTTP client from logging an address with the token in it."""
    client, without = logging.getLogger("httpx"), _Without(token)
    client.addFilter(without)
    try:
        yield
    finally:
        client.removeFilter(without)


class _Without(logging.Filter):
    """Drops what has the token in it."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        return self._token not in record.getMessage()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ThreadsTokens:
    """Gives ThreadsPublisher the tokens of a file, and renews each in time: its `tokens`.

    The file is JSON, `{"my-shop": {"token": "…"}}`, for its owner alone (0600). A token that ends
    within `renew_before`, or of which nobody knows when it ends, is renewed when it is asked for;
    the file is written anew as a whole, with its `expires_at`. Where that fails, the one that there
    is goes on being used until it ends, and it is tried again after an hour; that is logged.

    Raises:
        ValidationError: a setting is not acceptable.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        renew_before: timedelta = timedelta(days=30),
        url: str = REFRESH_URL,
        timeouts: Timeouts = Timeouts(),
        transport: TransportFactory | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if not isinstance(renew_before, timedelta) or renew_before <= timedelta(0):
            raise ValidationError("renew_before must be a positive timedelta", field="renew_before")
        self._path = Path(path)
        self._renew_before = renew_before
        self._url = url
        self._timeouts = timeouts
        self._transport = transport
        self._now = now
        self._tried: dict[str, datetime] = {}

    def __repr__(self) -> str:
        return f"ThreadsTokens({str(self._path)!r})"

    def expires_at(self, account_id: str) -> datetime | None:
        """Return when the token of an account ends; None: nobody has learnt it yet.

        Raises:
            ValidationError: there is none, or the file cannot be read.
        """
        return self._kept(self._read(), account_id).expires_at

    def token_expiries(self) -> dict[str, datetime]:
        """Return when tokens end, by account and in UTC; those of which nobody has learnt it are
        not in it. Nothing is asked of Threads.

        Raises:
            ValidationError: the file cannot be read.
        """
        kept = self._read().items()
        return {account: one.expires_at for account, one in kept if one.expires_at is not None}

    async def __call__(self, account_id: str) -> str:
        """Return the token of an account, renewed where it is time for that.

        Raises:
            ValidationError: there is none, it has ended, or the file cannot be read.
        """
        kept, now = self._kept(self._read(), account_id), self._now()
        ends = kept.expires_at
        if ends is not None and ends <= now:
            raise self._trouble(
                f"the token of account {account_id!r} ended on {ends:%Y-%m-%d}",
                f"get a new one, and put it into {self._path}",
            )
        if ends is None or ends - now < self._renew_before:
            last = self._tried.get(account_id)
            if last is None or now - last >= _BETWEEN_TRIES:
                self._tried[account_id] = now
                kept = await self._renewed(account_id, kept, now)
        return kept.token

    async def _renewed(self, account_id: str, kept: KeptToken, now: datetime) -> KeptToken:
        """Renew a token, and keep it; what there is where that fails."""
        try:
            renewed = await self._ask(kept.token, now)
            tokens = dict(self._read())
            if self._kept(tokens, account_id).token == kept.token:  # nobody has put another there
                tokens[account_id] = renewed
                self._write(tokens)
            return renewed
        except (NotSent, NoAnswer, ValidationError, OSError) as error:
            ends = f"on {kept.expires_at:%Y-%m-%d}" if kept.expires_at else "nobody knows when"
            logger().warning(
                "a token could not be renewed", account_id=account_id, ends=ends, error=str(error)
            )
            return kept

    async def _ask(self, token: str, now: datetime) -> KeptToken:
        params = {"grant_type": "th_refresh_token", "access_token": token}
        async with Connection(self._timeouts, self._transport, [token]) as connection:
            with _unlogged(token):
                answer = await connection.exchange("GET", self._url, headers={}, params=params)
        given, seconds = answer.fields.get("access_token"), answer.fields.get("expires_in")
        if not answer.ok or not isinstance(given, str) or not isinstance(seconds, int):
            raise NoAnswer(f"HTTP {answer.status}, with no token")
        return KeptToken(given, now + timedelta(seconds=seconds))

    def _kept(self, tokens: Mapping[str, KeptToken], account_id: str) -> KeptToken:
        if account_id not in tokens:
            fault = f"there is no token for account {account_id!r} in {self._path}"
            raise self._trouble(fault, f'put it there: {{"{account_id}": {{"token": "…"}}}}')
        return tokens[account_id]

    def _read(self) -> dict[str, KeptToken]:
        data = read_private(self._path, "tokens")
        try:
            tokens = msgspec.json.decode(data, type=dict[str, KeptToken])
        except (msgspec.MsgspecError, RecursionError) as error:
            hint = 'such as {"my-shop": {"token": "…"}}'
            raise self._trouble(f"{self._path} is not as tokens are kept: {error}", hint) from None
        for account_id, kept in tokens.items():
            if kept.expires_at is not None and is_naive(kept.expires_at):
                fault = f"expires_at of account {account_id!r} in {self._path} has no time zone"
                raise self._trouble(fault)
            if kept.expires_at is not None:
                kept.expires_at = in_utc(kept.expires_at)
        return tokens

    def _write(self, tokens: Mapping[str, KeptToken]) -> None:
        """Write the file as a whole, for its owner alone: it is never half there."""
        written = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            fd = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(tokens)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._path)
        except BaseException:
            with suppress(OSError):
                written.unlink()
            raise

    @staticmethod
    def _trouble(fault: str, hint: str | None = None) -> ValidationError:
        return TokenNotToBeHad(fault, field="tokens", hint=hint)
