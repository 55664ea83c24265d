"""Which of a job's further facts a platform would have read, had they been called by its name.

A key that is left out in silence is a post without its picture. So what a platform's interface
knows and its publisher does not do, and what is nearly such a name, is told before anything is
sent; a key that is surely somebody's own is left alone. What is known of a platform is data
(`threads_parameters.py`); this is the one way in which keys are compared with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from ..domain import ValidationError

Kind = Literal["media", "address", "text", "id", "topic", "choice", "flag", "other"]
"""What a parameter's value is; a flag that is false asks for nothing."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FILE = re.compile(
    r"https?://|[a-z]:[\\/]|[~/\\]|.*\.(jpe?g|png|gif|webp|heic|avif|mp4|mov|m4v)$", re.IGNORECASE
)
_LONG_ENOUGH = 7
"""A letter off in a shorter name is another word more often than a slip."""
_VERY_LONG = 13
"""From here on two letters may be off."""
_NO = ("false", "no", "off", "0")


class Parameter(msgspec.Struct, frozen=True):
    """What a platform's interface knows by a name, and `done` where its publisher sends it.

    `called` has what calendars and other tools call it, `perhaps` what they do where an address or
    a file is in it, `instead` what a person can do where it is not done, `since` the year in which
    the platform had it.
    """

    name: str
    kind: Kind
    since: str = ""
    done: bool = False
    called: tuple[str, ...] = ()
    instead: str = ""
    perhaps: tuple[str, ...] = ()


class Elsewhere(msgspec.Struct, frozen=True):
    """What other platforms and calendars have, by these names, and this platform has not."""

    called: tuple[str, ...]
    said: str


class KnownKeys:
    """A platform's parameters, to hold a job's metadata against.

    `elsewhere` is what the platform has not and a post would be less without; `own` are names that
    look like one of these and are somebody's own. `slips` has names of `called` that are also
    recognised with a letter off, as those of parameters are.
    """

    def __init__(
        self,
        platform: str,
        parameters: Iterable[Parameter],
        elsewhere: Iterable[Elsewhere] = (),
        own: Iterable[str] = (),
        slips: Iterable[str] = (),
    ) -> None:
        self._platform = platform
        self.parameters: Mapping[str, Parameter] = {each.name: each for each in parameters}
        self._same = {plain(name): each for name, each in self.parameters.items()}
        self._called: dict[str, Parameter | Elsewhere] = {}
        whole: list[Parameter | Elsewhere] = [*self.parameters.values(), *elsewhere]
        for what in whole:
            self._called |= {plain(name): what for name in what.called}
        self._called |= self._same
        self._perhaps = {
            plain(name): each for each in self.parameters.values() for name in each.perhaps
        }
        self._own = frozenset(map(_joined, own))
        recognised = [name for name in self._same if len(name) >= _LONG_ENOUGH]
        recognised += map(plain, slips)
        self._slips = {name: self._called[name] for name in recognised}

    def problems(
        self, metadata: Mapping[str, Any], ignores: Iterable[str] = ()
    ) -> list[ValidationError]:
        """Name each key that would be left out, with what it should be."""
        left_alone = frozenset(ignores)
        found = (self._problem(key, metadata) for key in metadata if key not in left_alone)
        return [problem for problem in found if problem is not None]

    def _problem(self, key: str, metadata: Mapping[str, Any]) -> ValidationError | None:
        value, exact = metadata[key], self.parameters.get(key)
        if exact is not None:
            if exact.done or (exact.kind == "flag" and is_false(value)):
                return None
            return self._not_done(key, exact)
        meant = self.meant_by(key)
        if meant is None and is_file(value):
            meant = self._perhaps.get(plain(key))
        if meant is None:
            return None
        same = isinstance(meant, Parameter) and _joined(key) == _joined(meant.name)
        if is_nothing(value) and not (same and isinstance(value, str)):
            return None  # nothing is in it that could be left out
        if isinstance(meant, Elsewhere):
            return _left_out(key, meant.said)
        if meant.done:
            return _left_out(key, f"it is probably {meant.name}", f"call it {meant.name}")
        return self._not_done(key, meant)

    def meant_by(self, key: str) -> Parameter | Elsewhere | None:
        """Tell what a key is probably meant to be; None where it is somebody's own."""
        joined = _joined(key)
        if joined in self._own:
            return None
        name = plain(key)
        found = self._called.get(name)
        if found is None and name.startswith(plain(self._platform)):
            found = self._called.get(name.removeprefix(plain(self._platform)))
        if found is not None:
            return found
        for slip, what in self._slips.items():
            most = 2 if len(slip) >= _VERY_LONG else 1
            if within(name, slip, most) or within(joined, slip, 1):
                return what
        return None

    def _not_done(self, key: str, parameter: Parameter) -> ValidationError:
        name = "it" if key == parameter.name else parameter.name
        said = f"{self._platform} has {name}, and this publisher does not send it"
        if key != parameter.name:
            said = f"it is probably {parameter.name}, which this publisher does not send"
        return _left_out(key, said, parameter.instead or None)


def _left_out(key: str, said: str, hint: str | None = None) -> ValidationError:
    shown = key if key.isprintable() and len(key) <= 60 else ascii(key[:60])
    return ValidationError(
        f"metadata.{shown} would be left out: {said}",
        field=f"metadata.{key}",
        hint=f"{hint}; or take it out; if it is yours, name it in ignores" if hint else _ITS_OWN,
    )


_ITS_OWN = "take it out; if it is yours, name it in ignores"


def is_false(value: object) -> bool:
    """Whether a flag says no: False, 0, or the word for it, as tables and forms write it."""
    if isinstance(value, str):
        return value.strip().casefold() in _NO
    return value is False or (type(value) in (int, float) and value == 0)


def is_nothing(value: object) -> bool:
    """Whether there is nothing in a value that a post could be without."""
    return not value or (isinstance(value, str) and (not value.strip() or is_false(value)))


def is_file(value: object) -> bool:
    """Whether a value is an address, or a file by its name; or several of them."""
    if isinstance(value, list | tuple):
        return any(is_file(each) for each in value)
    return isinstance(value, str) and _FILE.match(value.strip()) is not None


def plain(name: str) -> str:
    """Write a name as it is compared: letters alone, in one case, each word in the singular and
    without a number behind it; `Image_URLs`, `imageUrl` and `IMAGE-URL 2` are one."""
    words = [_singular(word.rstrip("0123456789")) for word in _words(name)]
    return _singular("".join(words))


def _joined(name: str) -> str:
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    text = unicodedata.normalize("NFKC", name)
    return re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", text)).casefold().split()


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def within(one: str, other: str, most: int) -> bool:
    """Whether at most so many letters are added, left out, changed or exchanged with the next."""
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1] <= most
