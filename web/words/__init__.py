"""The words of the pages, by language: English as it stands in the pages, and what it is in others.

A text of a page is looked up by its English, as it stands there between `t("` and `")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .vi import VI

Language = Literal["en", "vi"]
LANGUAGE_COOKIE = "jobledger-language"
LANGUAGES: dict[Language, str] = {"en": "English", "vi": "Tiếng Việt"}
"""The languages that there are, each by its own name."""
CATALOGUES: dict[Language, Mapping[str, str]] = {"en": {}, "vi": VI}


def translate(language: Language, text: str, facts: Mapping[str, object]) -> str:
    """Return a text in a language, with its facts in place; in English where it is not known."""
    said = CATALOGUES[language].get(text, text)
    return said.format(**facts) if facts else said


def choose_language(asked: str | None, kept: str | None, accepted: str) -> Language:
    """Return the language to answer in: what was asked for, else kept, else the first one that the
    browser accepts (`Accept-Language`)."""
    accepts = [
        part.partition(";")[0].strip().partition("-")[0].lower() for part in accepted.split(",")
    ]
    for wish in (asked, kept, *accepts):
        for language in LANGUAGES:
            if wish == language:
                return language
    return "en"
