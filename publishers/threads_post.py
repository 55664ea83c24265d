"""A job as the Threads API wants it: the form of its container, and what may not be in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from urllib.parse import urlsplit

from ..domain import ScheduledJob, ValidationError

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

# Characters that are shown as emoji by themselves (Unicode, Emoji_Presentation): first and last.
_EMOJI = (
    (0x231A, 0x231B), (0x23E9, 0x23EC), (0x23F0, 0x23F0), (0x23F3, 0x23F3), (0x25FD, 0x25FE),
    (0x2614, 0x2615), (0x2648, 0x2653), (0x267F, 0x267F), (0x2693, 0x2693), (0x26A1, 0x26A1),
    (0x26AA, 0x26AB), (0x26BD, 0x26BE), (0x26C4, 0x26C5), (0x26CE, 0x26CE), (0x26D4, 0x26D4),
    (0x26EA, 0x26EA), (0x26F2, 0x26F3), (0x26F5, 0x26F5), (0x26FA, 0x26FA), (0x26FD, 0x26FD),
    (0x2705, 0x2705), (0x270A, 0x270B), (0x2728, 0x2728), (0x274C, 0x274C), (0x274E, 0x274E),
    (0x2753, 0x2755), (0x2757, 0x2757), (0x2795, 0x2797), (0x27B0, 0x27B0), (0x27BF, 0x27BF),
    (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x1F000, 0x1FAFF), (0xE0020, 0xE007F),
)  # fmt: skip
_JOINERS = "\u200d\ufe0f\u20e3"
"""What emoji are put together with: joiner, "as emoji please", key cap."""
_FIRSTS = [first for first, _ in _EMOJI]


def length(text: str) -> int:
    """How long Threads says a text is: a character is 1, an emoji as many as its UTF-8 bytes."""
    following = text[1:] + " "
    return sum(
        len(char.encode()) if _is_emoji(char) or after == "\ufe0f" else 1
        for char, after in zip(text, following, strict=False)
    )


def _is_emoji(char: str) -> bool:
    if char in _JOINERS:
        return True
    place = bisect_right(_FIRSTS, ord(char)) - 1
    return place >= 0 and ord(char) <= _EMOJI[place][1]


def form_of(job: ScheduledJob) -> dict[str, str]:
    """Write what creates the job's container: its text, and the media and replies of its metadata.

    Raises:
        ValidationError: Threads would refuse it; `field` names the part.
    """
    if length(job.content) > LONGEST_TEXT:
        raise ValidationError(
            f"content is {length(job.content)} characters long as Threads counts, and may be"
            f" {LONGEST_TEXT}",
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
