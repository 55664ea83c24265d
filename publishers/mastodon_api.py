"""The calls of the Mastodon API that a post needs, and what its errors mean.

https://docs.joinmastodon.org/methods/ (statuses, accounts, instance; looked up on 2026-11-28). The
token goes in the Authorization header, so that no address, and no error text with one, can hold it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from ..domain import clean_text
from .exchange import Connection, NoAnswer, Response
from .mastodon_instance import InstanceLimits

Kind = Literal["token", "missing", "rate", "server", "refused"]

PAGE = 40
"""How many statuses are asked for at once: as many as an instance gives."""
_OF_ACCOUNT = re.compile(
    r"your (login|account)|suspended|disabled|authorized scopes|insufficient_scope"
    r"|authenticated user|access token",
    re.IGNORECASE,
)
"""What an instance says in a 403 or 422 that is of the account or its token, not of the post."""
_HINTS: dict[Kind, str] = {
    "token": "see to the account and its token there",
    "refused": "change the job, then requeue it",
}


class MastodonError(Exception):
    """The instance answered, and the answer is no."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    @property
    def retryable(self) -> bool:
        return self.kind in ("rate", "server")


class OwnStatus(msgspec.Struct, frozen=True):
    """A status as the list of its account has it; `content` is HTML."""

    id: str
    content: str
    warning: str
    reply: str | None
    media: int
    is_edited: bool


class MastodonApi:
    """One account's view of the API of its instance, over the connection of an attempt.

    Every method raises NotSent, NoAnswer or MastodonError.
    """

    def __init__(self, connection: Connection, base_url: str, token: str) -> None:
        self._connection = connection
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._account_id: str | None = None

    async def limits(self) -> InstanceLimits:
        """Ask what the instance allows; one that says nothing has the usual limits."""
        for version in ("v2", "v1"):
            try:
                return InstanceLimits.of(await self._get(f"api/{version}/instance"))
            except MastodonError as error:
                if error.kind != "missing":
                    raise
        return InstanceLimits()

    async def account_id(self) -> str:
        """Return the id of the account that the token is of."""
        if self._account_id is None:
            self._account_id = _id(await self._get("api/v1/accounts/verify_credentials"))
        return self._account_id

    async def newest(self, account_id: str) -> str | None:
        """Return the id of the account's newest status; None: it has none."""
        rows = await self._statuses(account_id, {"limit": "1"})
        return rows[0].id if rows else None

    async def later(self, account_id: str, after: str | None) -> list[OwnStatus]:
        """Return the statuses that come next after one (None: the newest of all), newest first."""
        behind = {} if after is None else {"min_id": after}
        return await self._statuses(account_id, {"limit": str(PAGE), **behind})

    async def source(self, status_id: str) -> tuple[str, str] | None:
        """Return the text and content warning as they were sent; None: the instance keeps none."""
        try:
            document = await self._get(f"api/v1/statuses/{quote(status_id, safe='')}/source")
        except MastodonError as error:
            if error.kind == "missing":
                return None
            raise
        if not isinstance(document, dict) or not isinstance(document.get("text"), str):
            raise NoAnswer("the answer has no text")
        return document["text"], str(document.get("spoiler_text") or "")

    async def post(self, body: Mapping[str, Any], key: str) -> tuple[str, str | None]:
        """Post a status; its id, and its address where that is told."""
        answer = await self._connection.exchange(
            "POST",
            f"{self._base_url}/api/v1/statuses",
            headers={**self._headers, "Idempotency-Key": key, "Content-Type": "application/json"},
            content=msgspec.json.encode(body),
        )
        document = _document(answer)
        url = document.get("url") if isinstance(document, dict) else None
        return _id(document), url if isinstance(url, str) else None

    async def upload(
        self, content: bytes, mime: str, ending: str, description: str
    ) -> tuple[str, bool]:
        """Bring a file; its id, and whether the instance is done with it."""
        mark = hashlib.sha256(content).hexdigest()  # which is not in it
        head = f"--{mark}\r\nContent-Disposition: form-data; name="
        described = f'{head}"description"\r\n\r\n{description}\r\n' if description else ""
        file = f'{head}"file"; filename="file.{ending}"\r\nContent-Type: {mime}\r\n\r\n'
        answer = await self._connection.exchange(
            "POST",
            f"{self._base_url}/api/v2/media",
            headers={
                **self._headers, "Content-Type": f"multipart/form-data; boundary={mark}",
            },
            content=(described + file).encode() + content + f"\r\n--{mark}--\r\n".encode(),
        )  # fmt: skip
        return _id(_document(answer)), answer.status == 200

    async def is_ready(self, media_id: str) -> bool:
        """Whether the instance is done with a file."""
        url = f"{self._base_url}/api/v1/media/{quote(media_id, safe='')}"
        answer = await self._connection.exchange("GET", url, headers=self._headers)
        _document(answer)
        return answer.status == 200

    async def _statuses(self, account_id: str, params: dict[str, str]) -> list[OwnStatus]:
        path = f"api/v1/accounts/{quote(account_id, safe='')}/statuses"
        rows = await self._get(path, exclude_reblogs="true", **params)
        if not isinstance(rows, list):
            raise NoAnswer("the answer has no list")
        return [_status(row) for row in rows if isinstance(row, dict) and not row.get("reblog")]

    async def _get(self, path: str, **params: str) -> Any:
        url = f"{self._base_url}/{path}"
        return _document(
            await self._connection.exchange("GET", url, headers=self._headers, params=params)
        )


def _document(answer: Response) -> Any:
    if answer.ok and isinstance(answer.document, dict | list):
        return answer.document
    if answer.ok:
        raise NoAnswer(f"HTTP {answer.status} with a body that is no answer")
    raise _error(answer)


def _error(answer: Response) -> MastodonError:
    told = answer.fields.get("error_description") or answer.fields.get("error") or ""
    kind = _kind(answer.status, str(told))
    said = f": {clean_text(told, 300)}" if told else ""
    if kind == "rate":
        hint = _until(answer)
    elif 300 <= answer.status < 400:
        hint = "redirects are not followed: give the address of the instance that answers"
    else:
        hint = _HINTS.get(kind, "")
    return MastodonError(kind, f"HTTP {answer.status}{said}{'; ' if hint else ''}{hint}")


def _kind(status: int, told: str) -> Kind:
    if status == 401 or (status in (403, 422) and _OF_ACCOUNT.search(told)):
        return "token"
    if status in (404, 410):
        return "missing"
    if status == 429:
        return "rate"
    return "server" if status >= 500 or status == 408 else "refused"


def _until(answer: Response) -> str:
    """Say from when on the instance takes requests again, where it says so."""
    if answer.retry_after_s is not None:
        return f"again in {answer.retry_after_s:g} s"
    try:
        at = datetime.fromisoformat(answer.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return ""
    return f"again from {at.isoformat(timespec='seconds')} on"


def _id(document: Any) -> str:
    value = document.get("id") if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise NoAnswer("the answer has no id")
    return clean_text(value, 200)


def _status(row: dict[str, Any]) -> OwnStatus:
    reply, media = row.get("in_reply_to_id"), row.get("media_attachments")
    return OwnStatus(
        _id(row),
        str(row.get("content") or ""),
        str(row.get("spoiler_text") or ""),
        None if reply is None else str(reply),
        len(media) if isinstance(media, list) else 0,
        row.get("edited_at") is not None,
    )
