"""The publishers that ship, made of what the configuration file says of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..domain import ValidationError
from .files import naming
from .loading import load_object
from .publisher_sections import (
    SECTIONS,
    BlueskySection,
    MastodonSection,
    OfPublisher,
    ThreadsSection,
    WebhookSection,
    file_of,
)

if TYPE_CHECKING:
    from .configuration import Configuration

Source = Callable[[str], str]


def load_publisher(name: str, file: Configuration | None) -> Any:
    """Return the publisher of that name: one that ships, or `module:object`.

    Raises:
        ValidationError: there is none, or a setting of it is not acceptable.
        ImportError: it needs what is not installed.
    """
    kind = SECTIONS.get(name)
    if kind is None:
        if ":" in name:
            return load_object(name, "publisher")
        raise ValidationError(
            f"publisher {name!r:.80} is none that ships, and not of the form module:object",
            field="publisher",
            hint=f"there are {', '.join(SECTIONS)}",
        )
    section = None if file is None else file.publishers.get(name)
    if section is not None:
        assert file is not None
        with naming(file.place("publishers", name)):
            return _make(section, file.path.parent.resolve())
    try:
        empty = msgspec.convert({}, kind)
    except msgspec.ValidationError:
        empty = None
    if empty is None or name == "webhook":
        raise ValidationError(
            f"publisher {name} needs settings: a section [publishers.{name}] of jobledger.toml",
            field="publisher",
            hint="docs/configuration.md says what can be in it",
        )
    return _make(empty, Path())


def token_expiries(file: Configuration | None) -> Mapping[str, datetime]:
    """Return when tokens end, by account, as far as the file leads to whoever knows it.

    Raises:
        ValidationError: it leads to what cannot be read.
    """
    section = None if file is None else file.publishers.get("threads")
    if file is None or not isinstance(section, ThreadsSection) or section.tokens_file is None:
        return {}
    try:
        from ..publishers import ThreadsTokens
    except ImportError:
        return {}
    path = file_of(section.tokens_file, file.path.parent.resolve(), "tokens_file")
    return ThreadsTokens(path).token_expiries()


def _make(section: OfPublisher, seen_from: Path) -> Any:
    if isinstance(section, ThreadsSection):
        return _threads(section, seen_from)
    if isinstance(section, BlueskySection):
        return _bluesky(section, seen_from)
    if isinstance(section, MastodonSection):
        return _mastodon(section, seen_from)
    assert isinstance(section, WebhookSection)
    return _webhook(section, seen_from)


def _threads(said: ThreadsSection, seen_from: Path) -> Any:
    from ..publishers import ThreadsPublisher, ThreadsTokens

    _one_of(said, "tokens_file", "tokens_env")
    tokens: Any = _from_environment(said.tokens_env, "token")
    if said.tokens_file is not None:
        tokens = ThreadsTokens(file_of(said.tokens_file, seen_from, "tokens_file"))
    named = _given(said, "base_url", "ready_s", "media_url")
    return ThreadsPublisher(tokens, user_ids=said.user_ids, **named)


def _bluesky(said: BlueskySection, seen_from: Path) -> Any:
    from ..publishers import BlueskyPublisher

    _one_of(said, "passwords_file", "passwords_env")
    passwords = _secrets(said.passwords_file, said.passwords_env, seen_from, "password")
    return BlueskyPublisher(passwords, handles=said.handles or None, **_given(said, "base_url"))


def _mastodon(said: MastodonSection, seen_from: Path) -> Any:
    from ..publishers import MastodonPublisher

    _one_of(said, "tokens_file", "tokens_env")
    tokens = _secrets(said.tokens_file, said.tokens_env, seen_from, "token")
    return MastodonPublisher(said.instance, tokens, **_given(said, "ready_s"))


def _webhook(said: WebhookSection, seen_from: Path) -> Any:
    from ..publishers import WebhookPublisher, read_secret

    _one_of(said, "url", "url_env")
    _one_of(said, "secret_file", "secret_env")
    url = said.url if said.url_env is None else _variable(said.url_env, "url_env")
    if url is None:
        raise ValidationError("url is missing", field="url", hint="or name a variable: url_env")
    secret = None if said.secret_env is None else _variable(said.secret_env, "secret_env")
    if said.secret_file is not None:
        secret = read_secret(file_of(said.secret_file, seen_from, "secret_file"))
    named = _given(said, "status_url", "idempotent", "body")
    return WebhookPublisher(url, secret=secret, **named)


def _given(said: OfPublisher, *names: str) -> dict[str, Any]:
    """Return what is said, by the names of arguments; what is not said is as it is usually."""
    found = {name: getattr(said, name) for name in (*names, "platforms", "ignores")}
    return {name: value for name, value in found.items() if value is not None}


def _one_of(said: OfPublisher, one: str, other: str) -> None:
    if getattr(said, one) and getattr(said, other):
        raise ValidationError(f"{one} and {other} exclude each other", field=one)


def _secrets(file: str | None, env: Mapping[str, str], seen_from: Path, what: str) -> Source | None:
    from ..publishers import SecretFile

    if file is None:
        return _from_environment(env, what)
    return SecretFile(file_of(file, seen_from, f"{what}s_file"), what)


def _from_environment(names: Mapping[str, str], what: str) -> Source | None:
    """Return what gives secrets from the variables that are named; None: none is, so that the usual
    ones count."""
    from ..publishers import SecretVariables

    return SecretVariables(names, what) if names else None


def _variable(name: str, field: str) -> str:
    found = os.environ.get(name)
    if not found:
        raise ValidationError(f"{field}: {name} is not set", field=field)
    return found
