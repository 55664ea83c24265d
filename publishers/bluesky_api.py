"""The calls of the AT Protocol that a post needs, and what its errors mean.

https://docs.bsky.app/docs/api (com.atproto.server, .repo and .identity), looked up on 2026-11-28,
and tried against the reference implementation, `@atproto/pds` 0.4.217. What is secret goes in
headers and in the body of a login, never in an address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from ..domain import clean_text
from .exchange import Connection, NoAnswer, Response

COLLECTION = "app.bsky.feed.post"
ErrorKind = Literal["account", "session", "missing", "swap", "rate", "server", "wrong"]

_ACCOUNT = {
    "AccountTakedown", "AccountSuspended", "AccountDeactivated", "AuthFactorTokenRequired",
    "RepoTakendown", "RepoSuspended", "RepoDeactivated", "AccountNotFound",
}  # fmt: skip
_SESSION = {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"}
_FOREVER: dict[ErrorKind, str] = {
    "account": "see to the account and its app password, then requeue the job",
    "wrong": "change the job, then requeue it",
}


class BlueskyError(Exception):
    """The server answered, and the answer is no."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message

    @property
    def retryable(self) -> bool:
        return self.kind not in _FOREVER


class FoundRecord(msgspec.Struct, frozen=True):
    """A record as it is there: where, the address of its content, and the content."""

    uri: str
    cid: str
    value: dict[str, Any]


class Written(msgspec.Struct, frozen=True):
    """A record to be written, under its key."""

    rkey: str
    record: dict[str, Any]


class LoggedIn(msgspec.Struct, frozen=True):
    """What a login gives. Its repr has no token."""

    did: str
    handle: str
    access: str
    refresh: str

    def __repr__(self) -> str:
        return f"LoggedIn({self.did})"


