"""The time zone that this machine's clocks show, for a ledger that is made here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ..domain import ValidationError
from ..eventstore import have_same_rules
from ..ledger import load_zone

_LOCALTIME = Path("/etc/localtime")
_TIMEZONE = Path("/etc/timezone")
_DATA = "/zoneinfo/"
_VARIANTS = ("posix/", "right/")
"""The same zones once more, as some systems have them."""


def machine_zone(
    environment: Mapping[str, str] = os.environ,
    localtime: Path = _LOCALTIME,
    timezone: Path = _TIMEZONE,
) -> str:
    """Return the IANA name of the machine's zone; UTC where it has none that is known.

    Taken from `TZ` where that is set, else from where `/etc/localtime` points to, else from
    `/etc/timezone`.
    """
    if "TZ" in environment:
        named = iter([environment["TZ"].removeprefix(":")])
    else:
        named = _named_by_files(localtime, timezone)
    for text in named:
        with suppress(ValidationError):
            zone = load_zone(_name_in(text)).key
            return "UTC" if have_same_rules(zone, "UTC") else zone
    return "UTC"


def _named_by_files(localtime: Path, timezone: Path) -> Iterator[str]:
    with suppress(OSError):  # a copy of the zone's file, or none
        yield str(localtime.readlink())
    with suppress(OSError, ValueError):
        yield timezone.read_text().strip()


def _name_in(text: str) -> str:
    """Return the zone's name in the path of its file; any other text as it is."""
    name = text.rpartition(_DATA)[2]
    for variant in _VARIANTS:
        name = name.removeprefix(variant)
    return name
