"""What X and LinkedIn allow, and Telegram and Discord."""

from __future__ import annotations

from datetime import date

from .counting import Counting
from .platform import ImageRules, PlatformRules, PollRules, VideoRules

_AS_OF = date(2026, 11, 27)
_MB, _MIB = 1_000_000, 1024 * 1024

X = PlatformRules(
    name="x",
    title="X",
    as_of=_AS_OF,
    sources=(
        "https://docs.x.com/resources/fundamentals/counting-characters",
        "https://github.com/twitter/twitter-text/blob/master/config/v3.json",
        "https://docs.x.com/x-api/media/quickstart/best-practices",
        "https://docs.x.com/x-api/media/introduction",
    ),
    second_hand=(
        "https://ayrshare.com/docs/media-guidelines/x_twitter",
        "https://docs.rs/crate/zernio/0.0.132/source/src/models/twitter_platform_data_poll.rs",
    ),
    longest=280,
    counting=Counting.WEIGHTED,
    is_counting_documented=True,
    varies="who pays for it may post longer texts",
    needs_media=False,
    is_media_mixed=False,
    fetches_media=False,
    images=ImageRules(most=4, formats=("JPEG", "PNG", "GIF", "WEBP"), most_bytes=5 * _MB),
    videos=VideoRules(
        most=1,
        formats=("MP4", "MOV"),
        most_bytes=512 * _MB,
        seconds=(0.5, 140.0),
        ratio=(1 / 3, 3.0),
    ),
    has_polls=True,
    poll=PollRules(options=(2, 4), option_length=25, minutes=(5, 10_080)),
    has_replies=True,
    has_chains=True,
    has_quotes=True,
    excludes=(("poll", "media"), ("poll", "quote"), ("images", "video")),
    notes=(
        "An animated GIF goes alone, up to 15 MB.",
        "Letters such as ế, ạ and ờ (U+1E00 to U+1EFF) are 2 by its configuration.",
    ),
)

LINKEDIN = PlatformRules(
    name="linkedin",
    title="LinkedIn",
    as_of=_AS_OF,
    sources=(
        "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/"
        "multiimage-post-api",
    ),
    second_hand=(
        "https://docs.postsyncer.com/platforms/linkedin",
        "https://ayrshare.com/docs/media-guidelines/linkedin",
    ),
    longest=3000,
    counting=Counting.UTF16,
    is_counting_documented=False,
    needs_media=False,
    is_media_mixed=False,
    fetches_media=False,
    images=ImageRules(most=20, formats=("JPEG", "PNG", "GIF")),
    videos=VideoRules(
        most=1,
        formats=("MP4",),
        most_bytes=500 * _MB,
        seconds=(3.0, 1800.0),
        ratio=(1 / 2.4, 2.4),
    ),
    has_chains=False,
    excludes=(("images", "video"), ("document", "media")),
)

TELEGRAM = PlatformRules(
    name="telegram",
    title="Telegram",
    as_of=_AS_OF,
    sources=(
        "https://core.telegram.org/bots/api#sendmessage",
        "https://core.telegram.org/bots/api#sendphoto",
        "https://core.telegram.org/api/entities",
    ),
    second_hand=("https://hexdocs.pm/telega/0.14.0/telega/media_group.html",),
    longest=4096,
    counting=Counting.UTF16,
    is_counting_documented=False,
    longest_with_media=1024,
    most_media=10,
    needs_media=False,
    is_media_mixed=True,
    fetches_media=True,
    images=ImageRules(most=10, most_bytes=10 * _MB, ratio=(1 / 20, 20.0)),
    videos=VideoRules(most=10),
    has_polls=True,
    poll=PollRules(options=(2, 10), option_length=100, question_length=300),
    has_replies=True,
    has_chains=True,
    excludes=(("poll", "media"),),
    notes=(
        "The width and height of a photo are 10,000 together at most.",
        "Marks of a format do not count: the text counts as it is shown.",
        "Newer versions of its API take 12 options of a poll.",
    ),
)

DISCORD = PlatformRules(
    name="discord",
    title="Discord",
    as_of=_AS_OF,
    sources=(
        "https://docs.discord.com/developers/resources/message",
        "https://docs.discord.com/developers/resources/poll",
        "https://docs.discord.com/developers/reference#uploading-files",
    ),
    longest=2000,
    counting=Counting.UTF16,
    is_counting_documented=False,
    needs_media=False,
    is_media_mixed=True,
    fetches_media=False,
    images=ImageRules(most_bytes=10 * _MIB),
    videos=VideoRules(most_bytes=10 * _MIB),
    alt_text=1024,
    has_polls=True,
    poll=PollRules(options=(None, 10), option_length=55, question_length=300, minutes=(60, 46_080)),
    has_replies=True,
    has_chains=True,
    notes=("A server that is boosted takes larger files.",),
)
