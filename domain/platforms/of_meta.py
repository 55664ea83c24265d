"""What Threads, Instagram and the pages of Facebook allow."""

from __future__ import annotations

from datetime import date

from .counting import Counting
from .platform import ImageRules, PlatformRules, PollRules, VideoRules

_AS_OF = date(2026, 11, 27)
_MB, _GB = 1_000_000, 1_000_000_000

THREADS = PlatformRules(
    name="threads",
    title="Threads",
    as_of=_AS_OF,
    sources=(
        "https://developers.facebook.com/documentation/threads/posts",
        "https://developers.facebook.com/documentation/threads/overview",
        "https://developers.facebook.com/documentation/threads/create-posts/polls",
        "https://developers.facebook.com/documentation/threads/create-posts/text-attachments",
    ),
    second_hand=("https://ayrshare.com/docs/media-guidelines/threads",),
    longest=500,
    counting=Counting.EMOJI_BYTES,
    is_counting_documented=True,
    most_links=5,
    most_media=20,
    needs_media=False,
    is_media_mixed=True,
    fetches_media=True,
    images=ImageRules(most=20, formats=("JPEG", "PNG"), most_bytes=8 * _MB, ratio=(None, 10.0)),
    videos=VideoRules(
        most=20,
        formats=("MP4", "MOV"),
        most_bytes=_GB,
        seconds=(0.0, 300.0),
        width=(None, 1920),
        ratio=(0.01, 10.0),
    ),
    alt_text=1000,
    has_polls=True,
    poll=PollRules(options=(2, 4), option_length=25),
    topic=50,
    has_replies=True,
    has_chains=True,
    has_quotes=True,
    has_languages=False,
    audiences=("public",),
    excludes=(("poll", "media"), ("poll", "text attachment"), ("link attachment", "media")),
    notes=(
        "A text attachment of up to 10,000 characters goes with a post of text alone.",
        "A profile has 250 posts in 24 hours; a carousel is one of them.",
    ),
)

INSTAGRAM = PlatformRules(
    name="instagram",
    title="Instagram",
    as_of=_AS_OF,
    sources=(
        "https://developers.facebook.com/documentation/instagram-platform/content-publishing",
        "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/"
        "ig-user/media",
    ),
    second_hand=(
        "https://repliz-docs.pages.dev/tutorial/spesification/instagram.html",
        "https://docs.letmepost.dev/platforms/instagram",
    ),
    longest=2200,
    counting=Counting.UTF16,
    is_counting_documented=False,
    most_hashtags=30,
    most_mentions=20,
    most_media=10,
    needs_media=True,
    is_media_mixed=True,
    fetches_media=True,
    images=ImageRules(most=10, formats=("JPEG",), most_bytes=8 * _MB, ratio=(0.8, 1.91)),
    videos=VideoRules(most=10, formats=("MP4", "MOV"), most_bytes=_GB, seconds=(3.0, 900.0)),
    has_polls=False,
    notes=(
        "A post has at least an image or a video.",
        "Alternative texts are for images: reels and stories have none.",
        "Some speak of 5 hashtags in place of 30.",
    ),
)

FACEBOOK = PlatformRules(
    name="facebook",
    title="Facebook (pages)",
    as_of=_AS_OF,
    sources=("https://developers.facebook.com/docs/graph-api/reference/page/photos",),
    second_hand=(
        "https://docs.letmepost.dev/preflight/facebook-text-max_graphemes",
        "https://docs.post-mate.com/docs/platforms/facebook",
    ),
    longest=63_206,
    counting=Counting.UTF16,
    is_counting_documented=False,
    needs_media=False,
    is_media_mixed=False,
    fetches_media=True,
    videos=VideoRules(most=1),
    excludes=(("images", "video"),),
    notes=("How large images and videos may be is told in different ways.",),
)
