"""What an instance of Mastodon allows: each has limits of its own, and says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..domain import PLATFORMS, ValidationError, mastodon_length

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

    @classmethod
    def of(cls, document: object) -> InstanceLimits:
        """Read the answer to /api/v2/instance or /api/v1/instance."""
        usual = cls()
        configuration = _at(document, "configuration")
        statuses = _at(configuration, "statuses")
        polls = _at(configuration, "polls")
        least, most = usual.poll_seconds
        older = _number(document, "max_toot_chars", usual.longest)
        return cls(
            longest=_number(statuses, "max_characters", older),
            per_link=_number(statuses, "characters_reserved_per_url", usual.per_link),
            most_media=_number(statuses, "max_media_attachments", usual.most_media),
            has_quotes=_number(_at(document, "api_versions"), "mastodon", 1) >= _QUOTES_SINCE,
            most_options=_number(polls, "max_options", usual.most_options),
            longest_option=_number(polls, "max_characters_per_option", usual.longest_option),
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
