"""What a platform allows, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain import PlatformRules
from ..output import printable

_UNITS = ((1_000_000_000, "GB"), (1_048_576, "MiB"), (1_000_000, "MB"))


def facts_of(rules: PlatformRules) -> Iterator[tuple[str, str, str]]:
    """Yield what is known of a platform, each with its name and a style; what nobody has found is
    said, too."""
    for name, said, style in _facts(rules):
        yield name, printable(said), style


def _facts(rules: PlatformRules) -> Iterator[tuple[str, str, str]]:
    unknown: list[str] = []

    def fact(name: str, said: str | None) -> Iterator[tuple[str, str, str]]:
        if said is None:
            unknown.append(name)
        else:
            yield name, said, ""

    yield rules.title, f"as of {rules.as_of}", "bold"
    yield "longest text", _longest(rules), ""
    yield "counted", rules.counting.words + _assumed(rules), ""
    if rules.varies:
        yield "varies", rules.varies, "yellow"
    for name, most in (
        ("hashtags", rules.most_hashtags),
        ("mentions", rules.most_mentions),
        ("different links", rules.most_links),
    ):
        if most is not None:
            yield name, f"at most {most}", ""
    yield from fact("media in a post", None if rules.most_media is None else f"{rules.most_media}")
    yield from fact("media needed", _yes_or_no(rules.needs_media))
    yield from fact("images and videos together", _yes_or_no(rules.is_media_mixed))
    yield from fact("fetches media by itself", _yes_or_no(rules.fetches_media))
    yield from fact("images", _images(rules))
    yield from fact("videos", _videos(rules))
    yield from fact("alternative text", None if rules.alt_text is None else f"{rules.alt_text}")
    yield from fact("polls", _poll(rules))
    if rules.topic is not None:
        yield "topic", f"at most {rules.topic}", ""
    yield from fact("replies", _yes_or_no(rules.has_replies))
    yield from fact("chains", _yes_or_no(rules.has_chains))
    yield from fact("quotes", _yes_or_no(rules.has_quotes))
    yield from fact("languages", _yes_or_no(rules.has_languages))
    yield from fact("audiences", None if rules.audiences is None else ", ".join(rules.audiences))
    for one, other in rules.excludes:
        yield "not together", f"{one} and {other}", ""
    for note in rules.notes:
        yield "note", note, ""
    for source in rules.sources:
        yield "source", source, "dim"
    for source in rules.second_hand:
        yield "second hand", source, "dim"
    if unknown:
        yield "not found", ", ".join(unknown), "yellow"


def _bounds(both: tuple[float | None, float | None], unit: str = "") -> str:
    """Say the least and the most; nothing where neither is known."""
    least, most = (None if each is None else f"{each:g}" for each in both)
    if least is None and most is None:
        return ""
    if least is None:
        return f"at most {most}{unit}"
    return f"at least {least}{unit}" if most is None else f"{least} to {most}{unit}"


def _size(count: int) -> str:
    """Say a number of bytes, in the unit that it is a whole number of."""
    return next((f"{count // one} {unit}" for one, unit in _UNITS if not count % one), f"{count} B")


def _longest(rules: PlatformRules) -> str:
    said = f"{rules.longest}"
    if rules.longest_bytes is not None:
        said += f", and {rules.longest_bytes} bytes of UTF-8"
    if rules.longest_with_media is not None:
        said += f"; beside media {rules.longest_with_media}"
    return said


def _assumed(rules: PlatformRules) -> str:
    if rules.is_counting_documented:
        return ""
    return " (assumed: it says “characters”, and this finds the most of them)"


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _images(rules: PlatformRules) -> str | None:
    image = rules.images
    if image is None:
        return None
    return _list(
        _bounds((None, image.most)),
        ", ".join(image.formats or ()),
        "" if image.most_bytes is None else f"up to {_size(image.most_bytes)}",
        _named("width", _bounds(image.width, " px")),
        _named("width by height", _bounds(image.ratio)),
    )


def _videos(rules: PlatformRules) -> str | None:
    video = rules.videos
    if video is None:
        return None
    return _list(
        _bounds((None, video.most)),
        ", ".join(video.formats or ()),
        "" if video.most_bytes is None else f"up to {_size(video.most_bytes)}",
        _bounds(video.seconds, " s"),
        _named("width", _bounds(video.width, " px")),
        _named("width by height", _bounds(video.ratio)),
    )


def _poll(rules: PlatformRules) -> str | None:
    if rules.poll is None:
        return _yes_or_no(rules.has_polls)
    poll = rules.poll
    return _list(
        f"{_bounds(poll.options)} options",
        "" if poll.option_length is None else f"each up to {poll.option_length}",
        "" if poll.question_length is None else f"the question up to {poll.question_length}",
        _named("open for", _bounds(poll.minutes, " min")),
    )


def _named(name: str, said: str) -> str:
    return f"{name} {said}" if said else ""


def _list(*parts: str) -> str | None:
    return "; ".join(filter(None, parts)) or None
