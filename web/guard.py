"""What every request goes through before anything answers it, and every answer on its way out.

In order: the name that it is asked for under, who is asking, the size of its body, and whether a
change was meant by them. What this lets through says in `scope["jobledger"]` who is asking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Refusal, problem_response
from .roles import ADD_DRAFT
from .sessions import Sessions, Visitor, is_same
from .settings import (
    MAX_BODY_BYTES,
    MAX_STRANGER_BYTES,
    WebSettings,
    is_loopback,
)
from .uploads import KIND as UPLOAD_KIND
from .uploads import Upload, bounds_of, read_form

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with less, a browser does not say where a form comes from
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
ASKED_AGAIN = "private, no-cache"
_MOST_LARGE = 4
_HOST = re.compile(r"(\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(:\d{1,5})?")
_SAFE = ("GET", "HEAD", "OPTIONS")
METRICS_PATH = "/metrics"
HEALTH_PATHS = ("/healthz", "/readyz")
OPEN_PATHS = ("/enter", "/language", *HEALTH_PATHS)
"""What whoever has not signed in may ask for, beside what is under `/static/`."""


class Asking(msgspec.Struct, frozen=True):
    """Who asks; with a form, what is in it."""

    visitor: Visitor | None
    fields: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    uploads: Sequence[tuple[str, Upload]] = ()

    @property
    def form(self) -> dict[str, str]:
        """The form, where a name is there once; of one that is there several times the last."""
        return dict(self.fields)


class AccessGuard:
    """Lets through what may be answered."""

    def __init__(self, app: ASGIApp, settings: WebSettings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions
        self.cookie = cookie_name(settings)
        self._large = 0
        """So many large bodies are just being read."""
        self._names = {name.lower() for name in (settings.host, *settings.allowed_hosts)}
        if is_loopback(settings.host):
            self._names |= {"localhost", "127.0.0.1", "::1"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outward = _Outward(scope, send, behind_tls=self._settings.behind_tls)
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            visitor, by_cookie = self._visitor(headers, scope["path"])
            _check_known(scope, visitor)
            scope["jobledger"] = Asking(visitor)  # whoever is refused below is told as who they are
            body = await self._body(headers, receive, _most_bytes(scope, visitor))
            scope["jobledger"] = await _asking(scope, headers, visitor, body)
            self._check_meant(scope, headers, by_cookie=by_cookie)
        except Refusal as problem:
            scope.setdefault("jobledger", Asking(None))
            await problem_response(problem, scope)(scope, receive, outward)
            return
        await self._app(scope, _Replay(body, receive), outward)

    async def _body(self, headers: Headers, receive: Receive, most: int) -> bytes:
        """Return the body of a request; of large ones, few are in memory at once."""
        length = headers.get("content-length")
        if length is None:
            return await _body(headers, receive, min(most, MAX_BODY_BYTES))
        if not length.isdecimal() or not MAX_BODY_BYTES < int(length) <= most:
            return await _body(headers, receive, most)
        if self._large >= _MOST_LARGE:  # rule: few-large-bodies
            raise Refusal(429, "several files are just being sent: try again", after_s=5)
        self._large += 1
        try:
            return await _body(headers, receive, most)
        finally:
            self._large -= 1

    def _check_meant(self, scope: Scope, headers: Headers, *, by_cookie: bool) -> None:
        """Check that whoever is asking meant it, if it is a change."""
        if scope["method"] in _SAFE:
            return
        asking: Asking = scope["jobledger"]
        is_open = _is_open(scope)
        self._check_origin(headers, scope, must=by_cookie or is_open)
        if by_cookie and asking.visitor is not None and not is_open:
            _check_csrf(headers, asking.form, asking.visitor)

    def _check_host(self, headers: Headers) -> None:
        host = _HOST.fullmatch(headers.get("host", ""))
        name = None if host is None else (host["name"] or host["address"]).lower()
        if name is None or name not in self._names:  # rule: known-host
            raise Refusal(
                421, "this is not served under that name", hint="the server has to be told of it"
            )

    def _visitor(self, headers: Headers, path: str) -> tuple[Visitor | None, bool]:
        """Return who asks, and whether a browser said so by itself. The token for metrics is good
        for nothing else."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":  # another kind is for a proxy in front of this
            visitor = self._sessions.of_token(token.strip())
            if path == METRICS_PATH:  # rule: metrics-alone
                visitor = visitor or self._sessions.of_metrics_token(token.strip())
            if visitor is None:
                raise Refusal(401, "the token is not the right one")
            return visitor, False
        session = cookie_parser(headers.get("cookie", "")).get(self.cookie)
        return (None if session is None else self._sessions.of_session(session)), True

    def _check_origin(self, headers: Headers, scope: Scope, *, must: bool) -> None:
        """Check that a change comes from a page of ours; a browser says where it comes from."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        scheme = "https" if self._settings.behind_tls else scope["scheme"]
        ours = f"{scheme}://{headers.get('host', '')}"
        if origin is None and site is None and not must:
            return  # no browser
        if origin is not None and origin != ours:  # rule: same-origin
            raise Refusal(403, "this change comes from a page of somebody else")
        if origin is None and site != "same-origin":
            raise Refusal(403, "nothing says that this change comes from a page of this ledger")


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    return path in OPEN_PATHS or path.startswith("/static/")


def _check_known(scope: Scope, visitor: Visitor | None) -> None:
    if visitor is None and not _is_open(scope):
        raise Refusal(401, "sign in first", hint="a bearer token, or /enter in a browser")


def _check_csrf(headers: Headers, form: Mapping[str, str], visitor: Visitor) -> None:
    sent = headers.get("x-csrf-token") or form.get("csrf", "")
    if not is_same(sent, visitor.csrf):  # rule: csrf-token
        raise Refusal(403, "the page is from an earlier session", hint="load it again")


def cookie_name(settings: WebSettings) -> str:
    """Return the name of the session's cookie; cookies of a host are shared by all its ports."""
    return "__Host-jobledger" if settings.behind_tls else f"jobledger-{settings.port}"


