"""The server: what is asked for, which fault hits it, and what comes back."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from .answers import NOT_FOUND, TOKEN_EXPIRED, Reply, answer_to
from .bluesky import FakeBluesky
from .faults import NOT_ACTED_ON, OF_MASTODON, Exchange, Fault, FaultPlan
from .mastodon import BY_FAULT as BY_FAULT_OF_MASTODON
from .mastodon import FakeMastodon
from .threads import FakeThreads, Out

Act = Callable[[], Reply]


class Seen(msgspec.Struct, frozen=True):
    """A request as it arrived."""

    exchange: Exchange
    target: str
    headers: dict[str, str]
    body: bytes


class FakePlatform:
    """The platform, from entering its `with` block to leaving it; for any number of clients.

    An account of Threads is whoever the token of a request belongs to (`tokens` maps tokens to
    accounts; without it the token is the account). A container is ready after `looks` looks at it.
    The webhook acts once on a key where `dedupe` is set, and on every request otherwise.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tokens: Mapping[str, str] | None = None,
        looks: int = 1,
        dedupe: bool = True,
    ) -> None:
        self._now = now
        self._tokens = None if tokens is None else dict(tokens)
        self._dedupe = dedupe
        self._lock = threading.Lock()
        self._plan = FaultPlan()
        self._late: list[Act] = []
        self._posts: list[Out] = []
        self._threads = FakeThreads(now, looks, self._posts)
        self._bluesky = FakeBluesky(now, self._tokens, self._posts)
        self._mastodon = FakeMastodon(now, self._posts)
        self._closing = threading.Event()
        self._silent = threading.Semaphore(0)
        self.silences: int = 0
        """How many exchanges have been left without an answer so far."""
        self.seen: list[Seen] = []
        """Every request so far."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=partial(self._server.serve_forever, poll_interval=0.02), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def threads_url(self) -> str:
        """The `base_url` of a ThreadsPublisher."""
        return f"{self.url}/v1.0"

    @property
    def mastodon_url(self) -> str:
        """The `instance` of a MastodonPublisher."""
        return self.url

    @property
    def bluesky_url(self) -> str:
        """The `base_url` of a BlueskyPublisher."""
        return self.url

    @property
    def webhook_url(self) -> str:
        """The `url` of a WebhookPublisher."""
        return f"{self.url}/webhook"

    @property
    def status_url(self) -> str:
        """The `status_url` of a WebhookPublisher."""
        return f"{self.url}/webhook/{{key}}"

    # -- what is out -----------------------------------------------------------------------------

    def posts(self) -> list[Out]:
        """Every post that is out, in order."""
        with self._lock:
            return list(self._posts)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many posts there are by account and text."""
        return Counter((post.account, post.text) for post in self.posts())

    # -- faults ----------------------------------------------------------------------------------

    def fail(self, exchange: Exchange, fault: Fault, *, times: float = 1, skip: int = 0) -> None:
        """Let a fault hit the next exchange of that name (after `skip`), or the next `times`."""
        with self._lock:
            self._plan.add(exchange, fault, times, skip)

    def mend(self) -> None:
        """Take back the faults to come, and act on what is late."""
        with self._lock:
            self._plan.clear()
            self._act_on_late()

    def wait_for_silence(self, timeout_s: float = 20.0) -> bool:
        """Until one more exchange is left without an answer."""
        return self._silent.acquire(timeout=timeout_s)

    def forget_containers(self) -> None:
        """Lose every container: asked for one, the platform says that there is none."""
        with self._lock:
            self._threads.containers.clear()

    def forget_sessions(self) -> None:
        """Let no session of Bluesky hold any more: whoever wants to write logs in anew."""
        with self._lock:
            self._bluesky.sessions.clear()

    def limit_to(self, posts: int, replies: int = 1000) -> None:
        """Let an account of Threads publish no more than so many in any 24 hours."""
        with self._lock:
            self._threads.quota, self._threads.reply_quota = posts, replies

    def take_longer(self, looks: int) -> None:
        """Let every container be IN_PROGRESS for so many looks more."""
        with self._lock:
            for container in self._threads.containers.values():
                container.looks = looks

    # -- requests --------------------------------------------------------------------------------

    def _handle(self, seen: Seen, act: Act, changes: bool) -> tuple[Reply | None, Fault | None]:
        """Act on a request as the faults want it: what to answer (None: nothing), and how."""
        with self._lock:
            self.seen.append(seen)
            if changes:
                self._act_on_late()
            fault = self._plan.next(seen.exchange)
            if fault is None:
                return act(), None
            self._prepare(fault)
            if fault == "late":
                self._late.append(act)
            reply = None if fault in NOT_ACTED_ON else act()
            if fault == "twice":
                reply = act()
            if fault in ("silent_before", "silent_after", "late"):
                self.silences += 1
                self._silent.release()
            if seen.exchange in OF_MASTODON:
                return BY_FAULT_OF_MASTODON.get(fault, reply), fault
            return answer_to(seen.exchange, fault, reply), fault

    def _prepare(self, fault: Fault) -> None:
        fates: dict[str, str] = {
            "container_error": "ERROR",
            "container_expired": "EXPIRED",
            "container_stuck": "IN_PROGRESS",
        }
        self._threads.next_container = fates.get(fault, "FINISHED")
        self._mastodon.forgets_key = fault == "forgotten"

    def _act_on_late(self) -> None:
        late, self._late = self._late, []
        for act in late:
            act()

    def _account(self, authorization: str) -> str | None:
        token = authorization.removeprefix("Bearer ")
        return token if self._tokens is None else self._tokens.get(token)

    def _receive(self, document: Any, key: str) -> Reply:
        """Do what the webhook does with a job."""
        if not isinstance(document, dict) or not key:
            return Reply(400, {"error": "there is no job, or no key"})
        known = [post for post in self._posts if post.key == key]
        if known and self._dedupe:
            return Reply(409, {"already_done": True, "id": known[0].id})
        post = Out(
            f"post-{len(self._posts) + 1}",
            str(document.get("account_id")),
            str(document.get("content")),
            self._now(),
            key=key,
        )
        self._posts.append(post)
        return Reply(201, {"id": post.id})

    def _tell(self, key: str) -> Reply:
        known = [post for post in self._posts if post.key == key]
        return Reply(200, {"id": known[0].id}) if known else Reply(404, {"error": "not seen"})

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, platform: FakePlatform, *arguments: Any) -> None:
        self._platform = platform
        super().__init__(*arguments)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._route("GET", parts.path, dict(parse_qsl(parts.query)), b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._route("POST", urlsplit(self.path).path, {}, body)

    def _route(self, method: str, path: str, query: dict[str, str], body: bytes) -> None:
        found = self._find(method, [unquote(part) for part in path.split("/")[1:]], query, body)
        if found is None:
            self._send(NOT_FOUND, None)
            return
        exchange, act = found
        headers = {name.lower(): self.headers[name] for name in self.headers}
        seen = Seen(exchange, self.path, headers, body)
        reply, fault = self._platform._handle(seen, act, changes=method == "POST")
        if fault in ("silent_before", "silent_after", "late"):
            self._platform._closing.wait()
        if fault in ("silent_before", "silent_after", "late", "drop_before", "drop_after"):
            self._hang_up()
        elif reply is not None:
            self._send(reply, fault)

    def _find(
        self, method: str, path: list[str], query: dict[str, str], body: bytes
    ) -> tuple[Exchange, Act] | None:
        """Which exchange this is, and what acting on it means."""
        platform = self._platform
        match method, path:
            case "POST", ["webhook"]:
                key = self.headers.get("Idempotency-Key", "")
                return "webhook", lambda: platform._receive(_json(body), key)
            case "GET", ["webhook", key]:
                return "webhook_status", lambda: platform._tell(key)
            case _, ["api", *rest]:
                account = platform._account(self.headers.get("Authorization", ""))
                key = self.headers.get("Idempotency-Key", "")
                return platform._mastodon.find(method, rest, account, query, body, key)
            case _, ["xrpc", name]:
                authorization = self.headers.get("Authorization", "")
                kind = self.headers.get("Content-Type", "")
                return platform._bluesky.find(name, query, authorization, kind, body)
            case _, ["v1.0", *rest]:
                account = platform._account(self.headers.get("Authorization", ""))
                if account is None:
                    return ("status" if method == "GET" else "create"), lambda: TOKEN_EXPIRED
                return self._find_threads(method, rest, account, query, body)
        return None

    def _find_threads(
        self, method: str, path: list[str], account: str, query: dict[str, str], body: bytes
    ) -> tuple[Exchange, Act] | None:
        threads = self._platform._threads
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        match method, path:
            case "POST", [_, "threads"]:
                return "create", lambda: threads.create(account, form)
            case "POST", [_, "threads_publish"]:
                return "publish", lambda: threads.publish(account, form.get("creation_id"))
            case "GET", [_, "threads" | "replies" as kind]:
                replies = kind == "replies"
                since = query.get("since")
                return "list", lambda: threads.list(account, since, replies=replies)
            case "GET", [_, "threads_publishing_limit"]:
                return "limit", lambda: threads.limit(account, query.get("fields", ""))
            case "GET", [node]:
                if "status" in query.get("fields", ""):
                    return "status", lambda: threads.status(node)
                return "permalink", lambda: threads.permalink(node)
        return None

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        body = b"<html>garbage" if fault == "garbage" else msgspec.json.encode(reply.document)
        with suppress(ConnectionError):  # whoever asked is gone: that happens to platforms
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "half" else body)
        if fault == "half":
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: a test says what it sees."""


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
