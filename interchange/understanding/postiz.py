"""Posts as Postiz lists them: a channel is an object, and the text is HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

_BLOCKS = {"p", "div", "li", "h1", "h2", "h3"}


def is_postiz(values: Mapping[str, Any]) -> bool:
    """Whether a row is a post of Postiz."""
    return "publishDate" in values and isinstance(values.get("integration"), dict)


def flattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post with its channel's name and platform as keys of its own, and its text plain."""
    found = {key: value for key, value in values.items() if key != "integration"}
    channel = values.get("integration")
    if isinstance(channel, dict):
        found["account_id"] = channel.get("name")
        platform = channel.get("providerIdentifier")
        found["platform"] = platform
    if isinstance(found.get("content"), str):
        found["content"] = plain_text(found["content"])
    if str(found.get("state", "")).upper() == "PUBLISHED":
        found["completed_at"] = found.get("publishDate")
    return found


def plain_text(html: str) -> str:
    """Return the text of some HTML: a line for each paragraph, an empty one where one is empty."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts).strip("\n") if reader.is_html else html


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.is_html = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.is_html = True
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
