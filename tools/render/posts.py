"""A post of several parts, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain import Media, Part, Post, printable


def lines_of(post: Post) -> list[str]:
    """Say what is in a post besides the text of its first part, a line each."""
    lines = [*_of_whole(post)]
    for number, part in enumerate(post.parts, 1):
        said = [*_of_part(part)]
        if number > 1:
            said.insert(0, printable(part.text))
        several = len(post.parts) > 1
        lines += [f"{number}. {line}" if several else line for line in said]
    return lines


def _of_whole(post: Post) -> Iterator[str]:
    for name in ("topic", "reply_to", "language", "audience"):
        value = getattr(post, name)
        if value is not None:
            yield f"{name} {printable(value)}"
    for platform, keys in post.overrides.items():
        yield f"{printable(platform)}: {printable(keys)}"


def _of_part(part: Part) -> Iterator[str]:
    for media in part.media:
        yield _of_media(media)
    if part.link is not None:
        title = f" ({printable(part.link.title)})" if part.link.title else ""
        yield f"link {printable(part.link.url)}{title}"
    if part.poll is not None:
        options = " / ".join(printable(option) for option in part.poll.options)
        several = ", several may be chosen" if part.poll.multiple else ""
        yield f"poll {options}, open for {part.poll.minutes} min{several}"
    if part.quote is not None:
        yield f"quotes {printable(part.quote)}"


def _of_media(media: Media) -> str:
    file = media.file
    said = f"media {printable(media.source)}"
    if file is not None:
        said += f" ({file.kind.upper()}, {file.width} x {file.height}, {file.size} bytes"
        said += f", {file.seconds:g} s)" if file.seconds is not None else ")"
    return f"{said}: {printable(media.alt)}" if media.alt else said
