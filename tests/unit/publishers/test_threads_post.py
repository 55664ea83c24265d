"""What a job becomes on Threads: how long its text is, and what its metadata may say."""

from __future__ import annotations

from typing import Any

import pytest
from support.domain import NOON

from jobledger import ScheduledJob, ValidationError
from jobledger.domain import threads_length as length
from jobledger.publishers.threads_post import form_of


def job(content: str = "text", **metadata: Any) -> ScheduledJob:
    return ScheduledJob(
        job_id="j", account_id="a", content=content, scheduled_time=NOON, metadata=metadata
    )


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", 0),
        ("abc", 3),
        ("xin chào", 8),
        ("文字", 2),
        ("─│", 2),
        ("😀", 4),
        ("a😀b", 6),
        ("👍🏽", 8),
        ("👩‍👧", 4 + 3 + 4),
        ("🇻🇳", 8),
        ("⭐", 3),
        ("☎", 1),
        ("☎️", 3 + 3),
        ("1️⃣", 1 + 3 + 3),
    ],
)
def test_an_emoji_counts_as_its_bytes_and_all_else_as_one(text: str, counted: int) -> None:
    """Signs that are emoji only where a selector asks for it count so only then."""
    assert length(text) == counted


def test_a_text_may_be_as_long_as_threads_allows_and_no_longer() -> None:
    """500, counted in the platform's way."""
    assert form_of(job("😀" * 125))["text"] == "😀" * 125
    with pytest.raises(ValidationError, match=r"content is 501 characters .* emoji") as refusal:
        form_of(job("😀" * 125 + "a"))
    assert refusal.value.field == "content"


def test_the_media_type_follows_the_metadata() -> None:
    """Text, image or video; what is not Threads' is left alone."""
    assert form_of(job(link_aff="x")) == {"media_type": "TEXT", "text": "text"}
    image = form_of(job(image_url="https://example.org/a.png", alt_text="a cat"))
    assert image["media_type"] == "IMAGE"
    assert (image["image_url"], image["alt_text"]) == ("https://example.org/a.png", "a cat")
    assert form_of(job(video_url="https://example.org/a.mp4"))["media_type"] == "VIDEO"
    more = {"reply_to_id": "17890", "topic_tag": "cà phê", "reply_control": "everyone"}
    assert form_of(job(**more, link_attachment="https://example.org")) == {
        "media_type": "TEXT",
        "text": "text",
        "link_attachment": "https://example.org",
        **more,
    }


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"image_url": "file:///etc/passwd"}, "image_url"),
        ({"image_url": "https://example.org/a b.png"}, "image_url"),
        ({"image_url": 7}, "image_url"),
        ({"video_url": "https://["}, "video_url"),
        ({"image_url": "https://e.org/a", "video_url": "https://e.org/b"}, "video_url"),
        ({"image_url": "https://e.org/a", "link_attachment": "https://e.org"}, "link_attachment"),
        ({"alt_text": "of nothing"}, "alt_text"),
        ({"image_url": "https://e.org/a", "alt_text": "a" * 1001}, "alt_text"),
        ({"reply_to_id": "../me"}, "reply_to_id"),
        ({"topic_tag": "a.b"}, "topic_tag"),
        ({"topic_tag": "t" * 51}, "topic_tag"),
        ({"topic_tag": " "}, "topic_tag"),
        ({"reply_control": "nobody"}, "reply_control"),
    ],
)
def test_what_threads_would_refuse_is_refused_by_its_name(
    metadata: dict[str, Any], field: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError) as refusal:
        form_of(job(**metadata))
    assert refusal.value.field == f"metadata.{field}"
    assert str(refusal.value).startswith(f"metadata.{field} ")
