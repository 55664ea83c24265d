"""What goes into a job's metadata: which keys are read by a publisher, and what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..wishes import Wishes
from .names import plain

READ = (
    "image_url", "video_url", "link_attachment", "alt_text", "reply_to_id", "quote_post_id",
    "topic_tag", "reply_control",
)  # fmt: skip
"""The keys that a publisher of ours reads."""
_ADDRESSES = ("image_url", "video_url", "link_attachment")
_PAGES = ("drive.google.com", "docs.google.com", "dropbox.com", "photos.app.goo.gl", "1drv.ms",
          "onedrive.live.com", "canva.com")  # fmt: skip
"""Where a link shows a page about a file, and is not the file."""


def unread(key: str) -> str | None:
    """Say of a column that no publisher reads it; None of one that is read."""
    if key in READ:
        return None
    return f"{key!r:.60} is read by no publisher: it goes into the metadata"


def near_miss(key: str, wishes: Wishes) -> str | None:
    """Say of a column that no publisher reads which one that is read was probably meant, if any."""
    meant = next((each for each in READ if _sounds_like(plain(key), each)), None)
    if meant is None or key in READ:
        return None
    return (
        f"{key!r:.60} is read by no publisher; if {meant} is meant:"
        f" {wishes.hint('--map', f'{meant}={key}')}"
    )


def odd_extras(metadata: Mapping[str, Any]) -> list[str]:
    """Say what a platform will not take of what a row has besides its text."""
    said = []
    for name in _ADDRESSES:
        value = metadata.get(name)
        if not isinstance(value, str):
            continue
        text = value.strip()
        parts = urlsplit(text) if _is_address(text) else None
        if parts is None:
            said.append(f"{name} {text!r:.60} is no address that begins with http:// or https://")
        elif "http" in text[4:] or "," in text:
            said.append(f"{name} has several addresses, and a post takes one: {text!r:.60}")
        elif name != "link_attachment" and (parts.hostname or "").endswith(_PAGES):
            said.append(
                f"{name} {text!r:.60} is a page that shows a file, and not the file:"
                " a platform cannot take it from there"
            )
    topic = metadata.get("topic_tag")
    if isinstance(topic, str) and topic.startswith("#"):
        said.append(f"topic_tag {topic!r:.60} begins with #, which would be part of the topic")
    return said


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _sounds_like(name: str, key: str) -> bool:
    return name in (key, f"{key}s", key.split("_")[0]) or name.rstrip("s") == key
