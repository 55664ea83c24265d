"""What a platform takes of a post, by its table; what nobody knows of it refuses nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ValidationError
from ..platforms.platform import Bounds, ImageRules, PlatformRules, VideoRules
from ..platforms.tables import LONGEST_WITHOUT_TABLE, PLATFORMS, check_fits
from ..remedies import Remedy
from .checking import check_post
from .values import Media, MediaFile, Part, Post


def post_problems(post: Post, platform: str = "threads") -> list[ValidationError]:
    """Return everything for which a job with this post would be refused, each with the `field` it
    is in, such as `post.parts[1].media[0].alt`; nothing where it would be taken.

    What is no post wherever it goes is told alone: only the rest is held against the platform.
    """
    try:
        return list(problems(check_post(post, ""), platform))
    except ValidationError as problem:
        return [problem]


def check_post_fits(post: Post, platform: str) -> None:
    """Check that a platform takes a post, as far as is known of it.

    Raises:
        ValidationError: of the first thing in it that the platform does not take.
    """
    for problem in problems(post, platform):
        raise problem  # rule: post-fits-its-platform


def problems(post: Post, platform: str) -> Iterator[ValidationError]:
    """Yield everything in a post that its platform does not take, each with the field it is in."""
    table = PLATFORMS.get(platform)
    if table is None:
        for index, part in enumerate(post.parts):
            if len(part.text) > LONGEST_WITHOUT_TABLE:
                said = f"must be at most {LONGEST_WITHOUT_TABLE} characters, not {len(part.text)}"
                yield _refused(f"{_at(index)}.text", said)
        return
    yield from _of_whole(post, table)
    for index, part in enumerate(post.parts):
        yield from _of_part(part, _at(index), table)


def _at(index: int) -> str:
    return f"post.parts[{index}]"


def _of_whole(post: Post, table: PlatformRules) -> Iterator[ValidationError]:
    if len(post.parts) > 1 and table.has_chains is False:
        yield _has_no(table, "post.parts", "chains of posts")
    if post.reply_to and table.has_replies is False:
        yield _has_no(table, "post.reply_to", "replies")
    if post.topic and table.topic is None:
        yield _has_no(table, "post.topic", "topics")
    elif post.topic and table.topic is not None and len(post.topic) > table.topic:
        said = f"must be at most {table.topic} characters on {table.title}, not {len(post.topic)}"
        yield _refused("post.topic", said)
    if post.language and table.has_languages is False:
        yield _has_no(table, "post.language", "languages of posts")
    if post.audience and table.audiences is not None and post.audience not in table.audiences:
        yield _refused(
            "post.audience",
            f"must be {' or '.join(table.audiences)} on {table.title}, not {post.audience}",
        )


def _of_part(part: Part, where: str, table: PlatformRules) -> Iterator[ValidationError]:
    try:
        check_fits(part.text, table.name, f"{where}.text", with_media=bool(part.media))
    except ValidationError as problem:
        yield problem
    if part.quote and table.has_quotes is False:
        yield _has_no(table, f"{where}.quote", "quotes")
    yield from _of_poll(part, where, table)
    yield from _of_media(part, f"{where}.media", table)
    here = _what_is_in(part)
    for one, other in table.excludes:
        if one in here and other in here and here[one] != here[other]:
            yield _refused(
                f"{where}.{here[other]}", f"and {one} exclude each other on {table.title}"
            )


def _what_is_in(part: Part) -> dict[str, str]:
    """Name what is in a part as the tables do, each with the field that it is in."""
    here: dict[str, str] = {}
    if part.media:
        here["media"] = "media"
        files = [media.file for media in part.media]
        here |= {"video": "media"} if any(file and file.is_video for file in files) else {}
        here |= {"images": "media"} if any(file and not file.is_video for file in files) else {}
    if part.poll:
        here["poll"] = "poll"
    if part.link:
        here["link attachment"] = here["link card"] = "link"
    return here


def _of_poll(part: Part, where: str, table: PlatformRules) -> Iterator[ValidationError]:
    poll, rules = part.poll, table.poll
    if poll is None:
        return
    if table.has_polls is False:
        yield _has_no(table, f"{where}.poll", "polls")
    if rules is None:
        return
    yield from _within(len(poll.options), rules.options, f"{where}.poll.options", "options", table)
    yield from _within(poll.minutes, rules.minutes, f"{where}.poll.minutes", "minutes", table)
    longest = rules.option_length
    for index, option in enumerate(poll.options):
        if longest is not None and len(option) > longest:
            field = f"{where}.poll.options[{index}]"
            said = f"must be at most {longest} characters on {table.title}, not {len(option)}"
            yield _refused(field, said)


def _of_media(part: Part, where: str, table: PlatformRules) -> Iterator[ValidationError]:
    if not part.media:
        if table.needs_media:
            yield _refused(where, f"is empty, and {table.title} takes no post without media")
        return
    files = [media.file for media in part.media if media.file is not None]
    videos = [file for file in files if file.is_video]
    images = [file for file in files if not file.is_video]
    if table.most_media is not None and len(part.media) > table.most_media:
        yield _too_many(where, table, table.most_media, "media", len(part.media))
    for found, rules, said in ((images, table.images, "images"), (videos, table.videos, "videos")):
        if rules is not None and rules.most is not None and len(found) > rules.most:
            yield _too_many(where, table, rules.most, said, len(found))
    if images and videos and table.is_media_mixed is False:
        yield _refused(where, f"has images and videos, which {table.title} does not take together")
    for index, media in enumerate(part.media):
        yield from _of_one(media, f"{where}[{index}]", table)


def _of_one(media: Media, where: str, table: PlatformRules) -> Iterator[ValidationError]:
    if media.alt and table.alt_text is not None and len(media.alt) > table.alt_text:
        said = f"must be at most {table.alt_text} characters on {table.title}, not {len(media.alt)}"
        yield _refused(f"{where}.alt", said)
    if media.is_address and table.fetches_media is False:
        said = f"is an address, and {table.title} is sent the file itself"
        yield _refused(f"{where}.source", said, "download it, and give its path")
    file = media.file
    if file is None:
        return
    rules = table.videos if file.is_video else table.images
    if rules is None:
        return
    yield from _of_file(file, rules, media, where, table)


def _of_file(
    file: MediaFile, rules: ImageRules | VideoRules, media: Media, where: str, table: PlatformRules
) -> Iterator[ValidationError]:
    name = f"{where} ({media.source:.80})"
    if rules.formats is not None and file.kind.upper() not in rules.formats:
        formats = ", ".join(rules.formats)
        yield _refused(name, f"is {file.kind.upper()}, and {table.title} takes {formats}")
    if rules.most_bytes is not None and file.size > rules.most_bytes:
        size, most = _megabytes(file.size), _megabytes(rules.most_bytes)
        yield _refused(name, f"has {size}, and {table.title} takes {most}")
    yield from _within(file.width, rules.width, name, "pixels of width", table)
    if file.height:
        ratio = round(file.width / file.height, 4)
        yield from _within(ratio, rules.ratio, name, "width by height", table)
    if isinstance(rules, VideoRules) and file.seconds is not None:
        yield from _within(file.seconds, rules.seconds, name, "seconds", table)


def _within(
    value: float, bounds: Bounds, field: str, said: str, table: PlatformRules
) -> Iterator[ValidationError]:
    least, most = bounds
    if least is not None and value < least:
        yield _refused(
            field, f"must have at least {least:g} {said} on {table.title}, not {value:g}"
        )
    if most is not None and value > most:
        yield _refused(field, f"must have at most {most:g} {said} on {table.title}, not {value:g}")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.3g} MB" if size >= 1_000_000 else f"{size} bytes"


def _too_many(
    where: str, table: PlatformRules, most: int, said: str, count: int
) -> ValidationError:
    return _refused(where, f"must have at most {most} {said} on {table.title}, not {count}")


def _has_no(table: PlatformRules, field: str, said: str) -> ValidationError:
    return _refused(field, f"is set, and {table.title} has no {said}", "take it out")


def _refused(field: str, fault: str, hint: str | None = None) -> ValidationError:
    name = field.partition(" ")[0]
    remedy: Remedy | None = None if hint else "leave_it"
    return ValidationError(f"{field} {fault}", field=name, hint=hint, remedy=remedy)
