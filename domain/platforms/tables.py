"""The tables of all platforms, and what they say of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import ValidationError
from .addresses import distinct_links, hashtags
from .counting import Counting
from .of_meta import FACEBOOK, INSTAGRAM, THREADS
from .of_open_networks import BLUESKY, MASTODON
from .of_others import DISCORD, LINKEDIN, TELEGRAM, X
from .platform import PlatformRules

_ALL = (THREADS, INSTAGRAM, FACEBOOK, BLUESKY, MASTODON, X, LINKEDIN, TELEGRAM, DISCORD)


class _Tables(Mapping[str, PlatformRules]):
    """What each platform with a table allows, by the name that jobs have for it."""

    def __init__(self) -> None:
        self._by_name = {each.name: each for each in _ALL}

    def __getitem__(self, name: str) -> PlatformRules:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


PLATFORMS: Mapping[str, PlatformRules] = _Tables()
LONGEST_WITHOUT_TABLE = 500
"""What a text may have for a platform without a table, in Unicode's characters."""
LONGEST_EVER = 100_000
"""What a text may have in Unicode's characters even where it is left to the platform."""
_OTHER_NAMES = {
    "thread": "threads", "metathreads": "threads", "threadsnet": "threads",
    "ig": "instagram", "insta": "instagram", "instagrambusiness": "instagram",
    "fb": "facebook", "facebookpage": "facebook", "facebookpages": "facebook",
    "bsky": "bluesky", "bskysocial": "bluesky", "bskyapp": "bluesky",
    "twitter": "x", "twitterx": "x", "xtwitter": "x", "xcom": "x", "twittercom": "x",
    "linkedinpage": "linkedin", "tg": "telegram", "masto": "mastodon",
}  # fmt: skip


def meant_platform(name: str) -> str | None:
    """Return the platform with a table that another name is likely to mean: `Twitter`, `FB`, or
    `Threads ` for `threads`. None for a name of a table, and for one that is like none."""
    if name in PLATFORMS:
        return None
    plain = "".join(char for char in name.casefold() if char.isalnum())
    return plain if plain in PLATFORMS else _OTHER_NAMES.get(plain)


def longest(platform: str) -> int:
    """Return how long a text may be for a platform, as that counts; 500 for one without a table."""
    table = PLATFORMS.get(platform)
    return LONGEST_WITHOUT_TABLE if table is None else table.longest


def length_of(text: str, platform: str) -> int:
    """Return how long a text is for a platform, as that counts; for one without a table in
    Unicode's characters.

    Raises:
        ValidationError: it is not valid Unicode.
    """
    table = PLATFORMS.get(platform)
    return (Counting.CODE_POINTS if table is None else table.counting).length(text)


def check_name(platform: str) -> None:
    """Check that a name is not nearly one of a table: nobody would count for it, and a publisher of
    that platform would not know it.

    Raises:
        ValidationError: it is; a platform of one's own may have the name all the same.
    """
    meant = meant_platform(platform)
    if meant is not None:
        raise ValidationError(
            f"platform {platform!r:.60} is likely to be {meant!r}, whose table is not looked at"
            " under this name",
            field="platform",
            hint=f"write {meant!r}",
            remedy="leave_it",
        )


def check_fits(
    text: str, platform: str, field: str = "content", *, with_media: bool = False
) -> None:
    """Check that a platform takes a text, as far as is known of it.

    Raises:
        ValidationError: it is too long there, or has too much of something.
    """
    table = PLATFORMS.get(platform)
    if table is None:
        if len(text) > LONGEST_WITHOUT_TABLE:
            said = f"must be at most {LONGEST_WITHOUT_TABLE} characters, not {len(text)}"
            raise _refused(field, said)
        return
    length, longest = table.length_of(text), table.longest
    beside = ""
    if with_media and table.longest_with_media is not None:
        longest, beside = table.longest_with_media, " beside media"
    if length > longest:
        raise _refused(
            field,
            f"must be at most {longest} characters{beside}, not {length}, as {table.title} counts:"
            f" {table.counting.words}",
        )
    if table.longest_bytes is not None and (size := len(text.encode())) > table.longest_bytes:
        said = f"must be at most {table.longest_bytes} bytes of UTF-8 on {table.title}, not {size}"
        raise _refused(field, said)
    for most, count, kind in (
        (table.most_hashtags, hashtags, "hashtags"),
        (table.most_links, distinct_links, "different links"),
    ):
        if most is not None and (many := count(text)) > most:
            raise _refused(field, f"must have at most {most} {kind} on {table.title}, not {many}")


def _refused(field: str, fault: str) -> ValidationError:
    return ValidationError(f"{field} {fault}", field=field, remedy="leave_it")
