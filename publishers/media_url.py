"""Addresses from which a platform fetches the files that a ledger keeps: filled in a template."""

from __future__ import annotations

from string import Formatter
from urllib.parse import urlsplit

from ..domain import MediaFile, ValidationError

_FIELDS = {"sha256", "ext", "ab"}
_ENDINGS = {"jpeg": "jpg"}


def check_media_url(template: str) -> str:
    """Return a template such as `https://cdn.example.com/{sha256}.{ext}`; `{ab}` are the first two
    digits of the hash, as in the ledger's own directory.

    Raises:
        ValidationError: it gives no http(s) address, or not one for each file.
    """
    try:
        names = [name for _, name, form, how in Formatter().parse(template) if name is not None]
        is_plain = all(not form and not how for _, _, form, how in Formatter().parse(template))
    except (ValueError, TypeError):
        raise _refused("is no template", template) from None
    if not set(names) <= _FIELDS or not is_plain:
        raise _refused("has other places than {sha256}, {ext} and {ab}", template)
    if "sha256" not in names:
        raise _refused("has no {sha256}", template)
    try:
        address = urlsplit(template.format(sha256="0", ext="0", ab="0"))
        is_address = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:
        is_address = False
    if not is_address or any(char.isspace() for char in template):
        raise _refused("is no http(s) address", template)
    return template


def media_url(template: str, file: MediaFile) -> str:
    """Return the address of a file, by a template that was checked."""
    ending = _ENDINGS.get(file.kind, file.kind)
    return template.format(sha256=file.sha256, ext=ending, ab=file.sha256[:2])


def _refused(said: str, template: object) -> ValidationError:
    return ValidationError(
        f"media_url {said}: {template!r:.200}",
        field="media_url",
        hint="such as https://cdn.example.com/{sha256}.{ext}",
    )
