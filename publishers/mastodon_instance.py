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

    @classmethod
    def of(cls, document: object) -> InstanceLimits:
        """Read the answer to /api/v2/instance or /api/v1/instance."""
        usual = cls()
        configuration = _at(document, "configuration")
        statuses = _at(configuration, "statuses")
        older = _number(document, "max_toot_chars", usual.longest)
        return cls(
            longest=_number(statuses, "max_characters", older),
            per_link=_number(statuses, "characters_reserved_per_url", usual.per_link),
            most_media=_number(statuses, "max_media_attachments", usual.most_media),
            has_quotes=_number(_at(document, "api_versions"), "mastodon", 1) >= _QUOTES_SINCE,
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


def _at(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, Mapping) else None


def _number(document: object, name: str, usual: int) -> int:
    value: Any = _at(document, name)
    return value if type(value) is int and value > 0 else usual
