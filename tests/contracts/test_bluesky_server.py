"""What a server of the AT Protocol answers: the same questions to the fake one and to a real one.

The real one is the reference implementation (`make pds`). What the publisher builds upon stands
here, so that the fake one, which all its other tests ask, tells the truth.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest
from support.pds_server import JWT_SECRET, PASSWORD, Pds, server

from jobledger.publishers.bluesky_keys import record_keys
from jobledger.publishers.dag_cbor import cid_of
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.publishers.fake_platform.answers import BLUESKY_BY_FAULT

POST = "app.bsky.feed.post"
AT = "2026-11-28T05:00:00.000Z"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


class Service(Protocol):
    """A server with accounts, and with tokens that it takes for run out."""

    url: str

    def account(self, handle: str) -> str: ...

    def run_out(self, token: str) -> str: ...


class Fake:
    """The fake one; its passwords are accounts."""

    def __init__(self, platform: FakePlatform) -> None:
        self._platform = platform
        self.url = platform.bluesky_url

    def account(self, handle: str) -> str:
        body = {"identifier": handle, "password": PASSWORD}
        address = f"{self.url}/xrpc/com.atproto.server.createSession"
        did: str = httpx.post(address, json=body, trust_env=False).json()["did"]
        return did

    def run_out(self, token: str) -> str:
        self._platform.fail("bluesky_write", "token_expired")
        return token


class Real:
    """The real one, whose tokens can be made by whoever knows its secret."""

    def __init__(self, pds: Pds) -> None:
        self._pds = pds
        self.url = pds.url

    def account(self, handle: str) -> str:
        return self._pds.account(handle)

    def run_out(self, token: str) -> str:
        head, body, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        written = json.dumps(claims | {"iat": 1_700_000_000, "exp": 1_700_000_060}).encode()
        signed = f"{head}.{_base64(written)}"
        return f"{signed}.{_base64(hmac.digest(JWT_SECRET, signed.encode(), hashlib.sha256))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Client:
    """Somebody who has logged in, with keys that nobody has used."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.handle = f"a{uuid4().hex[:12]}.test"
        self.did = service.account(self.handle)
        self.keys = record_keys(None, self.did, 20)
        session = self.log_in(PASSWORD).json()
        self.access, self.refresh = session["accessJwt"], session["refreshJwt"]

    def call(self, method: str, token: str | None = None, **body: Any) -> httpx.Response:
        token = self.access if token is None else token
        return httpx.post(
            f"{self.service.url}/xrpc/{method}",
            json=body or None,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=60,
            trust_env=False,
        )

    def ask(self, method: str, **params: str) -> httpx.Response:
        address = f"{self.service.url}/xrpc/{method}"
        return httpx.get(address, params=params, timeout=60, trust_env=False)

    def log_in(self, password: str) -> httpx.Response:
        body = {"identifier": self.handle, "password": password}
        return self.call("com.atproto.server.createSession", "", **body)

    def put(self, key: str, text: str, token: str | None = None, **more: Any) -> httpx.Response:
        body: dict[str, Any] = {"repo": self.did, "collection": POST, "rkey": key}
        body |= {"record": record(text), "swapRecord": None}
        return self.call("com.atproto.repo.putRecord", token, **body | more)

    def create(self, *texts: tuple[str, str]) -> httpx.Response:
        kind = "com.atproto.repo.applyWrites#create"
        writes = [
            {"$type": kind, "collection": POST, "rkey": key, "value": record(text)}
            for key, text in texts
        ]
        return self.call("com.atproto.repo.applyWrites", repo=self.did, writes=writes)

    def text_of(self, key: str) -> str | None:
        """Return what is under a key, for whoever asks; None: nothing."""
        answer = self.ask("com.atproto.repo.getRecord", repo=self.did, collection=POST, rkey=key)
        if answer.status_code == 200:
            found: str = answer.json()["value"]["text"]
            return found
        assert error(answer) == (400, "RecordNotFound")
        return None


