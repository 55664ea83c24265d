"""What Bluesky and Mastodon allow, whose programs are public."""

from __future__ import annotations

from datetime import date

from .counting import Counting
from .platform import ImageRules, PlatformRules, PollRules, VideoRules

_AS_OF = date(2026, 11, 27)
_MB, _MIB = 1_000_000, 1024 * 1024

BLUESKY = PlatformRules(
    name="bluesky",
    title="Bluesky",
    as_of=_AS_OF,
    sources=(
        "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json",
        "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json",
        "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json",
    ),
    second_hand=("https://www.ayrshare.com/docs/media-guidelines/bluesky",),
    longest=300,
    counting=Counting.GRAPHEMES,
    is_counting_documented=True,
    longest_bytes=3000,
    needs_media=False,
    is_media_mixed=False,
    fetches_media=False,
    images=ImageRules(most=4, most_bytes=2 * _MB),
    videos=VideoRules(most=1, formats=("MP4",), most_bytes=300 * _MB, seconds=(1.0, 180.0)),
    has_polls=False,
    has_replies=True,
    has_chains=True,
    has_quotes=True,
    has_languages=True,
    audiences=("public",),
    excludes=(("images", "video"), ("link card", "media")),
    notes=(
        "A gallery, which is another embed, takes up to 10 images in the official apps.",
        "Images of up to 2 MB since April 2026 (atproto pull request 4823): a server that is older"
        " than PDS 0.4.218 takes 1 MB.",
    ),
)

MASTODON = PlatformRules(
    name="mastodon",
    title="Mastodon",
    as_of=_AS_OF,
    sources=(
        "https://docs.joinmastodon.org/user/posting/",
        "https://docs.joinmastodon.org/entities/Instance/",
        "https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb",
    ),
    longest=500,
    counting=Counting.GRAPHEMES_AND_LINKS,
    is_counting_documented=True,
    varies="an instance has its own limit: configuration.statuses.max_characters of"
    " /api/v2/instance",
    needs_media=False,
    is_media_mixed=False,
    fetches_media=False,
    images=ImageRules(
        most=4,
        formats=("PNG", "JPEG", "HEIF", "WEBP", "AVIF", "GIF"),
        most_bytes=16 * _MIB,
    ),
    videos=VideoRules(most=1, formats=("MP4", "M4V", "MOV", "WEBM"), most_bytes=99 * _MIB),
    has_polls=True,
    poll=PollRules(options=(2, 4), option_length=50, minutes=(5, 43_829)),
    has_replies=True,
    has_chains=True,
    has_quotes=True,
    has_languages=True,
    audiences=("public", "unlisted", "followers", "mentioned"),
    excludes=(("poll", "media"), ("images", "video")),
    notes=("A content warning counts with the text.", "One animated GIF goes in a post, alone."),
)
