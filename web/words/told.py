"""What is said of the rows of a file and of a post's fields, in a language: its texts have
facts in them, and are known by what is around those.

The room that reads files says it in English, for a terminal, too. A text that is not known in the
visitor's language stays as it is, and is marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from markupsafe import Markup, escape

from . import Language
from .vi_files import FILES
from .vi_writing import FAULTS

_TEXTS: dict[Language, Mapping[str, str]] = {"en": {}, "vi": {**FILES, **FAULTS}}
_LONGEST = 1000


def told(language: Language, text: str) -> Markup:
    """Say what is wrong with a row, or worth a word."""
    if language == "en" or not text:
        return escape(text)
    said = _said(language, text)
    return Markup('<span lang="en">{}</span>').format(text) if said is None else escape(said)


def _said(language: Language, text: str) -> str | None:
    for pattern, translation in _patterns(language) if len(text) <= _LONGEST else ():
        found = pattern.fullmatch(text)
        if found is not None:
            facts = [_said(language, each) or each for each in found.groups()]
            return translation.format(*facts)
    return None


@cache
def _patterns(language: Language) -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(text), said) for text, said in _TEXTS[language].items()]


def _pattern(text: str) -> re.Pattern[str]:
    """Return what a text is known by: each `{}` in it is a fact."""
    return re.compile("(.+?)".join(map(re.escape, text.split("{}"))), re.S)
