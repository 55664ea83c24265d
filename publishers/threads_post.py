"""A job as the Threads API wants it: the form of its container, and what may not be in it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..domain import ScheduledJob, ValidationError, threads_length

LONGEST_TEXT = 500
LONGEST_ALT_TEXT = 1000
LONGEST_TOPIC = 50
REPLY_CONTROLS = (
    "everyone",
    "accounts_you_follow",
    "mentioned_only",
    "parent_post_author_only",
    "followers_only",
)


def form_of(job: ScheduledJob) -> dict[str, str]:
    """Write what creates the job's container: its text, and the media and replies of its metadata.

    Raises:
        ValidationError: Threads would refuse it; `field` names the part.
    """
    length = threads_length(job.content)
    if length > LONGEST_TEXT:
        raise ValidationError(
            f"content is {length} characters long as Threads counts, and may be {LONGEST_TEXT}",
            field="content",
            hint="an emoji counts as its UTF-8 bytes",
        )
    form = {"media_type": _media_type(job), "text": job.content}
    for name, check in _CHECKS.items():
        value = job.metadata.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not value.strip():
            raise _refused(name, "must be text")
        check(name, value, form["media_type"])
        form[name] = value
    return form


def _media_type(job: ScheduledJob) -> str:
    image, video = (job.metadata.get(name) is not None for name in ("image_url", "video_url"))
    if image and video:
        raise _refused("video_url", "and image_url exclude each other")
    return "IMAGE" if image else "VIDEO" if video else "TEXT"


def _address(name: str, value: str, media_type: str) -> None:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or any(char.isspace() for char in value):
        raise _refused(name, "must be an http(s) address that Threads can reach")
    if name == "link_attachment" and media_type != "TEXT":
        raise _refused(name, "is for posts without image or video")


def _media_id(name: str, value: str, media_type: str) -> None:
    if not re.fullmatch("[A-Za-z0-9_]{1,64}", value):
        raise _refused(name, "must be the id of a post")


def _alt_text(name: str, value: str, media_type: str) -> None:
    if media_type == "TEXT":
        raise _refused(name, "is for an image or a video")
    if len(value) > LONGEST_ALT_TEXT:
        raise _refused(name, f"must be at most {LONGEST_ALT_TEXT} characters, not {len(value)}")


def _topic(name: str, value: str, media_type: str) -> None:
    if len(value) > LONGEST_TOPIC or "." in value or "&" in value:
        raise _refused(name, f"must be 1 to {LONGEST_TOPIC} characters without '.' and '&'")


def _reply_control(name: str, value: str, media_type: str) -> None:
    if value not in REPLY_CONTROLS:
        raise _refused(name, f"must be one of {', '.join(REPLY_CONTROLS)}")


_CHECKS = {
    "image_url": _address,
    "video_url": _address,
    "link_attachment": _address,
    "alt_text": _alt_text,
    "reply_to_id": _media_id,
    "quote_post_id": _media_id,
    "topic_tag": _topic,
    "reply_control": _reply_control,
}


def _refused(name: str, fault: str) -> ValidationError:
    return ValidationError(f"metadata.{name} {fault}", field=f"metadata.{name}")
