"""How a post of several parts is typed: options whose order says what belongs to what.

`--media` and what stands behind it, up to the next `--then`, is of one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

import click

from ..domain import Link, Media, Part, Poll, Post, ValidationError
from .grammar import ORDER

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_OF_PARTS = {
    "media": ("FILE", "An image or a video: a file, or its https address; several times."),
    "alt": ("TEXT", "Describes the --media before it to those who do not see it."),
    "link": ("URL", "A link that is shown as a card."),
    "poll": ("TEXT", "What can be chosen in a poll; twice or more."),
    "poll-minutes": ("N", "How long the poll is open."),
    "quote": ("POST", "The id or address of a post to quote."),
    "then": ("TEXT", "Begins the next part of a chain, with this text."),
}
_OF_WHOLE = {
    "topic": ("TEXT", "The topic of the post."),
    "reply-to": ("POST", "The id or address of the post that it answers."),
    "language": ("CODE", "The language of the post, such as vi or pt-BR."),
    "audience": ("WHO", "Who sees it: public, unlisted, followers or mentioned."),
}


class TypedPost:
    """What was typed of a post, in its order."""

    def __init__(self, typed: Iterable[tuple[str, Any]], whole: dict[str, str | None]) -> None:
        self._typed = list(typed)
        self._whole: dict[str, Any] = {
            name: value for name, value in whole.items() if value is not None
        }

    def __bool__(self) -> bool:
        return bool(self._typed or self._whole)

    def with_text(self, text: str) -> Post | None:
        """Return the post whose first part has this text; None where nothing of one was typed.

        Raises:
            ValidationError: an option stands where it belongs to nothing.
        """
        if not self:
            return None
        parts = [_TypedPart(text)]
        for name, value in self._typed:
            if name == "then":
                parts.append(_TypedPart(value))
            else:
                parts[-1].take(name, value)
        return Post([part.made() for part in parts], **self._whole)


class _TypedPart:
    """One part, as far as it was typed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._media: list[Media] = []
        self._options: list[str] = []
        self._said: dict[str, Any] = {}

    def take(self, name: str, value: Any) -> None:
        if name == "media":
            self._media.append(Media(value))
        elif name == "poll":
            self._options.append(value)
        elif name == "alt":
            if not self._media or self._media[-1].alt:
                raise _misplaced("alt", "stands behind no --media that has none yet")
            self._media[-1] = Media(self._media[-1].source, value)
        elif name in self._said:
            raise _misplaced(name, "is there twice for one part")
        else:
            self._said[name] = value

    def made(self) -> Part:
        minutes = self._said.pop("poll-minutes", None)
        if minutes is not None and not self._options:
            raise _misplaced("poll-minutes", "is for a part with --poll")
        timed = {} if minutes is None else {"minutes": minutes}
        link = self._said.pop("link", None)
        return Part(
            self._text,
            self._media,
            None if link is None else Link(link),
            Poll(self._options, **timed) if self._options else None,
            self._said.get("quote"),
        )


def post_options(command: CommandT) -> CommandT:
    """Take what a post has besides a text; the command gets it as `typed`."""

    @wraps(command)
    def with_post(*args: Any, **given: Any) -> Any:
        said = {name: given.pop(name.replace("-", "_")) for name in (*_OF_PARTS, *_OF_WHOLE)}
        values = {name: iter(said[name]) for name in _OF_PARTS}
        order = click.get_current_context().meta.get(ORDER, ())
        typed = [(name, next(values[name])) for name in order if name in values]
        whole = {name.replace("-", "_"): said[name] for name in _OF_WHOLE}
        return command(*args, typed=TypedPost(typed, whole), **given)

    options: Any = with_post
    for name, (metavar, told) in reversed([*_OF_PARTS.items(), *_OF_WHOLE.items()]):
        kind = int if name == "poll-minutes" else str
        several = name in _OF_PARTS
        options = click.option(
            f"--{name}", metavar=metavar, help=told, multiple=several, type=kind
        )(options)
    return cast(CommandT, options)


def _misplaced(name: str, fault: str) -> ValidationError:
    return ValidationError(f"--{name} {fault}", field=name.replace("-", "_"))