def record(text: str) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": AT}


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.fixture(params=["fake", "real"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "real":
        yield Client(Real(server()))
        return
    with FakePlatform(tokens={PASSWORD: "acc"}) as platform:
        yield Client(Fake(platform))


def test_a_record_is_written_where_none_is_and_once(client: Client) -> None:
    """The same once more is a success that changes nothing; another one is refused."""
    key = client.keys[0]
    assert client.text_of(key) is None
    first, again = client.put(key, "xin chào 😀"), client.put(key, "xin chào 😀")
    for answer in (first, again):
        assert answer.status_code == 200
        assert answer.json()["uri"] == f"at://{client.did}/{POST}/{key}"
        assert answer.json()["cid"] == cid_of(record("xin chào 😀"))
    assert error(client.put(key, "another")) == (400, "InvalidSwap")
    assert client.text_of(key) == "xin chào 😀"


def test_without_that_condition_it_would_be_overwritten(client: Client) -> None:
    """So the condition is what protects what is there."""
    key = client.keys[0]
    client.put(key, "one")
    body: dict[str, Any] = {"repo": client.did, "collection": POST, "rkey": key}
    body["record"] = record("two")
    assert client.call("com.atproto.repo.putRecord", **body).status_code == 200
    assert client.text_of(key) == "two"


def test_several_are_created_at_once_or_none_is(client: Client) -> None:
    """Where one of the keys is taken nothing is done, whatever is there; the answer is a 500."""
    one, two, three = client.keys[:3]
    made = client.create((one, "a"), (two, "b"))
    assert made.status_code == 200
    assert [each["cid"] for each in made.json()["results"]] == [
        cid_of(record("a")), cid_of(record("b")),
    ]  # fmt: skip
    assert client.create((one, "a"), (two, "b")).status_code == 500
    assert client.create((three, "c"), (two, "other")).status_code == 500
    assert [client.text_of(key) for key in (one, two, three)] == ["a", "b", None]
    assert error(client.put(one, "other")) == (400, "InvalidSwap")


def test_a_record_is_looked_at_by_anybody(client: Client) -> None:
    """By the DID or the handle of whoever has it; of a repository that is not there nothing is
    known, which is another answer than that there is no record."""
    key = client.keys[0]
    client.put(key, "here")
    asked = {"collection": POST, "rkey": key}
    by_handle = client.ask("com.atproto.repo.getRecord", repo=client.handle, **asked).json()
    assert by_handle["cid"] == cid_of(record("here"))
    nobody = client.ask("com.atproto.repo.getRecord", repo="did:plc:" + "z" * 24, **asked)
    assert error(nobody) == (400, "InvalidRequest")


def test_who_is_not_let_in_writes_nothing(client: Client) -> None:
    """Each in its way: a wrong password, no token, one that is none, one for another use, one that
    has run out, one of another account."""
    key = client.keys[0]
    assert error(client.log_in("wrong-password")) == (401, "AuthenticationRequired")
    assert error(client.put(key, "x", token="")) == (401, "AuthMissing")
    assert error(client.put(key, "x", token="no-token")) == (400, "InvalidToken")
    assert error(client.put(key, "x", token=client.refresh)) == (400, "InvalidToken")
    run_out = client.service.run_out(client.access)
    assert error(client.put(key, "x", token=run_out)) == (400, "ExpiredToken")
    nobodys = client.put(key, "x", repo="did:plc:" + "z" * 24)
    assert error(nobodys) == (403, "AccountNotFound")
    assert client.text_of(key) is None


def test_a_session_is_renewed_with_the_token_for_that_alone(client: Client) -> None:
    """What comes back writes."""
    method = "com.atproto.server.refreshSession"
    assert error(client.call(method, client.access)) == (400, "InvalidToken")
    renewed = client.call(method, client.refresh).json()
    assert renewed["did"] == client.did
    assert client.put(client.keys[0], "x", token=renewed["accessJwt"]).status_code == 200


def test_a_handle_is_somebodys_or_nobodys(client: Client) -> None:
    method = "com.atproto.identity.resolveHandle"
    assert client.ask(method, handle=client.handle).json() == {"did": client.did}
    assert error(client.ask(method, handle="nobody.test")) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "given", [{"rkey": "abc"}, {"record": record("x" * 301)}, {"record": {"$type": POST}}]
)
def test_what_is_no_post_is_refused(client: Client, given: dict[str, Any]) -> None:
    """A key that is no TID, a text that is too long, a record without what it has to have."""
    assert error(client.put(client.keys[0], "x", **given)) == (400, "InvalidRequest")


def test_a_file_is_brought_before_a_record_has_it(client: Client) -> None:
    """The same bytes are the same file; one that was not brought is not found."""
    headers = {"Authorization": f"Bearer {client.access}", "Content-Type": "image/png"}
    address = f"{client.service.url}/xrpc/com.atproto.repo.uploadBlob"

    def embedded(cid: str) -> dict[str, Any]:
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/png", "size": len(PIXEL)}
        images = [{"alt": "a point", "image": blob}]
        return record("x") | {"embed": {"$type": "app.bsky.embed.images", "images": images}}

    first, again = (
        httpx.post(address, content=PIXEL, headers=headers, timeout=60, trust_env=False).json()
        for _ in "12"
    )
    cid = first["blob"]["ref"]["$link"]
    assert first == again
    assert first["blob"] == {
        "$type": "blob", "ref": {"$link": cid}, "mimeType": "image/png", "size": len(PIXEL),
    }  # fmt: skip
    unknown = cid_of("not brought").replace("bafyrei", "bafkrei")
    missing = client.put(client.keys[0], "x", record=embedded(unknown))
    assert error(missing) == (400, "BlobNotFound")
    made = client.put(client.keys[0], "x", record=embedded(cid))
    assert made.json()["cid"] == cid_of(embedded(cid))


def test_who_logs_in_too_often_is_told_when_to_come_again() -> None:
    """Of a real server that has its limits: the same name and headers that the fake one has."""
    server()
    pds = Pds(RATE_LIMITS="1")
    pds.start()
    try:
        client = Client(Real(pds))
        answers = [client.log_in("wrong-password") for _ in range(31)]
    finally:
        pds.end()
    faked = BLUESKY_BY_FAULT["rate_limited"]
    assert error(answers[-1]) == (faked.status, faked.document["error"])
    assert set(faked.headers) <= set(answers[-1].headers)
    assert int(answers[-1].headers["ratelimit-reset"]) > 1_700_000_000
