"""What the configuration file says of the publishers that ship: `[publishers.NAME]`.

No secret stands in it: a section names a file that has them, or variables of the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..domain import ValidationError

_CREDENTIALS = "CREDENTIALS_DIRECTORY"


class OfPublisher(msgspec.Struct, frozen=True, kw_only=True):
    """What all of them have: the platforms that they post to, and keys of metadata that are
    somebody's own."""

    platforms: list[str] | None = None
    ignores: list[str] = []


class ThreadsSection(OfPublisher, frozen=True, kw_only=True):
    """`[publishers.threads]`: the settings of a ThreadsPublisher."""

    tokens_file: str | None = None
    tokens_env: dict[str, str] = {}
    user_ids: dict[str, str] = {}
    media_url: str | None = None
    ready_s: float | None = None
    base_url: str | None = None


class BlueskySection(OfPublisher, frozen=True, kw_only=True):
    """`[publishers.bluesky]`: the settings of a BlueskyPublisher."""

    passwords_file: str | None = None
    passwords_env: dict[str, str] = {}
    handles: dict[str, str] = {}
    base_url: str | None = None


class MastodonSection(OfPublisher, frozen=True, kw_only=True):
    """`[publishers.mastodon]`: the settings of a MastodonPublisher."""

    instance: str | dict[str, str]
    tokens_file: str | None = None
    tokens_env: dict[str, str] = {}
    ready_s: float | None = None


class WebhookSection(OfPublisher, frozen=True, kw_only=True):
    """`[publishers.webhook]`: the settings of a WebhookPublisher."""

    url: str | None = None
    url_env: str | None = None
    secret_file: str | None = None
    secret_env: str | None = None
    status_url: str | None = None
    idempotent: bool | None = None
    body: str | None = None


SECTIONS: Mapping[str, type[OfPublisher]] = {
    "threads": ThreadsSection,
    "bluesky": BlueskySection,
    "mastodon": MastodonSection,
    "webhook": WebhookSection,
}
"""By the names that `run --publisher` and the file know them by."""

HIDDEN = ("url", "status_url")
"""Addresses that may have a secret in them."""


def file_of(text: str, seen_from: Path, field: str) -> Path:
    """Return the file of secrets that is meant: `$CREDENTIALS_DIRECTORY/NAME`, of a service of
    systemd, or a path as seen from the configuration file.

    Raises:
        ValidationError: there is no such directory.
    """
    begin = f"${_CREDENTIALS}/"
    if text.startswith(begin):
        directory = os.environ.get(_CREDENTIALS)
        if not directory:
            raise ValidationError(
                f"{field} is in ${_CREDENTIALS}, which is not set",
                field=field,
                hint="systemd sets it for a service that has LoadCredential=",
            )
        return Path(directory, text.removeprefix(begin))
    return seen_from / Path(text).expanduser()
