"""What the fake platform knows of Bluesky: sessions, repositories, and the calls on them.

It does what the reference implementation does, of what a publisher can tell; a test puts both to
the same questions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ...domain import length_of
from ..dag_cbor import blob_cid, cid_of
from .answers import BLUESKY_BY_FAULT, Reply, refusal
from .faults import Exchange
from .threads import Out

_POST = "app.bsky.feed.post"
_KEY = re.compile("[234567abcdefghij][234567a-z]{12}")
_HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?")


class FakeSession(msgspec.Struct, frozen=True):
    """Who has logged in, and whether this is what renews it."""

    did: str
    handle: str
    renews: bool = False


class _Refused(Exception):
    def __init__(self, name: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.reply = refusal(status, name, message)


class FakeBluesky:
    """The state, and the calls. Not safe for threads: the server calls under its lock."""

    def __init__(
        self,
        now: Callable[[], datetime],
        passwords: Mapping[str, str] | None,
        posts: list[Out],
    ) -> None:
        self._now = now
        self._passwords = passwords
        self._posts = posts
        self._tokens = 0
        self._dids: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._blobs: set[str] = set()
        self.sessions: dict[str, FakeSession] = {}
        self.records: dict[tuple[str, str], dict[str, Any]] = {}

    def find(
        self, name: str, query: Mapping[str, str], authorization: str, kind: str, body: bytes
    ) -> tuple[Exchange, Callable[[], Reply]] | None:
        """Which exchange a call is, and what acting on it means."""
        token = authorization.removeprefix("Bearer ")
        calls: dict[str, tuple[Exchange, Callable[[], Reply]]] = {
            "com.atproto.server.createSession": ("bluesky_login", lambda: self._log_in(body)),
            "com.atproto.server.refreshSession": ("bluesky_refresh", lambda: self._renew(token)),
            "com.atproto.identity.resolveHandle": ("bluesky_handle", lambda: self._resolve(query)),
            "com.atproto.repo.getRecord": ("bluesky_record", lambda: self._record(query)),
            "com.atproto.repo.putRecord": ("bluesky_write", lambda: self._put(token, body)),
            "com.atproto.repo.applyWrites": ("bluesky_write", lambda: self._apply(token, body)),
            "com.atproto.repo.uploadBlob": (
                "bluesky_blob", lambda: self._upload(token, kind, body),
            ),
        }  # fmt: skip
        found = calls.get(name)
        if found is None:
            return None
        exchange, call = found
        return exchange, lambda: _answered(call)

    # -- who ---------------------------------------------------------------------------------------

    def _log_in(self, body: bytes) -> Reply:
        given = msgspec.json.decode(body)
        handle, password = str(given.get("identifier")), str(given.get("password"))
        account = password if self._passwords is None else self._passwords.get(password)
        if not account:
            raise _Refused("AuthenticationRequired", "Invalid identifier or password", 401)
        did = handle if handle.startswith("did:") else self.did_of(handle)
        self._accounts[did] = account
        return self._session(did, handle)

    def did_of(self, handle: str) -> str:
        """Return the DID that a handle has here; it is nobody's before somebody has logged in."""
        letters = (
            hashlib.sha256(handle.encode())
            .hexdigest()[:24]
            .translate(str.maketrans("0189", "wxyz"))
        )
        return self._dids.setdefault(handle, f"did:plc:{letters}")

    def _session(self, did: str, handle: str) -> Reply:
        self._tokens += 1
        access, refresh = (f"{kind}-token-{self._tokens:08d}" for kind in ("access", "refresh"))
        self.sessions[access] = FakeSession(did, handle)
        self.sessions[refresh] = FakeSession(did, handle, renews=True)
        given = {"did": did, "handle": handle, "accessJwt": access, "refreshJwt": refresh}
        return Reply(200, given | {"active": True})

    def _renew(self, token: str) -> Reply:
        session = self.sessions.get(token)
        if session is None or not session.renews:
            raise _Refused("InvalidToken", "Token could not be verified")
        return self._session(session.did, session.handle)

    def _who(self, token: str) -> str:
        if not token:
            raise _Refused("AuthMissing", "Authentication Required", 401)
        session = self.sessions.get(token)
        if session is None or session.renews:
            raise _Refused("InvalidToken", "Token could not be verified")
        return session.did

    def _resolve(self, query: Mapping[str, str]) -> Reply:
        handle = query.get("handle", "")
        if not _HANDLE.fullmatch(handle) or handle not in self._dids:
            raise _Refused("InvalidRequest", "Unable to resolve handle")
        return Reply(200, {"did": self._dids[handle]})

    # -- records -----------------------------------------------------------------------------------

    def _record(self, query: Mapping[str, str]) -> Reply:
        repo, rkey = query.get("repo", ""), query.get("rkey", "")
        did = self._dids.get(repo, repo)
        if did not in self._accounts:
            raise _Refused("InvalidRequest", "Could not locate record")
        uri = f"at://{did}/{query.get('collection')}/{rkey}"
        record = self.records.get((did, rkey))
        if record is None:
            raise _Refused("RecordNotFound", f"Could not locate record: {uri}")
        return Reply(200, {"uri": uri, "cid": cid_of(record), "value": record})

    def _put(self, token: str, body: bytes) -> Reply:
        did, given = self._own(token, body)
        rkey, record = str(given.get("rkey")), given["record"]
        self._check(rkey, record)
        there = self.records.get((did, rkey))
        uri, cid = f"at://{did}/{_POST}/{rkey}", cid_of(record)
        if there is not None and cid_of(there) == cid:
            return Reply(200, {"uri": uri, "cid": cid, "validationStatus": "valid"})
        if "swapRecord" in given:
            expected, actual = given["swapRecord"], None if there is None else cid_of(there)
            if expected != actual:
                raise _Refused("InvalidSwap", f"Record was at {actual}")
        self._keep(did, rkey, record)
        return Reply(200, {"uri": uri, "cid": cid, "validationStatus": "valid"})

    def _apply(self, token: str, body: bytes) -> Reply:
        did, given = self._own(token, body)
        writes = given["writes"]
        for write in writes:
            if write.get("$type") != "com.atproto.repo.applyWrites#create":
                raise _Refused("InvalidRequest", "Action not supported")
            self._check(write.get("rkey"), write.get("value"))
        if any((did, write["rkey"]) in self.records for write in writes):
            return BLUESKY_BY_FAULT["500_before"]  # so it answers where something is there already
        results = []
        for write in writes:
            self._keep(did, write["rkey"], write["value"])
            uri = f"at://{did}/{_POST}/{write['rkey']}"
            results.append({"uri": uri, "cid": cid_of(write["value"])})
        return Reply(200, {"results": results})

    def _own(self, token: str, body: bytes) -> tuple[str, dict[str, Any]]:
        did, given = self._who(token), msgspec.json.decode(body)
        if given.get("repo") not in (did, *(h for h, d in self._dids.items() if d == did)):
            raise _Refused("AccountNotFound", "Account not found", 403)
        return did, given

    def _check(self, rkey: object, record: Any) -> None:
        if not isinstance(rkey, str) or not _KEY.fullmatch(rkey):
            raise _Refused("InvalidRequest", f"Invalid record key for {_POST}: Invalid TID string")
        text = record.get("text")
        if not isinstance(text, str) or "createdAt" not in record:
            raise _Refused("InvalidRequest", f"Invalid {_POST} record")
        if length_of(text, "bluesky") > 300 or len(text.encode()) > 3000:
            raise _Refused("InvalidRequest", f"Invalid {_POST} record: grapheme too big")
        for cid in re.findall(r'"\$link":\s*"([a-z0-9]+)"', msgspec.json.encode(record).decode()):
            if cid not in self._blobs:
                raise _Refused("BlobNotFound", f"Could not find blob: {cid}")

    def _keep(self, did: str, rkey: str, record: dict[str, Any]) -> None:
        uri = f"at://{did}/{_POST}/{rkey}"
        self._posts[:] = [post for post in self._posts if post.id != uri]
        self.records[did, rkey] = record
        parent = record.get("reply", {}).get("parent", {}).get("uri", "")
        at = self._now().astimezone(UTC)
        account = self._accounts[did]
        self._posts.append(Out(uri, account, record["text"], at, key=rkey, reply_to=parent))

    def _upload(self, token: str, kind: str, body: bytes) -> Reply:
        self._who(token)
        cid = blob_cid(hashlib.sha256(body).digest())
        self._blobs.add(cid)
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": len(body)}
        return Reply(200, {"blob": blob})


def _answered(call: Callable[[], Reply]) -> Reply:
    try:
        return call()
    except _Refused as refused:
        return refused.reply
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError):
        return refusal(400, "InvalidRequest", "Input is not as it has to be")
