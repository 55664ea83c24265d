"""A small social platform for the demo: a local HTTP server that keeps every post it receives.

It does not deduplicate: who posts twice is seen to have posted twice.

    POST /posts          {"account_id", "content"} and an Idempotency-Key header; 201 {"id"}
    GET  /posts?key=KEY  [{"id", "account_id", "content", "key"}, …]
"""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import msgspec


class Post(msgspec.Struct, frozen=True):
    """One post as the platform has it."""

    id: str
    account_id: str
    content: str
    key: str


class Draft(msgspec.Struct, frozen=True):
    """What a client sends."""

    account_id: str
    content: str


class Platform:
    """The server, from entering its `with` block to leaving it.

    The answer to post number `hold` (from 1) is held back after the post was stored, until
    `release`: that is a post in flight, out in the world and not yet known to its sender.
    """

    def __init__(self, hold: int | None = None) -> None:
        self._hold = hold
        self._lock = threading.Lock()
        self._posts: list[Post] = []
        self._released = threading.Event()
        self.holding = threading.Event()
        """Set as soon as an answer is being held back."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def posts(self) -> list[Post]:
        """Every post received so far, in order."""
        with self._lock:
            return list(self._posts)

    def counts(self) -> Counter[str]:
        """How many posts there are of each idempotency key."""
        return Counter(post.key for post in self.posts())

    def store(self, draft: Draft, key: str) -> Post:
        """Keep one more post; holds the answer back where it is told to."""
        with self._lock:
            number = len(self._posts) + 1
            post = Post(f"post-{number}", draft.account_id, draft.content, key)
            self._posts.append(post)
        if number == self._hold:
            self.holding.set()
            self._released.wait()
        return post

    def release(self) -> None:
        """Let the answer that is held back go."""
        self._released.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    draft = msgspec.json.decode(body, type=Draft)
                except msgspec.MsgspecError as error:
                    self._answer(400, {"error": str(error)})
                    return
                post = platform.store(draft, self.headers.get("Idempotency-Key", ""))
                self._answer(201, {"id": post.id})

            def do_GET(self) -> None:
                key = parse_qs(urlsplit(self.path).query).get("key", [""])[0]
                self._answer(200, [post for post in platform.posts() if post.key == key])

            def _answer(self, status: int, document: object) -> None:
                body = msgspec.json.encode(document)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError:
                    return  # whoever asked has been killed meanwhile: that is the story

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet: the demo tells the story itself."""

        return Handler
