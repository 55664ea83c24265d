"""What the fake platform knows of Mastodon: statuses, keys that last an hour, and the calls."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from .answers import Reply
from .faults import Exchange, Fault
from .threads import Out

KEYS_LAST = timedelta(hours=1)
LONGEST = 500
_PER_LINK = 23
_LINK = re.compile(r"https?://[^\s<]+")


def _error(status: int, said: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): headers[name] for name in headers}
    return Reply(status, {"error": said}, named)


NOT_FOUND = _error(404, "Record not found")
NO_TOKEN = _error(401, "The access token is invalid")
SERVER_ERROR = _error(500, "We're sorry, but something went wrong on our end.")
BY_FAULT: Mapping[Fault, Reply] = {
    "500_before": SERVER_ERROR,
    "500_after": SERVER_ERROR,
    "forgotten": SERVER_ERROR,
    "rate_limited": _error(
        429, "Too many requests", X_RateLimit_Reset="2026-03-02T12:15:00.000000Z"
    ),
    "token_expired": NO_TOKEN,
    "restricted": _error(403, "Your login is currently disabled"),
    "missing": NOT_FOUND,
}
"""The faults that are answers."""


class FakeStatus(msgspec.Struct):
    """A status that is out. `text` and `warning` are as they were sent, but stripped."""

    id: str
    account: str
    text: str
    warning: str
    at: datetime
    given: dict[str, Any]
    key: str
    edited_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the API shows of it."""
        return {
            "id": self.id,
            "created_at": _time(self.at),
            "edited_at": None if self.edited_at is None else _time(self.edited_at),
            "in_reply_to_id": self.given.get("in_reply_to_id"),
            "spoiler_text": self.warning,
            "sensitive": bool(self.given.get("sensitive") or self.warning),
            "visibility": self.given.get("visibility", "public"),
            "language": self.given.get("language"),
            "content": as_html(self.text),
            "media_attachments": [{"id": each} for each in self.given.get("media_ids") or []],
            "reblog": None,
            "url": f"https://mastodon.example/@{self.account}/{self.id}",
        }


