"""The text of each post of a schedule: which of several it is, and what is filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from string import Formatter

from ..errors import ValidationError
from ..platforms.tables import PLATFORMS
from ..validation import check_content
from .state import ScheduleDefinition

MOST_TEXTS = 1_000
MOST_FORMAT_CHARS = 40
_PLACES = ("account", "date", "n")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "%d": lambda at: f"{at.day:02}",
    "%-d": lambda at: f"{at.day}",
    "%m": lambda at: f"{at.month:02}",
    "%-m": lambda at: f"{at.month}",
    "%y": lambda at: f"{at.year % 100:02}",
    "%Y": lambda at: f"{at.year:04}",
    "%H": lambda at: f"{at.hour:02}",
    "%-H": lambda at: f"{at.hour}",
    "%M": lambda at: f"{at.minute:02}",
    "%a": lambda at: _DAYS[at.weekday()][:3],
    "%A": lambda at: _DAYS[at.weekday()],
    "%b": lambda at: _MONTHS[at.month - 1][:3],
    "%B": lambda at: _MONTHS[at.month - 1],
    "%j": lambda at: f"{at.timetuple().tm_yday:03}",
    "%%": lambda at: "%",
}
"""What stands for a part of a date, in the words of `strftime`; English wherever it runs, since a
text must not depend on the machine that made it."""
_DIRECTIVE = re.compile("|".join(map(re.escape, _DIRECTIVES)))
_HINT = "{date:%d.%m.%Y}, {n} or {account}; a brace itself is written twice"
_SAMPLE = [datetime.combine(date(2028, 1, 1), time(12)) + timedelta(days=n) for n in range(366)]
_LARGEST_NUMBER = 999_999


def check_texts(given: object, account_id: str, platform: str | None) -> tuple[str, ...]:
    """Return the texts of a schedule, each of which can be filled in whatever the day, and fits its
    platform; None: it is left to that.

    Raises:
        ValidationError: there is none, or one is not acceptable as it may come out.
    """
    texts = (given,) if isinstance(given, str) else given
    if not isinstance(texts, Sequence) or isinstance(texts, bytes):
        raise ValidationError("content must be a text, or a list of them", field="content")
    if not 1 <= len(texts) <= MOST_TEXTS:
        raise ValidationError(
            f"content must have 1 to {MOST_TEXTS} texts, not {len(texts)}", field="content"
        )
    for number, text in enumerate(texts, 1):
        try:
            _check_text(text, account_id, platform)
        except ValidationError as error:
            which = f"text {number}: " if len(texts) > 1 else ""
            raise ValidationError(
                f"{which}{error.message}", field="content", hint=error.advice
            ) from None  # without the remedy, which is one of jobs
    return tuple(str(text) for text in texts)


def _check_text(text: object, account_id: str, platform: str | None) -> None:
    if not isinstance(text, str):
        raise ValidationError(f"content must be text, not {type(text).__name__}", field="content")
    parts = _parts(text)
    days = _SAMPLE if any(name == "date" for _, name, _ in parts) else _SAMPLE[:1]
    filled = [_filled(parts, day, _LARGEST_NUMBER, account_id) for day in days]
    for each in dict.fromkeys(filled) if platform in PLATFORMS else [max(filled, key=len)]:
        check_content(each, platform)


def _parts(text: str) -> list[tuple[str, str | None, str]]:
    """Return what stands before each place, the place (None: the end), and its format."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise ValidationError(f"content: {error}", field="content", hint=_HINT) from None
    found = []
    for before, name, form, conversion in parsed:
        if name is not None and (name not in _PLACES or conversion):
            shown = name + (f"!{conversion}" if conversion else "")
            raise ValidationError(
                f"content has a place {{{shown:.40}}} that nothing fills",
                field="content",
                hint=_HINT,
            )
        form = form or ""
        if form and (name != "date" or not _is_format(form)):
            raise ValidationError(
                f"content has a place {{{name}:{form:.40}}} of an unknown form",
                field="content",
                hint=_HINT,
            )
        found.append((before, name, form))
    return found


def _is_format(form: str) -> bool:
    """Whether this is a format of a date, of what is known here."""
    if len(form) > MOST_FORMAT_CHARS or "{" in form or not form.isprintable():
        return False
    return "%" in form and "%" not in _DIRECTIVE.sub("", form)


def _written(local: datetime, form: str) -> str:
    return _DIRECTIVE.sub(lambda found: _DIRECTIVES[found[0]](local), form)


def _filled(
    parts: list[tuple[str, str | None, str]], local: datetime, number: int, account_id: str
) -> str:
    return "".join(_pieces(parts, local, number, account_id))


def _pieces(
    parts: list[tuple[str, str | None, str]], local: datetime, number: int, account_id: str
) -> Iterator[str]:
    for before, name, form in parts:
        yield before
        if name == "date":
            yield _written(local, form or "%Y-%m-%d")
        elif name is not None:
            yield str(number) if name == "n" else account_id


def text_of(said: ScheduleDefinition, seed: str, number: int, local: datetime) -> str | None:
    """Return the text of the post of this number (from 1), filled in; None where each text was used
    that is to be used once. `seed` shuffles them."""
    place = number - 1
    if said.order == "once" and place >= len(said.content):
        return None
    turn, place = divmod(place, len(said.content))
    if said.order == "shuffle":
        place = shuffled(len(said.content), seed, turn)[place]
    return _filled(_parts(said.content[place]), local, number, said.account_id)


@lru_cache(maxsize=256)
def shuffled(count: int, seed: str, turn: int) -> tuple[int, ...]:
    """Return the numbers below `count` in the order of one turn: the same one wherever it is asked
    for, and not beginning with what the turn before ended with."""
    if count == 2:
        turn = 0  # they alternate
    order = _shuffled(count, seed, turn)
    if turn and count > 2 and order[0] == _shuffled(count, seed, turn - 1)[-1]:
        return (order[1], order[0], *order[2:])
    return order


def _shuffled(count: int, seed: str, turn: int) -> tuple[int, ...]:
    def key(number: int) -> bytes:
        return sha256(f"{seed}\n{turn}\n{number}".encode()).digest()

    return tuple(sorted(range(count), key=key))
