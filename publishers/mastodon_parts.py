"""The `post` of a job, of several parts, as the Mastodon API wants it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from ..domain import Part, Post, ValidationError, is_visible
from .values import post_id

_VISIBILITIES = {
    "public": "public", "unlisted": "unlisted", "followers": "private", "mentioned": "direct",
}  # fmt: skip
_ALSO_SAID = {
    "audience": "visibility",
    "language": "language",
    "reply_to": "in_reply_to_id",
}
"""What a post says of itself, and the key of the metadata that says the same."""


def problems_of_post(post: Post, given: Container[str]) -> Iterable[ValidationError]:
    """Name everything in a post that Mastodon has not, or has by another name in `given`."""
    if post.topic:
        yield _refused("post.topic", "would be left out: Mastodon has no topics", "use a hashtag")
    for name, key in _ALSO_SAID.items():
        if getattr(post, name) and key in given:
            yield _refused(f"post.{name}", f"and {key} exclude each other", "take one out")
    yield from _of_id("post.reply_to", post.reply_to)
    for index, part in enumerate(post.parts):
        yield from _of_part(part, f"post.parts[{index}]")


def _of_part(part: Part, where: str) -> Iterable[ValidationError]:
    for index, media in enumerate(part.media):
        if media.file is None:
            yield _refused(
                f"{where}.media[{index}]", "is no file that the ledger keeps",
                "Mastodon is sent the file itself: give its path",
            )  # fmt: skip
    if part.media and part.poll is not None:
        yield _refused(f"{where}.poll", "and media exclude each other", "take one out")
    if not part.media and not is_visible(part.text):
        yield unseen(f"{where}.text")
    if part.link is not None and part.link.url not in part.text:
        yield _refused(
            f"{where}.link", "would be left out: Mastodon makes a card of a link in the text",
            "put it into the text",
        )  # fmt: skip
    yield from _of_id(f"{where}.quote", part.quote)


def _of_id(field: str, value: str | None) -> Iterable[ValidationError]:
    if value:
        try:
            post_id(field, value)
        except ValidationError as problem:
            said = str(problem).removeprefix("metadata.")
            yield ValidationError(said, field=field)


def unseen(field: str) -> ValidationError:
    """Word that a text shows nothing."""
    return ValidationError(f"{field} shows nothing: its characters are invisible", field=field)


def fields_of_post(post: Post) -> dict[str, Any]:
    """Return what goes with every part of a post, and with the first one."""
    fields: dict[str, Any] = {}
    if post.audience:
        fields["visibility"] = _VISIBILITIES[post.audience]
    if post.language:
        fields["language"] = post.language
    if post.reply_to:
        fields["in_reply_to_id"] = post.reply_to
    return fields


def fields_of_part(part: Part) -> dict[str, Any]:
    """Return what goes with one part alone."""
    fields: dict[str, Any] = {}
    if part.quote:
        fields["quoted_status_id"] = part.quote
    if part.poll is not None:
        fields["poll"] = {
            "options": list(part.poll.options),
            "expires_in": part.poll.minutes * 60,
            "multiple": part.poll.multiple,
        }
    return fields


def _refused(field: str, fault: str, hint: str) -> ValidationError:
    return ValidationError(f"{field} {fault}", field=field, hint=hint)