class FakeMastodon:
    """The state, and the calls. Not safe for threads: the server calls under its lock."""

    def __init__(self, now: Callable[[], datetime], posts: list[Out]) -> None:
        self._now = now
        self._posts = posts
        self.statuses: list[FakeStatus] = []
        self.longest = LONGEST
        self.api_version: int | None = 7
        self.has_source = True
        self._keys: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._count = 0
        self.media: dict[str, tuple[bytes, str]] = {}
        """The files, and how each is described."""
        self.looks = 0
        self._looks: dict[str, int] = {}
        self.forgets_key = False
        """Whether the instance dies between the next status and keeping its key."""

    def find(
        self, method: str, path: list[str], account: str | None, query: Mapping[str, str],
        body: bytes, key: str,
    ) -> tuple[Exchange, Callable[[], Reply]] | None:  # fmt: skip
        """Which exchange a request is, and what acting on it means."""
        exchange: Exchange
        match method, path:
            case "GET", ["v1" | "v2" as version, "instance"]:
                exchange, act = "instance", lambda: self.instance(version)
            case "POST", ["v1", "statuses"]:
                exchange, act = "post_status", lambda: self.post(account or "", _json(body), key)
            case "POST", ["v2", "media"]:
                exchange, act = "media", lambda: self.upload(body)
            case "GET", ["v1", "media", media_id]:
                exchange, act = "media_state", lambda: self.medium(media_id, 206)
            case "GET", ["v1", "accounts", "verify_credentials"]:
                exchange, act = "own_account", lambda: Reply(200, {"id": f"of-{account}"})
            case "GET", ["v1", "accounts", account_id, "statuses"]:
                exchange, act = (
                    "own_statuses",
                    lambda: self.listed(account or "", account_id, query),
                )
            case "GET", ["v1", "statuses", status_id, "source"]:
                exchange, act = "status_source", lambda: self.source(status_id)
            case _:
                return None
        return exchange, (lambda: NO_TOKEN) if account is None else act

    def instance(self, version: str) -> Reply:
        """Say what the instance allows; an older one knows v1 alone."""
        if self.api_version is None and version == "v2":
            return NOT_FOUND
        statuses = {"max_characters": self.longest, "characters_reserved_per_url": _PER_LINK}
        polls = {"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300}
        document: dict[str, Any] = {"configuration": {"statuses": statuses, "polls": polls}}
        if self.api_version is not None:
            document["api_versions"] = {"mastodon": self.api_version}
        return Reply(200, document)

    def post(self, account: str, document: object, key: str) -> Reply:
        """Post a status, unless the key has one from the last hour."""
        forgets, self.forgets_key = self.forgets_key, False
        known = self._keys.get((account, key))
        if key and known is not None and self._now() - known[1] < KEYS_LAST:
            found = self._status(known[0])
            return NOT_FOUND if found is None else Reply(200, found.as_json())
        given = document if isinstance(document, dict) else {}
        text = str(given.get("status") or "").strip()
        warning = str(given.get("spoiler_text") or "").strip()
        media_ids = given.get("media_ids") or []
        if not all(media_id in self.media and not self._looks[media_id] for media_id in media_ids):
            return _error(422, "Cannot attach files that have not finished processing. Try again.")
        if not text and not media_ids:
            return _error(422, "Validation failed: Text can't be blank")
        if len(_LINK.sub("x" * _PER_LINK, text)) + len(warning) > self.longest:
            said = f"Validation failed: Text character limit of {self.longest} exceeded"
            return _error(422, said)
        reply = given.get("in_reply_to_id")
        if reply is not None and self._status(str(reply)) is None:
            return _error(404, "The post you are trying to reply to does not appear to exist.")
        self._count += 1
        at = self._now()
        status_id = str((int(at.timestamp() * 1000) << 16) + self._count)
        status = FakeStatus(status_id, account, text, warning, at, given, key)
        self.statuses.append(status)
        self._posts.append(Out(status_id, account, text, at, key, str(reply or "")))
        if key and not forgets:
            self._keys[account, key] = (status_id, at)
        return Reply(200, status.as_json())

    def upload(self, body: bytes) -> Reply:
        """Take a file; it is worked on for `looks` looks more."""
        head, _, rest = body.rpartition(b"\r\n\r\n")
        said = re.search(rb'name="description"\r\n\r\n(.*?)\r\n--', head, re.DOTALL)
        media_id = f"media-{len(self.media) + 1}"
        content = rest.rpartition(b"\r\n--")[0]
        self.media[media_id] = (content, said[1].decode() if said else "")
        self._looks[media_id] = self.looks
        return self.medium(media_id, 202)

    def medium(self, media_id: str, working: int) -> Reply:
        """Say of a file whether it is done; `working` is the status where it is not."""
        if media_id not in self.media:
            return NOT_FOUND
        left = self._looks[media_id]
        self._looks[media_id] = max(left - 1, 0)
        url = None if left else f"https://files.example/{media_id}"
        return Reply(working if left else 200, {"id": media_id, "url": url})

    def listed(self, account: str, account_id: str, query: Mapping[str, str]) -> Reply:
        """List one's own statuses: those next after `min_id`, or else the newest."""
        if account_id != f"of-{account}":
            return NOT_FOUND
        limit = min(int(query.get("limit", "20")), 40)
        own = [status for status in self.statuses if status.account == account]
        if "min_id" in query:
            own = [status for status in own if int(status.id) > int(query["min_id"])][:limit]
        return Reply(200, [status.as_json() for status in reversed(own[-limit:])])

    def source(self, status_id: str) -> Reply:
        """Say what a status was made of; an older instance does not."""
        status = self._status(status_id)
        if status is None or not self.has_source:
            return NOT_FOUND
        told = {"id": status.id, "text": status.text, "spoiler_text": status.warning}
        return Reply(200, told)

    def delete(self, status_id: str) -> None:
        """Delete a status, as a person does: its key stays for its hour."""
        self.statuses = [status for status in self.statuses if status.id != status_id]
        self._posts[:] = [post for post in self._posts if post.id != status_id]

    def _status(self, status_id: str) -> FakeStatus | None:
        return next((each for each in self.statuses if each.id == status_id), None)


def as_html(text: str) -> str:
    """Write a text as an instance shows it: links shortened, mentions without their host."""
    pieces, done = [], 0
    for link in _LINK.finditer(text):
        pieces += [_without_links(text[done : link.start()]), _as_link(link[0])]
        done = link.end()
    pieces.append(_without_links(text[done:]))
    lines = (part.replace("\n", "<br />") for part in "".join(pieces).split("\n\n"))
    return "".join(f"<p>{each}</p>" for each in lines)


def _without_links(text: str) -> str:
    return re.sub(
        r"@(\w+)@([\w.]+)",
        r'<span class="h-card"><a href="https://\2/@\1" class="u-url">@<span>\1</span></a></span>',
        html.escape(text, quote=False),
    )


def _as_link(address: str) -> str:
    scheme, _, rest = address.partition("://")
    begin, end = html.escape(rest[:30], quote=False), html.escape(rest[30:], quote=False)
    return (
        f'<a href="{html.escape(address)}" rel="nofollow noopener" target="_blank">'
        f'<span class="invisible">{scheme}://</span><span class="ellipsis">{begin}</span>'
        f'<span class="invisible">{end}</span></a>'
    )


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
