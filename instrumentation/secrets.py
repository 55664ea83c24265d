"""Texts that must not be told: tokens and passwords, kept out of logs and out of the ledger."""

from __future__ import annotations

import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import msgspec

from ..domain import ValidationError
from ..domain import commands as c
from .foreign import guarded

MIN_CHARS = 6
"""What is shorter stands in half of all texts by chance."""
HIDDEN = "***"
_CREDENTIALS = re.compile(r"(?<=://)[^/]*@|\?.*", re.DOTALL)
_QUERY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s?\"'<>]*)\?[^\s\"'<>]*")
_PASSWORD = re.compile(r"://[^/:@]*:([^/]+)@|[?&]password=([^&]+)")

_lock = threading.Lock()
_secrets: tuple[str, ...] = ()
"""The longest first, so that no part of one is left when another is within it."""


def mark_secret(value: str) -> str:
    """Mark a text as secret for the rest of this process's life, and return it.

    From then on it is replaced by `***`, also where it is quoted for an address, in whatever
    jobledger logs, in what its commands say of errors, in the errors of attempts, and in the notes
    that a publisher makes. A checkpoint with it is refused, since a changed value would mislead the
    publisher. What was recorded before stays, and texts and metadata of jobs are never changed. In
    any thread, any number of times.

    Raises:
        ValidationError: it is no text, or shorter than 6 characters.
    """
    global _secrets
    if not isinstance(value, str) or len(value) < MIN_CHARS:
        raise ValidationError(
            f"a secret must be a text of at least {MIN_CHARS} characters",
            field="value",
            hint="what is shorter would be taken out of other words, too",
        )
    with _lock:
        known = {*_secrets, value, quote(value, safe=""), quote_plus(value)}
        _secrets = tuple(sorted(known, key=len, reverse=True))
    return value


def without_credentials(location: str) -> str:
    """Return a URL without its user, its password and its options, for people to see."""
    return _CREDENTIALS.sub("", location)


def mark_credentials(location: str) -> None:
    """Mark the password in a URL as secret: whatever is opened with it may tell of it."""
    found = _PASSWORD.search(location)
    if found is not None and len(password := unquote(found[1] or found[2])) >= MIN_CHARS:
        mark_secret(password)


def without_queries(text: str) -> str:
    """Return the text with every URL in it cut off before its query: what is there may be a
    token."""
    return _QUERY.sub(r"\1", text)


def without_secrets(text: str) -> str:
    """Return the text with `***` in place of every secret."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    return text


def hide_secrets(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in every value of an event, however deep: a structlog processor.

    jobledger's own logger has it first, whatever structlog was configured with. Put it into a
    pipeline of your own to cover what your program logs. A value that is neither text nor a mapping
    or a sequence is left as it is, unless its `repr` has a secret: then that takes its place. So a
    traceback stays an `exc_info`, or becomes the text `exception` if a secret stands in it.
    """
    if _secrets:
        told = traceback_of(event.get("exc_info"))
        if told is not None and without_secrets(told) != told:
            del event["exc_info"]
            event["exception"] = told
        for key in event:
            event[key] = hidden(event[key]) if key != "exc_info" else event[key]
    return event


def traceback_of(info: Any) -> str | None:
    """Return the text of an `exc_info`, in any form that loggers take; None where there is none."""
    if isinstance(info, BaseException):
        error: BaseException | None = info
    elif isinstance(info, tuple):
        error = info[1]
    else:
        error = sys.exception() if info else None
    return None if error is None else "".join(traceback.format_exception(error)).rstrip("\n")


def hidden(value: Any) -> Any:
    """Return a value with `***` in place of every secret, however deep; itself where it has
    none."""
    if not _secrets:
        return value
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {key: hidden(inner) for key, inner in hidden_keys(value).items()}
    if isinstance(value, list | tuple):
        return [hidden(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = guarded(lambda: repr(value), "")
    clean = without_secrets(text)
    return value if clean == text else clean


def hidden_keys(values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a mapping with no secret in its keys; itself where there is none."""
    return {hidden(key): inner for key, inner in values.items()} if _secrets else values


def _tells(value: Any) -> bool:
    """Whether a secret stands in a value of JSON."""
    if isinstance(value, str):
        return without_secrets(value) != value
    if isinstance(value, Mapping):
        return any(_tells(key) or _tells(inner) for key, inner in value.items())
    return isinstance(value, list | tuple) and any(map(_tells, value))


def hide_in(command: c.OfAttempt) -> c.OfAttempt:
    """Return the command with no secret in what it records.

    Raises:
        ValidationError: a secret stands in a checkpoint.
    """
    if not _secrets:
        return command
    if isinstance(command, c.Fail | c.Interrupt | c.PutBack):
        return msgspec.structs.replace(command, error=without_secrets(command.error))
    if isinstance(command, c.Note):
        return msgspec.structs.replace(command, message=without_secrets(command.message))
    if isinstance(command, c.Checkpoint) and _tells((command.name, command.value)):
        raise ValidationError(
            "a text that is marked as secret stands in the checkpoint",
            field="value",
            hint="the log is for reading: record what identifies the step, not what opens doors",
        )
    return command
