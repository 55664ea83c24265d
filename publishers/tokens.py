"""Where an account's access token comes from. Nothing here ever shows one."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from ..domain import ValidationError
from ..scheduler import AccountWaits as AccountWaits  # a publisher raises them
from ..scheduler import NoValidToken as NoValidToken

TokenSource = Callable[[str], "str | Awaitable[str]"]


@runtime_checkable
class KnowsExpiries(Protocol):
    """A publisher, or a source of tokens, that knows when tokens end."""

    def token_expiries(self) -> Mapping[str, datetime]:
        """Return when tokens end, by account, aware and in UTC; what is not known is not in it.

        It is asked often, in any thread, and asks nobody over the network.
        """


class TokenNotToBeHad(ValidationError):
    """There is no token to be had, and why is said in words that have none in them."""


class _NotNow(ValidationError):
    """The token could not be had just now: whoever keeps it does not answer."""


class Tokens:
    """Tokens by account: from a function, from a mapping, or (None) from the environment.

    In the environment an account's own variable comes first, such as `THREADS_TOKEN_` and its name
    in capitals with `_` for whatever is no letter or digit; then `THREADS_TOKEN`, for all accounts.
    `variable` is the one of all, `what` is what one of them is called.
    """

    def __init__(
        self,
        source: TokenSource | Mapping[str, str] | None,
        variable: str = "THREADS_TOKEN",
        what: str = "token",
    ) -> None:
        self._variable, self._what, self._field = variable, what, f"{what}s"
        if not (source is None or callable(source) or isinstance(source, Mapping)):
            raise ValidationError(
                f"{what}s must be a function of an account, or map accounts to {what}s",
                field=self._field,
            )
        self._source = source

    def __repr__(self) -> str:
        return "Tokens(***)"

    def expiries(self) -> Mapping[str, datetime]:
        """Return when tokens end, by account, where their source knows it. Raises as that does."""
        known = self._source if isinstance(self._source, KnowsExpiries) else None
        return {} if known is None else known.token_expiries()

    async def to_post(self, account_id: str) -> str:
        """Return the token of an account, to post with it.

        Raises:
            NoValidToken: there is none.
        """
        try:
            return await self.of(account_id)
        except ValidationError as error:
            again = isinstance(error, _NotNow)
            raise NoValidToken(str(error), account_id, retryable=again) from None

    async def of(self, account_id: str) -> str:
        """Return the token of an account.

        Raises:
            ValidationError: there is none, or it is none that a header can hold.
        """
        token = await self._find(account_id)
        if not isinstance(token, str) or not token:
            raise ValidationError(
                f"there is no {self._what} for account {account_id!r}",
                field=self._field,
                hint=self._hint,
            )
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise ValidationError(
                f"the {self._what} for account {account_id!r} has a character that no"
                f" {self._what} has",
                field=self._field,
                hint="look for a line break or a blank in it",
            )
        return token

    async def _find(self, account_id: str) -> object:
        if self._source is None:
            own = f"{self._variable}_{re.sub('[^A-Z0-9]', '_', account_id.upper())}"
            return os.environ.get(own) or os.environ.get(self._variable)
        if isinstance(self._source, Mapping):
            return self._source.get(account_id)
        try:
            token = self._source(account_id)
            return await token if inspect.isawaitable(token) else token
        except TokenNotToBeHad:
            raise
        except Exception as error:  # noqa: BLE001 - its text may hold what must not be told
            raise _NotNow(
                f"asking for the {self._what} of account {account_id!r} failed:"
                f" {type(error).__name__}",
                field=self._field,
            ) from None

    @property
    def _hint(self) -> str:
        return f"set {self._variable}" if self._source is None else "give one"
