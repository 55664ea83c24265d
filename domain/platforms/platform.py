"""What a platform allows, as a value."""

from __future__ import annotations

from datetime import date

import msgspec

from .counting import Counting

Bounds = tuple[float | None, float | None]
"""The least and the most; None: no bound that is known."""
OPEN: Bounds = (None, None)


class ImageRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which images a platform takes. `most` in one post, `ratio` is width by height."""

    most: int | None = None
    formats: tuple[str, ...] | None = None
    most_bytes: int | None = None
    width: Bounds = OPEN
    ratio: Bounds = OPEN


class VideoRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which videos a platform takes."""

    most: int | None = None
    formats: tuple[str, ...] | None = None
    most_bytes: int | None = None
    seconds: Bounds = OPEN
    width: Bounds = OPEN
    ratio: Bounds = OPEN


class PollRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a poll may be."""

    options: Bounds
    option_length: int | None = None
    question_length: int | None = None
    minutes: Bounds = OPEN


class PlatformRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform allows in one post, as of a day, by its own documentation.

    What nobody has found is None, which is neither yes nor no. `second_hand` are pages of others,
    for what the platform's own do not say, or only to somebody who is signed in there.
    """

    name: str
    title: str
    as_of: date
    sources: tuple[str, ...]
    second_hand: tuple[str, ...] = ()

    longest: int
    """The longest text, counted by `counting`."""
    counting: Counting
    is_counting_documented: bool
    """Whether the platform says how it counts. Where it says "characters" alone, they are counted
    in the way that finds the most of them: what is taken here is not too long there."""
    longest_bytes: int | None = None
    """The longest text in UTF-8, where that is bounded, too."""
    longest_with_media: int | None = None
    """The longest text beside images or a video, where that is another."""
    varies: str = ""
    """For whom the longest text is another."""

    most_hashtags: int | None = None
    most_mentions: int | None = None
    most_links: int | None = None
    """How many different links a text may have."""

    most_media: int | None = None
    """How many images and videos together; None: not known, or each by itself."""
    needs_media: bool | None = None
    is_media_mixed: bool | None = None
    """Whether images and videos go together."""
    fetches_media: bool | None = None
    """Whether it gets media from an address by itself; it is sent the file otherwise."""
    images: ImageRules | None = None
    videos: VideoRules | None = None
    alt_text: int | None = None
    """The longest alternative text of an image."""

    poll: PollRules | None = None
    has_polls: bool | None = None
    topic: int | None = None
    """The longest topic, where a post can have one."""
    has_replies: bool | None = None
    has_chains: bool | None = None
    """Whether parts can go out as replies, each to the one before."""
    has_quotes: bool | None = None
    has_languages: bool | None = None
    """Whether a post says in which language it is."""
    audiences: tuple[str, ...] | None = None
    """Who may see a post, of `public`, `unlisted`, `followers` and `mentioned`."""
    excludes: tuple[tuple[str, str], ...] = ()
    """What cannot be together in one post."""
    notes: tuple[str, ...] = ()

    def length_of(self, text: str) -> int:
        """Return how long a text is, as this platform counts.

        Raises:
            ValidationError: it is not valid Unicode.
        """
        return self.counting.length(text)
