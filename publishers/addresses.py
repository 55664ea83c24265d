"""Addresses to fetch from: what is none, is a page about a file, or is not public.

Known from the address alone; nothing is asked for.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

Of = Literal["image", "video"]

_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".bmp", ".tif", ".tiff")
_VIDEOS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".wmv")
_NO_MEDIA = (".html", ".htm", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".zip",
             ".txt", ".psd", ".ai", ".svg")  # fmt: skip
_PRIVATE_NAMES = ("localhost", "local", "internal", "lan", "intranet", "corp", "home", "home.arpa",
                  "localdomain", "invalid", "test")  # fmt: skip
_LOCAL = re.compile(r"[a-z]:[\\/]|\\\\|/(?!/)|[~.]|file:", re.IGNORECASE)
_DIRECT = "give the address that ends in the file itself, from a place that is open to all"
_ELSEWHERE = "the file itself, put where all can get it"


class SharePage(msgspec.Struct, frozen=True):
    """A host whose addresses show a page about a file; `unless` finds those that are the file.

    `alone`: names below it serve files, so only this one, and www before it, is meant.
    """

    name: str
    hosts: tuple[str, ...]
    would_do: str = _DIRECT
    paths: str = ""
    unless: str = r"(?!)"
    alone: bool = False


_PAGES = (
    SharePage(
        "Google Drive", ("drive.google.com",),
        "https://drive.google.com/uc?export=download&id=… of a file that is shared with everybody",
        unless=r"/(uc|thumbnail)\?(.*&)?id=",
    ),
    SharePage("Google Docs", ("docs.google.com",), unless=r"^/uc\?(.*&)?id="),
    SharePage("Google Photos", ("photos.google.com", "photos.app.goo.gl", "goo.gl")),
    SharePage(
        "Dropbox", ("dropbox.com", "db.tt"), "the same with raw=1 in place of dl=0 at its end",
        unless=r"[?&](raw|dl)=1\b", alone=True,
    ),
    SharePage(
        "OneDrive", ("1drv.ms", "onedrive.live.com", "sharepoint.com"),
        unless=r"/download(\.aspx)?\b|[?&]download=1\b",
    ),
    SharePage("iCloud", ("icloud.com",)),
    SharePage("Box", ("box.com",), paths=r"/s/|/file/", unless=r"/shared/static/"),
    SharePage("MEGA", ("mega.nz", "mega.io")),
    SharePage("WeTransfer", ("wetransfer.com", "we.tl")),
    SharePage("Canva", ("canva.com", "canva.link"), _ELSEWHERE, alone=True),
    SharePage("Figma", ("figma.com",), _ELSEWHERE, alone=True),
    SharePage("Notion", ("notion.so", "notion.site"), unless=r"^/(image|signed)/"),
    SharePage("Trello", ("trello.com",), paths=r"^/[cb]/"),
    SharePage(
        "Imgur", ("imgur.com",), "the one that begins with https://i.imgur.com/ and ends in .jpg",
        unless=r"^/[^/]+\.\w{3,4}\?", alone=True,
    ),
    SharePage("Instagram", ("instagram.com", "instagr.am"), _ELSEWHERE, alone=True),
    SharePage("Facebook", ("facebook.com", "fb.com", "fb.watch"), _ELSEWHERE, alone=True),
    SharePage("Threads", ("threads.net", "threads.com"), _ELSEWHERE, alone=True),
    SharePage("TikTok", ("tiktok.com", "vm.tiktok.com", "vt.tiktok.com"), _ELSEWHERE, alone=True),
    SharePage("YouTube", ("youtube.com", "youtu.be"), _ELSEWHERE, alone=True),
    SharePage("Vimeo", ("vimeo.com",), _ELSEWHERE, paths=r"^/\d+|^/channels/"),
    SharePage("X", ("x.com", "twitter.com"), _ELSEWHERE, alone=True),
    SharePage("Pinterest", ("pinterest.com", "pin.it"), _ELSEWHERE),
    SharePage("Flickr", ("flickr.com", "flic.kr"), alone=True),
    SharePage("GIPHY", ("giphy.com",), paths=r"^/(gifs|clips|stickers)/"),
    SharePage("Unsplash", ("unsplash.com",), paths=r"^/photos/", unless=r"/download\b"),
    SharePage("Pexels", ("pexels.com",), paths=r"^/([a-z-]+/)?(photo|video)/"),
    SharePage("Wikimedia", ("wikimedia.org", "wikipedia.org"), paths=r"^/wiki/"),
    SharePage(
        "GitHub", ("github.com",), "the one that begins with https://raw.githubusercontent.com/",
        paths=r"/blob/", unless=r"[?&]raw=(true|1)\b",
    ),
)  # fmt: skip


def fault(value: str, of: Of | None = None, *, platform: str = "Threads") -> str | None:
    """Say what keeps whoever is elsewhere from fetching an address; None where nothing does.

    `of` is what is to be there; without it, it is a link that people follow. `platform` is the
    title of the one that is to reach it.
    """
    if _LOCAL.match(value):
        return f"{shown(value)} is a file of this machine, which no platform can reach; {_DIRECT}"
    parts = _split(value)
    if parts is None:
        return f"must be an http(s) address that {platform} can reach, not {shown(value)}"
    host = (parts.hostname or "").rstrip(".")
    if not is_public(host):
        return f"{shown(value)} is at {host}, which is not public: nobody can fetch it from there"
    return None if of is None else _no_media(parts, host, of)


def _split(value: str) -> SplitResult | None:
    if any(char.isspace() or char == "\\" or not char.isprintable() for char in value):
        return None
    try:
        parts = urlsplit(value)
        sound = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        return parts if sound and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def is_public(host: str) -> bool:
    """Whether a host's name or address is one that is known everywhere."""
    plain = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        labels = plain.split(".")
        numbers = re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]) is not None
        private = any(plain == name or plain.endswith(f".{name}") for name in _PRIVATE_NAMES)
        return len(labels) > 1 and all(labels) and not numbers and not private
    within = getattr(address, "ipv4_mapped", None) or address
    return bool(within.is_global) and not within.is_multicast


def _no_media(parts: SplitResult, host: str, of: Of) -> str | None:
    page = next((each for each in _PAGES if _is_page(each, parts, host.lower())), None)
    if page is not None:
        return (
            f"{shown(parts.geturl())} is a page of {page.name} that shows a file, and not the"
            f" file; what would do: {page.would_do}"
        )
    path = parts.path.lower()
    if path.endswith(_VIDEOS if of == "image" else _PICTURES):
        other = "video" if of == "image" else "image"
        return f"{shown(parts.geturl())} is a {other} by its name: {other}_url is for those"
    if path.endswith(_NO_MEDIA):
        return f"{shown(parts.geturl())} is no {of} by its name; {_DIRECT}"
    return None


def _is_page(page: SharePage, parts: SplitResult, host: str) -> bool:
    name = host.removeprefix("www.").removeprefix("m.")
    here = any(
        name == each or (not page.alone and name.endswith(f".{each}")) for each in page.hosts
    )
    there = f"{parts.path}?{parts.query}"
    return here and bool(re.search(page.paths, parts.path)) and not re.search(page.unless, there)


def shown(value: str) -> str:
    """Show the address without its query and its user, which may be a key to it."""
    shown = re.sub(r"//[^/@]*@", "//***@", value.split("?", 1)[0])
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return repr(shown) if shown.isprintable() else ascii(shown)
