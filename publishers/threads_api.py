"""The calls of the Threads API that a post needs, and what its errors mean.

https://developers.facebook.com/docs/threads (v1.0): posts, troubleshooting, user. The token goes in
the Authorization header, so that no address, and no error text with one, can hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeGuard
from urllib.parse import quote

import msgspec

from ..domain import clean_text
from .exchange import Connection, NoAnswer, Response

Kind = Literal["token", "restricted", "missing", "rate", "server", "wrong", "refused"]

_TOKEN = {190}
_RESTRICTED = {4279013, 2207051, 368, 10, 200}
_MISSING = {4279009, 24}
_RATE = {4, 17, 32, 613}
_SERVER = {1, 2}
_WRONG = {100}
_FOREVER: dict[Kind, str] = {
    "token": "renew the token, then requeue the job",
    "restricted": "the account or the app may not post; see to it there, then requeue the job",
    "wrong": "change the job, then requeue it",
}
_MOST_PAGES = 5
_OF_POSTS = ("quota_usage", "config")
_OF_REPLIES = ("reply_quota_usage", "reply_config")


class ApiError(Exception):
    """The platform answered, and the answer is no."""

    def __init__(self, kind: Kind, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        return self.kind not in _FOREVER


class Container(msgspec.Struct, frozen=True):
    """A container as the platform has it: IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED."""

    status: str
    error_message: str | None = None


class Quota(msgspec.Struct, frozen=True):
    """How many posts, or replies, may go out in a window, and how many did."""

    used: int
    total: int
    of: str
    window_s: int | None = None

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.total

    @property
    def words(self) -> str:
        window = "" if self.window_s is None else f" in {self.window_s / 3600:g} h"
        return f"{self.used} of {self.total} {self.of}{window} are used"


class OwnPost(msgspec.Struct, frozen=True):
    """A post as the account's list shows it."""

    id: str
    text: str
    at: datetime | None


class ThreadsApi:
    """One account's view of the API, over the connection of an attempt.

    Every method raises NotSent, NoAnswer or ApiError.
    """

    def __init__(self, connection: Connection, base_url: str, user_id: str, token: str) -> None:
        self._connection = connection
        self._base_url = base_url.rstrip("/")
        self._user_id = quote(user_id, safe="")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def create(self, form: Mapping[str, str]) -> str:
        """Create a container for a post; return its id."""
        return _id(await self._post(f"{self._user_id}/threads", form))

    async def container(self, container_id: str) -> Container:
        document = await self._get(quote(container_id, safe=""), fields="status,error_message")
        status, message = document.get("status"), document.get("error_message")
        if not isinstance(status, str):
            raise NoAnswer("the answer has no status")
        return Container(clean_text(status, 40), clean_text(message, 200) if message else None)

    async def publish(self, container_id: str) -> str:
        """Publish a container; the id of the post."""
        path = f"{self._user_id}/threads_publish"
        return _id(await self._post(path, {"creation_id": container_id}))

    async def permalink(self, post_id: str) -> str | None:
        document = await self._get(quote(post_id, safe=""), fields="permalink")
        link = document.get("permalink")
        return link if isinstance(link, str) else None

    async def posts(self, since: datetime, *, replies: bool = False) -> list[OwnPost]:
        """Return the account's posts (or replies) from that second on, newest first."""
        found: list[OwnPost] = []
        more: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            document = await self._get(
                f"{self._user_id}/{'replies' if replies else 'threads'}",
                fields="id,text,permalink,timestamp",
                since=str(int(since.timestamp())),
                limit="100",
                **more,
            )
            rows = document.get("data")
            if not isinstance(rows, list):
                raise NoAnswer("the answer has no list")
            found += [_post(row) for row in rows if isinstance(row, dict)]
            after = _at(document, "paging", "cursors", "after")
            if not rows or not isinstance(after, str) or not after:
                break
            more = {"after": after}
        return found

    async def quota(self, *, replies: bool) -> Quota | None:
        """Return what is used of the account's quota of posts, or of replies, which needs a further
        permission; None where the answer does not say."""
        path = f"{self._user_id}/threads_publishing_limit"
        usage, config = _OF_REPLIES if replies else _OF_POSTS
        rows = (await self._get(path, fields=f"{usage},{config}")).get("data")
        row = rows[0] if isinstance(rows, list) and rows else None
        used, total = _at(row, usage), _at(row, config, "quota_total")
        window = _at(row, config, "quota_duration")
        if not (_is_count(used) and _is_count(total)):
            return None
        of = "replies" if replies else "posts"
        return Quota(used, total, of, window if _is_count(window) else None)

    async def _get(self, path: str, **params: str) -> dict[str, Any]:
        url = f"{self._base_url}/{path}"
        answer = await self._connection.exchange("GET", url, headers=self._headers, params=params)
        return _document(answer)

    async def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._base_url}/{path}"
        answer = await self._connection.exchange("POST", url, headers=self._headers, form=form)
        return _document(answer)


def _document(answer: Response) -> dict[str, Any]:
    error = answer.fields.get("error")
    if answer.ok and isinstance(answer.document, dict) and not isinstance(error, dict):
        return answer.document
    if answer.ok and not isinstance(error, dict):
        raise NoAnswer(f"HTTP {answer.status} with a body that is no answer")
    raise _api_error(answer, error if isinstance(error, dict) else {})


def _api_error(answer: Response, error: dict[str, Any]) -> ApiError:
    given = (error.get(name) for name in ("code", "error_subcode"))
    codes = {code for code in given if isinstance(code, int)}
    kind = _kind(answer.status, codes, transient=error.get("is_transient") is True)
    if kind == "refused" and any("LIMIT_EXCEEDED" in str(each) for each in error.values()):
        kind = "wrong"  # THREADS_API__LINK_LIMIT_EXCEEDED, which has no code
    told = error.get("error_user_msg") or error.get("message")
    said = f": {clean_text(told, 200)}" if told else ""
    known = ", ".join(
        f"{label} {error[name]}"
        for label, name in (("code", "code"), ("subcode", "error_subcode"))
        if isinstance(error.get(name), int)
    )
    numbers = f" ({known})" if known else ""
    hint = f"; {_FOREVER[kind]}" if kind in _FOREVER else ""
    return ApiError(kind, f"HTTP {answer.status}{numbers}{said}{hint}", answer.retry_after_s)


def _kind(status: int, codes: set[int], *, transient: bool) -> Kind:
    """Tell what an error means. What says most comes first: a 400 may be any of them."""
    if codes & _TOKEN:
        return "token"
    if codes & _MISSING:
        return "missing"
    if codes & _RATE or status == 429:
        return "rate"
    if codes & _RESTRICTED:
        return "restricted"
    if status >= 500 or transient or codes & _SERVER:
        return "server"
    if status == 401:
        return "token"
    return "wrong" if codes & _WRONG else "refused"


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _id(document: dict[str, Any]) -> str:
    value = document.get("id")
    if not isinstance(value, str) or not value:
        raise NoAnswer("the answer has no id")
    return clean_text(value, 200)


def _post(row: dict[str, Any]) -> OwnPost:
    try:
        at = datetime.fromisoformat(str(row.get("timestamp")))
    except ValueError:
        at = None
    return OwnPost(str(row.get("id")), str(row.get("text") or ""), at if at and at.tzinfo else None)


def _at(document: object, *path: str) -> object:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
