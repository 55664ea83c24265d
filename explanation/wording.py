"""Words for sentences, times and spans: in which language, of which zone, is said at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, get_args

import msgspec

from ..domain import ValidationError
from .sentence import Fact, Sentence, Step, say

Language = Literal["en", "vi"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


class Catalogue(msgspec.Struct, frozen=True):
    """A language: its text for each English one (one that is missing stays English), and how it
    writes a moment and a fraction."""

    texts: Mapping[str, str]
    moment: str
    decimal_sign: str


_ENGLISH = Catalogue(texts={}, moment="{0:%Y-%m-%d %H:%M:%S}", decimal_sign=".")


def catalogue_of(language: Language) -> Catalogue:
    """Return what a language needs.

    Raises:
        ValidationError: there is no such language here.
    """
    match language:
        case "en":
            return _ENGLISH
        case "vi":
            from .vietnamese import VIETNAMESE  # for those who read it

            return VIETNAMESE
        case _:
            raise ValidationError(
                f"language must be one of {', '.join(LANGUAGES)}, not {language!r:.60}",
                field="language",
            )


class Wording(msgspec.Struct, frozen=True):
    """How facts become words: in a language, with times in a zone; `steps` are what to say, where
    something is done otherwise than with the library, instead of what a sentence says of it."""

    zone: tzinfo
    language: Language = "en"
    steps: Mapping[Step, str] = {}

    def word(self, fact: Fact) -> str:
        """Put a fact into words.

        Raises:
            ValidationError: there is no such language here.
        """
        catalogue = catalogue_of(self.language)
        match fact:
            case Sentence(template, facts, step):
                if step is not None and step in self.steps:
                    return self.steps[step]
                text = catalogue.texts.get(template, template)
                return text.format_map({name: self.word(value) for name, value in facts.items()})
            case timedelta():
                return self.word(_span(fact))
            case datetime():
                return catalogue.moment.format(fact.astimezone(self.zone))
            case float():
                return str(fact).replace(".", catalogue.decimal_sign)
            case _:
                return str(fact)


def _span(duration: timedelta) -> Sentence:
    """Say a duration in the unit that suits it."""
    seconds = duration.total_seconds()
    distance = abs(seconds)
    if distance >= 86_400:
        return say("{count} d", count=round(seconds / 86_400, 1))
    if distance >= 3600:
        return say("{count} h", count=round(seconds / 3600, 1))
    if distance >= 60:
        return say("{count} min", count=round(seconds / 60, 1))
    if distance >= 1:
        return say("{count} s", count=round(seconds, 1))
    return say("{count} ms", count=round(seconds * 1000))


def span(duration: timedelta) -> str:
    """Say a duration in English, in the unit that suits it."""
    return _IN_ENGLISH.word(duration)


_IN_ENGLISH = Wording(UTC)
