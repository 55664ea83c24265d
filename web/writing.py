"""What a form says of a post: its parts, with what is in each, as somebody has written them so far.

The text of the first part is `content`. The others, and what is beside a text, have the number of
their part in their names, such as `p1-text` and `p0-m2-alt`: from 0, in their order, maybe with
gaps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import Link, Media, MediaFile, Part, Poll, Post, ScheduledJob, ValidationError

OF_POST = "of_post"
"""The field that says that a form has all of a post, and not its text alone."""
MOST_PARTS, MOST_OPTIONS = 100, 20
_WHOLE = ("topic", "reply_to", "language", "audience")
_USUAL_MINUTES = 1440
_PART = re.compile(r"p(\d{1,3})-(?:m(\d{1,3})-)?")
_AT = re.compile(r"post\.parts\[(\d+)\]\.?(.*)")
_MEDIA_AT = re.compile(r"media\[(\d+)\]\.?(\w*)")
_OPTION_AT = re.compile(r"poll\.options\[(\d+)\]")


@dataclass
class DraftMedia:
    """An image or a video of a part: an address, or a file that is kept (`carried` in the form)."""

    source: str = ""
    alt: str = ""
    file: MediaFile | None = None
    carried: str = ""

    @property
    def is_address(self) -> bool:
        """Whether it may be shown as a link."""
        return Media(self.source).is_address


@dataclass
class DraftPart:
    """A part as it is written so far. `minutes` is text: it may be no number."""

    text: str = ""
    media: list[DraftMedia] = field(default_factory=list)
    link: str = ""
    link_title: str = ""
    link_description: str = ""
    options: list[str] = field(default_factory=list)
    minutes: str = ""
    multiple: bool = False
    quote: str = ""
    lost: bool = False
    """Whether a file was in the form that this server does not know: it has to be chosen again."""

    def to_part(self) -> Part:
        """Return what it says; the number of minutes is one, or was refused before."""
        link = Link(self.link, self.link_title, self.link_description)
        is_link = self.link or self.link_title or self.link_description
        poll = None
        if self.options:
            poll = Poll(tuple(self.options), int(self.minutes or _USUAL_MINUTES), self.multiple)
        media = [Media(each.source, each.alt, each.file) for each in self.media]
        return Part(self.text, media, link if is_link else None, poll, self.quote or None)


@dataclass
class PostDraft:
    """A post as it is written so far."""

    parts: list[DraftPart] = field(default_factory=lambda: [DraftPart()])
    topic: str = ""
    reply_to: str = ""
    language: str = ""
    audience: str = ""
    overrides: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def without_blanks(self) -> PostDraft:
        """Return the same without rows of media in which nothing was written."""
        parts = [
            replace(part, media=[one for one in part.media if one.source or one.alt])
            for part in self.parts
        ]
        return replace(self, parts=parts)

    def to_post(self) -> Post:
        """Return the post that it says.

        Raises:
            ValidationError: how long a poll is open is no number.
        """
        for index, part in enumerate(self.parts):
            if part.options and not re.fullmatch(r"\d{1,9}|", part.minutes, re.ASCII):
                raise ValidationError(
                    f"post.parts[{index}].poll.minutes must be a number of minutes",
                    field=f"post.parts[{index}].poll.minutes",
                )
        whole = {name: getattr(self, name) or None for name in _WHOLE}
        parts = [part.to_part() for part in self.parts]
        return Post(parts, **whole, overrides=dict(self.overrides))

    @staticmethod
    def of(job: ScheduledJob, carry: Callable[[Media], str]) -> PostDraft:
        """Return what a form shows of a job; `carry` makes what stands for a file in it."""
        post = job.post or Post([Part(job.content)])
        draft = PostDraft([_draft_of(part, carry) for part in post.parts])
        for name in _WHOLE:
            setattr(draft, name, getattr(post, name) or "")
        return draft


def _draft_of(part: Part, carry: Callable[[Media], str]) -> DraftPart:
    link, poll = part.link, part.poll
    draft = DraftPart(part.text, quote=part.quote or "")
    draft.media = [
        DraftMedia(one.source, one.alt, one.file, carry(one) if one.file is not None else "")
        for one in part.media
    ]
    if link is not None:
        draft.link, draft.link_title = link.url, link.title
        draft.link_description = link.description
    if poll is not None:
        draft.options, draft.multiple = list(poll.options), poll.multiple
        draft.minutes = str(poll.minutes)
    return draft


def read_draft(form: Mapping[str, str], kept_of: Callable[[str], Media | None]) -> PostDraft:
    """Return what a form says. `kept_of` returns the file that a text of it stands for; of what it
    does not know, the part says that it was lost."""
    sent = {name: text.replace("\r\n", "\n") for name, text in form.items()}
    numbers: dict[int, set[int]] = {0: set()}
    for name in sent:
        found = _PART.match(name)
        if found is not None:
            of_part = numbers.setdefault(int(found[1]), set())
            if found[2] is not None:
                of_part.add(int(found[2]))
    parts = [
        _read_part(sent, number, sorted(numbers[number]), kept_of)
        for number in sorted(numbers)[:MOST_PARTS]
    ]
    draft = PostDraft(parts)
    for name in _WHOLE:
        setattr(draft, name, sent.get(name, "").strip())
    return draft


def _read_part(
    sent: Mapping[str, str],
    number: int,
    media: Iterable[int],
    kept_of: Callable[[str], Media | None],
) -> DraftPart:
    def said(name: str) -> str:
        return sent.get(f"p{number}-{name}", "").strip()

    found = [_read_media(sent, f"p{number}-m{one}", kept_of) for one in media]
    options = [said(f"o{index}") for index in range(MOST_OPTIONS)]
    return DraftPart(
        sent.get("content" if number == 0 else f"p{number}-text", ""),
        [one for one in found if one is not None],
        said("link"),
        said("link-title"),
        said("link-description"),
        [option for option in options if option],
        said("minutes"),
        bool(said("multiple")),
        said("quote"),
        lost=None in found,
    )


def _read_media(
    sent: Mapping[str, str], name: str, kept_of: Callable[[str], Media | None]
) -> DraftMedia | None:
    """Return one of the media of a part; None where its file is not known any more."""
    alt = sent.get(f"{name}-alt", "").strip()
    if text := sent.get(f"{name}-file"):
        kept = kept_of(text)
        if kept is None:
            return None
        return DraftMedia(kept.source, alt, kept.file, text)
    return DraftMedia(sent.get(f"{name}-source", "").strip(), alt)


def field_of(name: str | None) -> str:
    """Return the field of a form in which a fault is, by the name that the ledger has for it."""
    if name is None or not name.startswith("post"):
        return name or ""
    found = _AT.fullmatch(name)
    if found is None:
        whole = name.removeprefix("post.")
        return whole if whole in _WHOLE else "parts"
    part, inner = int(found[1]), found[2]
    if inner in ("", "text"):
        return "content" if part == 0 else f"p{part}-text"
    if media := _MEDIA_AT.fullmatch(inner):
        return f"p{part}-m{media[1]}-{'alt' if media[2] == 'alt' else 'source'}"
    if option := _OPTION_AT.fullmatch(inner):
        return f"p{part}-o{option[1]}"
    inner = {"link.url": "link", "poll": "o0", "poll.options": "o0"}.get(inner, inner)
    return f"p{part}-{inner.rpartition('poll.')[2].replace('.', '-')}"


_INNER = ("text", "m", "upload", "link", "link-title", "link-description", "o", "minutes", "quote")
_PLACE = re.compile(r"p(\d+)-(?:([mo])(\d+)(?:-(\w+))?|([\w-]+))")


def place_of(name: str) -> tuple[int, int, int, bool]:
    """Return where a field stands in a form, to sort by."""
    found = _PLACE.fullmatch("p0-text" if name == "content" else name)
    if found is None:
        return MOST_PARTS, (*_WHOLE, name).index(name), 0, False
    inner = found[2] or found[5]
    rank = _INNER.index(inner) if inner in _INNER else len(_INNER)
    return int(found[1]), rank, int(found[3] or 0), found[4] == "alt"


def without_field(problem: ValidationError) -> str:
    """Return what is wrong with a field, to be said beside it: without its path. A text is called
    `content`, whichever part's it is."""
    name = problem.field or ""
    said = problem.message
    if not name.startswith("post.") or not said.startswith(name):
        return said
    said = said.removeprefix(name).lstrip()
    return f"content {said}" if name.endswith(".text") else said