class BlueskyApi:
    """The calls of one attempt, over its connection.

    Every method raises NotSent, NoAnswer or BlueskyError.
    """

    def __init__(self, connection: Connection, base_url: str) -> None:
        self._connection = connection
        self._base_url = base_url.rstrip("/")

    # -- logging in ------------------------------------------------------------------------------

    async def log_in(self, identifier: str, password: str) -> LoggedIn:
        """Begin a session with an app password."""
        body = {"identifier": identifier, "password": password}
        return _session(await self._post("com.atproto.server.createSession", body))

    async def refresh(self, session: LoggedIn) -> LoggedIn:
        """Go on with a session whose access has run out."""
        return _session(
            await self._post("com.atproto.server.refreshSession", token=session.refresh)
        )

    # -- asking ----------------------------------------------------------------------------------

    async def record(self, repo: str, rkey: str) -> FoundRecord | None:
        """Return the post under a key; None: there is none. Nobody has to be logged in for it."""
        try:
            document = await self._get(
                "com.atproto.repo.getRecord", repo=repo, collection=COLLECTION, rkey=rkey
            )
        except BlueskyError as error:
            if error.kind == "missing":
                return None
            raise
        uri, cid, value = (document.get(name) for name in ("uri", "cid", "value"))
        if not isinstance(uri, str) or not isinstance(cid, str) or not isinstance(value, dict):
            raise NoAnswer("the answer is no record")
        return FoundRecord(clean_text(uri, 700), clean_text(cid, 200), value)

    async def did_of(self, handle: str) -> str | None:
        """Return whose a handle is; None: nobody's that the server knows of."""
        try:
            document = await self._get("com.atproto.identity.resolveHandle", handle=handle)
        except BlueskyError as error:
            if error.kind in ("wrong", "missing"):
                return None
            raise
        did = document.get("did")
        if not isinstance(did, str) or not did.startswith("did:"):
            raise NoAnswer("the answer has no DID")
        return clean_text(did, 300)

    # -- writing ---------------------------------------------------------------------------------

    async def write(self, did: str, access: str, writes: Sequence[Written]) -> None:
        """Write records under keys where there are none: all of them, or nothing.

        One is put where nothing is (`swapRecord` null: an equal one that is there is a success,
        another one an error of the kind `swap`); several are created in one write, which fails
        wherever one of them is there already.
        """
        if len(writes) == 1:
            body: dict[str, Any] = {
                "repo": did,
                "collection": COLLECTION,
                "rkey": writes[0].rkey,
                "record": writes[0].record,
                "swapRecord": None,  # rule: what-is-there-stays
            }
            await self._post("com.atproto.repo.putRecord", body, access)
            return
        creates = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": COLLECTION,
                "rkey": each.rkey,
                "value": each.record,
            }
            for each in writes
        ]
        await self._post("com.atproto.repo.applyWrites", {"repo": did, "writes": creates}, access)

    async def upload(self, access: str, content: bytes, mime: str) -> dict[str, Any]:
        """Bring a file; return what a record says of it. The same bytes are the same file."""
        headers = {"Authorization": f"Bearer {access}", "Content-Type": mime}
        answer = await self._connection.exchange(
            "POST", self._url("com.atproto.repo.uploadBlob"), headers=headers, content=content
        )
        blob = _document(answer).get("blob")
        if not isinstance(blob, dict):
            raise NoAnswer("the answer has no blob")
        return blob

    # -- the way there ---------------------------------------------------------------------------

    async def _get(self, method: str, **params: str) -> dict[str, Any]:
        answer = await self._connection.exchange(
            "GET", self._url(method), headers={}, params=params
        )
        return _document(answer)

    async def _post(
        self, method: str, body: Mapping[str, Any] | None = None, token: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        answer = await self._connection.exchange(
            "POST", self._url(method), headers=headers, content=content
        )
        return _document(answer)

    def _url(self, method: str) -> str:
        return f"{self._base_url}/xrpc/{method}"


def _document(answer: Response) -> dict[str, Any]:
    if answer.ok:
        if not isinstance(answer.document, dict):
            raise NoAnswer(f"HTTP {answer.status} with a body that is no answer")
        return answer.document
    raise _error(answer)


def _error(answer: Response) -> BlueskyError:
    name, told = answer.fields.get("error"), answer.fields.get("message")
    name = clean_text(name, 60) if isinstance(name, str) else ""
    kind = _kind(answer.status, name)
    said = f": {clean_text(told, 200)}" if isinstance(told, str) and told else ""
    named = f" ({name})" if name else ""
    until = _until(answer) if kind == "rate" else ""
    hint = f"; {_FOREVER[kind]}" if kind in _FOREVER else ""
    return BlueskyError(kind, f"HTTP {answer.status}{named}{said}{until}{hint}")


def _kind(status: int, name: str) -> ErrorKind:
    if status == 429 or name == "RateLimitExceeded":
        return "rate"
    if name in _ACCOUNT:
        return "account"
    if name in _SESSION or (status == 401 and name != "InvalidRequest"):
        return "session"
    if name == "RecordNotFound":
        return "missing"
    if name == "InvalidSwap":
        return "swap"
    return "server" if status >= 500 or status == 408 else "wrong"


def _until(answer: Response) -> str:
    """Say what the headers say of when it ends."""
    told = []
    if answer.retry_after_s is not None:
        told.append(f"again in {answer.retry_after_s:g} s")
    reset, limit = (answer.headers.get(f"ratelimit-{each}", "") for each in ("reset", "limit"))
    if reset.isascii() and reset.isdigit() and len(reset) <= 10:
        at = datetime.fromtimestamp(int(reset), UTC)
        told.append(f"again at {at:%Y-%m-%d %H:%M:%S} UTC")
    if limit.isascii() and limit.isdigit() and len(limit) <= 9:
        told.append(f"the limit is {limit}")
    return f"; {', '.join(told)}" if told else ""


def _session(document: Mapping[str, Any]) -> LoggedIn:
    names = ("did", "handle", "accessJwt", "refreshJwt")
    given = [document.get(name) for name in names]
    if not all(isinstance(each, str) and each and each.isascii() for each in given):
        raise NoAnswer("the answer is no session")
    did, handle, access, refresh = map(str, given)
    if document.get("active") is False:
        status = clean_text(document.get("status") or "not active", 40)
        raise BlueskyError("account", f"the account is {status}; {_FOREVER['account']}")
    return LoggedIn(clean_text(did, 300), clean_text(handle, 300), access, refresh)