def _most_bytes(scope: Scope, visitor: Visitor | None) -> int:
    """Return how large the body of a request may be."""
    if visitor is None:
        return MAX_STRANGER_BYTES  # rule: small-until-known
    bounds = bounds_of(scope["path"]) if scope["method"] == "POST" else None
    if bounds is not None and visitor.role >= ADD_DRAFT:  # rule: files-of-those-who-may
        return bounds.most_bytes
    return MAX_BODY_BYTES


async def _asking(scope: Scope, headers: Headers, visitor: Visitor | None, body: bytes) -> Asking:
    """Return who asks, with what was sent where a form was.

    Raises:
        Refusal: the form cannot be read.
    """
    kind = headers.get("content-type", "")
    bounds = bounds_of(scope["path"])
    if kind.startswith(UPLOAD_KIND) and bounds is not None:
        fields, uploads = await read_form(headers, body, bounds.most_files)
        return Asking(visitor, fields, body, uploads)
    return Asking(visitor, _form(kind, body), body)


def _form(kind: str, body: bytes) -> Sequence[tuple[str, str]]:
    if not kind.startswith("application/x-www-form-urlencoded"):
        return ()
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise Refusal(400, f"the form cannot be read: {error}") from None


async def _body(headers: Headers, receive: Receive, most: int) -> bytes:
    """Return the body of a request, which is not too large."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise Refusal(413, f"a request has at most {most} bytes")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > most:
            raise Refusal(413, f"a request has at most {most} bytes")
        if not message.get("more_body", False):
            return bytes(body)


class _Replay:
    """Gives a body that was read already to those who read it again."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Outward:
    """Puts the headers on an answer that keep a browser from doing what it need not."""

    def __init__(self, scope: Scope, send: Send, *, behind_tls: bool) -> None:
        self._send = send
        self._is_static = scope["path"].startswith("/static/")
        self._behind_tls = behind_tls

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if not self._is_static and not self._is_asked_again(headers):
                headers["cache-control"] = "no-store"
            if self._behind_tls:
                headers["strict-transport-security"] = "max-age=31536000"
        await self._send(message)

    def _is_asked_again(self, headers: Headers) -> bool:
        """Whether a browser may keep an answer, if it asks each time whether it still may."""
        return headers.get("cache-control") == ASKED_AGAIN
