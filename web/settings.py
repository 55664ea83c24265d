"""What a dashboard is started with."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from .. import ValidationError

MAX_BODY_BYTES = 1_000_000
"""A request with more is refused before it is read."""
MAX_FILE_BYTES = 2_000_000
"""A file that is imported from a page has at most so many."""
MAX_UPLOAD_BYTES = 3_000_000
"""The form that carries it: the file once, or as text where it was looked at before."""
MAX_MEDIA_BYTES = 17_000_000
"""The form of a post with the files that are sent with it: 16 MB, and what is around them."""
MAX_STRANGER_BYTES = 16_384
"""And so is one with more of whoever has not signed in."""
SESSION_HOURS = 12
"""So long after its last request a session ends."""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pages are, who may see them, and what they may do.

    `allowed_hosts` are further names under which it may be asked for, beside `host` and those of
    loopback. `users` is a file of names, roles and hashes; without one, whoever has the token is
    the operator. `token` is for programs, and for a person without a users file; `metrics_token`
    opens `/metrics`, and nothing else.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    allowed_hosts: tuple[str, ...] = ()
    behind_tls: bool = False
    users: Path | None = None
    token: str | None = None
    metrics_token: str | None = None
    operator: str = "web:local"
    """Who is recorded as having done what is done with the token."""
    token_expiries: Callable[[], Mapping[str, datetime]] = dict
    """Gives when the tokens of accounts end, aware and in UTC, as far as that is known here."""

    def check(self) -> None:
        """Check that it is safe to serve with these.

        Raises:
            ValidationError: it is not; the message says why.
        """
        if is_loopback(self.host):
            return
        if self.users is None or not self.behind_tls:
            raise ValidationError(
                f"{self.host} can be reached from other machines",
                field="host",
                hint="that needs a users file, and a proxy in front of it that speaks TLS",
            )

    def on_port(self, port: int) -> WebSettings:
        """Return the same on the port that the system chose."""
        return msgspec.structs.replace(self, port=port)

    @property
    def origin(self) -> str:
        """The address that a browser on this machine uses."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Say whether nobody but this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
