"""A post as a value: its parts, and what is in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from ..media.facts import MediaKind


class _Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """The base of these values: what is several may be given as any sequence, and is a tuple. As
    JSON one has no other keys: they would be left out in silence."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, list):
                force_setattr(self, name, tuple(value))


class MediaFile(_Value, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file that the ledger keeps: what it is, by its own bytes.

    `sha256` in 64 hex digits is its name in the store; `size` is in bytes, `width` and `height` are
    in pixels as it is shown; `seconds` is how long it plays, and `frames` how many pictures it has.
    None: it does not say.
    """

    sha256: str
    size: int
    kind: MediaKind
    width: int
    height: int
    seconds: float | None = None
    frames: int | None = None

    @property
    def is_video(self) -> bool:
        """Whether it is a video; all else is an image, also one that moves."""
        return self.kind in ("mp4", "mov")


class Media(_Value, frozen=True, omit_defaults=True, gc=False):
    """An image or a video of a part: `source` is the path of a file, or the https address from
    which its platform fetches it; `alt` describes it to those who do not see it.

    `file` is what the ledger found and keeps, once it was added; None for an address.
    """

    source: str
    alt: str = ""
    file: MediaFile | None = None

    @property
    def is_address(self) -> bool:
        """Whether its platform is to fetch it from where it is."""
        return self.source[:8].lower().startswith(("http://", "https://"))


class Link(_Value, frozen=True, omit_defaults=True, gc=False):
    """A link that is shown beside the text, as a card where the platform has them."""

    url: str
    title: str = ""
    description: str = ""


class Poll(_Value, frozen=True, omit_defaults=True, gc=False):
    """A poll: what can be chosen, how many minutes it is open, whether several may be chosen."""

    options: Sequence[str]
    minutes: int = 1440
    multiple: bool = False


class Part(_Value, frozen=True, omit_defaults=True, gc=False):
    """One of the posts that a chain is made of; most have one. `quote` is the id or address of the
    post that it quotes, as its platform has them."""

    text: str = ""
    media: Sequence[Media] = ()
    link: Link | None = None
    poll: Poll | None = None
    quote: str | None = None


class Post(_Value, frozen=True, omit_defaults=True, gc=False):
    """What is posted for a job: parts that go out in this order, each a reply to the one before.

    `topic`, `language` (such as `vi` or `pt-BR`) and `audience` (public, unlisted, followers or
    mentioned) are of the whole post; `reply_to` is the id or address of the post that its first
    part answers. `overrides` has, by the name of a platform, what only that one knows: the same
    keys that its publisher reads from a job's metadata.
    """

    parts: Sequence[Part]
    topic: str | None = None
    reply_to: str | None = None
    language: str | None = None
    audience: str | None = None
    overrides: dict[str, dict[str, Any]] = {}

    @property
    def media(self) -> tuple[Media, ...]:
        """All media of all parts, in their order."""
        return tuple(media for part in self.parts for media in part.media)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but one text in it."""
        return self == Post(parts=(Part(self.parts[0].text),))

    @property
    def beyond_its_text(self) -> list[str]:
        """Name everything that is in it besides the text of its first part, each as its field."""
        first = self.parts[0]
        of_first = [name for name in ("media", "link", "poll", "quote") if getattr(first, name)]
        whole = [name for name in _OF_WHOLE if getattr(self, name)]
        return [
            *(f"post.parts[0].{name}" for name in of_first),
            *(f"post.parts[{index}]" for index in range(1, len(self.parts))),
            *(f"post.{name}" for name in whole),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the post as JSON has it: what is not set is left out."""
        written: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return written

    def with_text(self, text: str) -> Post:
        """Return the same post with another text of its first part."""
        first, *others = self.parts
        if first.text == text:
            return self
        first = msgspec.structs.replace(first, text=text)
        return msgspec.structs.replace(self, parts=(first, *others))


_OF_WHOLE = ("topic", "reply_to", "language", "audience", "overrides")
