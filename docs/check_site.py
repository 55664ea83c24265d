"""Find what is wrong with a built site: broken links and anchors, and whatever asks another host.

    python docs/check_site.py .cache/docs

A link that somebody follows may lead to another host; what a browser fetches by itself may not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {
    ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("source", "srcset"),
    ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("form", "action"),
    ("img", "srcset"), ("link", "href"), ("use", "href"), ("image", "href"),
}  # fmt: skip
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)")
IN_SCRIPTS = re.compile(
    r"(?:fetch|import|importScripts|open|sendBeacon|EventSource|WebSocket|\.src\s*=|\.href\s*=)"
    r"\s*\(?\s*(?:['\"`]\w+['\"`],\s*)?['\"`]((?:https?:|wss?:)?//[^'\"`]+)"
)


class Page(HTMLParser):
    """What a page of the site fetches, leads to, and can be led to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.styles.append(given.get("style", ""))
        for name, value in given.items():
            if (tag, name) in FETCHED:
                whole = name == "srcset"
                parts = [part.split()[0] for part in value.split(",")] if whole else [value]
                self.fetched += parts
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])


def problems(site: Path) -> Iterator[str]:
    """Say what is wrong with a site, a line for each."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site)
        for address in [*page.fetched, *page.links]:
            parts = urlsplit(address)
            if parts.scheme == "data" or (parts.scheme and address in page.links):
                continue
            if parts.scheme or parts.netloc:
                yield f"{name}: asks another host: {address}"
            elif wrong := _broken(path, unquote(parts.path), unquote(parts.fragment), pages):
                yield f"{name}: {address}: {wrong}"
        for address in IN_STYLES.findall(" ".join(page.styles)):
            yield f"{name}: asks another host: {address}"
    for pattern, what in (("*.css", IN_STYLES), ("*.html", IN_STYLES), ("*.js", IN_SCRIPTS)):
        for path in sorted(site.rglob(pattern)):
            text = path.read_text("utf-8")
            if pattern == "*.html":  # what it says is not what it does
                text = " ".join(re.findall(r"<style.*?</style>", text, re.DOTALL))
            for address in what.findall(text):
                yield f"{path.relative_to(site)}: asks another host: {address}"


def _broken(page: Path, path: str, fragment: str, pages: dict[Path, Page]) -> str | None:
    target = (page.parent / path).resolve() if path else page
    if not target.is_file():
        return "there is no such file"
    if fragment and target in pages and fragment not in pages[target].anchors:
        return "there is no such place in it"
    return None


def main(site: str) -> int:
    """Print what is wrong; return 1 if anything is."""
    found = [*problems(Path(site).resolve())]
    print(*found or ["every link leads somewhere, and nothing asks another host"], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
