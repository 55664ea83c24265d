"""What an instance of Mastodon allows: each has limits of its own, and says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..domain import PLATFORMS, Media, ValidationError, mastodon_length
from .media_source import MIME_TYPES

_TABLE = PLATFORMS["mastodon"]
_QUOTES_SINCE = 7
"""The version of the API that posts can quote from on: that of Mastodon 4.5."""


class InstanceLimits(msgspec.Struct, frozen=True):
    """The limits of an instance; the usual ones where it does not say.

    `per_link` is how many characters a link counts, `has_quotes` whether a post can quote another.
    """

    longest: int = _TABLE.longest
    per_link: int = 23
    most_media: int = 4
    has_quotes: bool = False
    most_options: int = 4
    longest_option: int = 50
    poll_seconds: tuple[int, int] = (300, 2_629_746)
    most_image_bytes: int = 16 * 1024 * 1024
    most_video_bytes: int = 99 * 1024 * 1024
    longest_description: int = 1500
    mime_types: tuple[str, ...] = ()
    """Those of files that it takes; none: it does not say."""

    @classmethod
    def of(cls, document: object) -> InstanceLimits:
        """Read the answer to /api/v2/instance or /api/v1/instance."""
        usual = cls()
        configuration = _at(document, "configuration")
        statuses = _at(configuration, "statuses")
        polls = _at(configuration, "polls")
        least, most = usual.poll_seconds
        media = _at(configuration, "media_attachments")
        mimes = _at(media, "supported_mime_types")
        older = _number(document, "max_toot_chars", usual.longest)
        return cls(
            longest=_number(statuses, "max_characters", older),
            per_link=_number(statuses, "characters_reserved_per_url", usual.per_link),
            most_media=_number(statuses, "max_media_attachments", usual.most_media),
            has_quotes=_number(_at(document, "api_versions"), "mastodon", 1) >= _QUOTES_SINCE,
            most_options=_number(polls, "max_options", usual.most_options),
            longest_option=_number(polls, "max_characters_per_option", usual.longest_option),
            most_image_bytes=_number(media, "image_size_limit", usual.most_image_bytes),
            most_video_bytes=_number(media, "video_size_limit", usual.most_video_bytes),
            longest_description=_number(media, "description_limit", usual.longest_description),
            mime_types=tuple(map(str, mimes)) if isinstance(mimes, list) else (),
            poll_seconds=(
                _number(polls, "min_expiration", least),
                _number(polls, "max_expiration", most),
            ),
        )

    def problem_with(self, text: str, warning: str, field: str) -> ValidationError | None:
        """Name a text that is too long here, with its content warning."""
        length = mastodon_length(text, warning, self.per_link)
        if length <= self.longest:
            return None
        with_it = " with its content warning" if warning else ""
        return ValidationError(
            f"{field} is {length} characters long{with_it}, and this instance takes {self.longest}",
            field=field,
            hint=f"a link counts {self.per_link}",
        )

    def problems_with_media(self, files: Sequence[Media], field: str) -> Iterable[ValidationError]:
        """Name each file that this instance does not take."""
        if len(files) > self.most_media:
            said = f"has {len(files)} files, and this instance takes {self.most_media} in a status"
            yield ValidationError(f"{field} {said}", field=field)
        for index, media in enumerate(files):
            said = self._fault_of(media)
            if said:
                yield ValidationError(f"{field}[{index}] {said}", field=f"{field}[{index}]")

    def _fault_of(self, media: Media) -> str:
        file = media.file
        assert file is not None
        most = self.most_video_bytes if file.is_video else self.most_image_bytes
        if file.size > most:
            return f"has {file.size} bytes, and this instance takes {most}"
        mime = MIME_TYPES[file.kind]
        if self.mime_types and mime not in self.mime_types:
            return f"is {mime}, and this instance takes {', '.join(self.mime_types)}"
        if len(media.alt) > self.longest_description:
            return f"has an alt of more than {self.longest_description} characters"
        return ""

    def problem_with_poll(self, poll: Mapping[str, Any], field: str) -> ValidationError | None:
        """Name a poll that this instance does not take."""
        least, most = self.poll_seconds
        longest = max(map(mastodon_length, poll["options"]), default=0)
        if len(poll["options"]) > self.most_options:
            said = (
                f"has {len(poll['options'])} options, and this instance takes {self.most_options}"
            )
        elif longest > self.longest_option:
            said = f"has an option of {longest} characters, and this instance takes"
            said += f" {self.longest_option}"
        elif not least <= poll["expires_in"] <= most:
            said = f"must be open for {least / 60:g} to {most / 60:.0f} minutes on this instance"
        else:
            return None
        return ValidationError(f"{field} {said}", field=field)


def _at(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, Mapping) else None


def _number(document: object, name: str, usual: int) -> int:
    value: Any = _at(document, name)
    return value if type(value) is int and value > 0 else usual
