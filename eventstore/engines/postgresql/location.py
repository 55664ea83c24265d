"""What a location of the form `postgresql://…/DB?ledger=NAME` says."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from ....domain import ValidationError
from ....instrumentation import without_credentials

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_OWN = ("ledger", "schema", "require", "lease", "files")
_KEPT_ALIVE = {
    "application_name": "jobledger",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "target_session_attrs": "read-write",
}
"""Options of libpq that are ours unless the location has them: a server that went away is noticed
within half a minute, and of several hosts the one is taken that can be written to."""


class PostgresLocation(msgspec.Struct, frozen=True):
    """A location, taken apart. `conninfo` is what libpq gets, `shown` what people may see."""

    conninfo: str
    shown: str
    ledger: str
    schema: str
    require: Literal["", "sync"]
    lease_s: float = 15.0
    """How long a runner's lease holds; it is renewed three times as often."""
    files: str = ""
    """The directory for what is derived from the log; none without."""


def parse(location: str) -> PostgresLocation:
    """Take a location apart.

    Raises:
        ValidationError: it names no ledger, or has an option of ours with a value that is none.
    """
    parts = urlsplit(location)
    options = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in options if name in _OWN}
    shown = without_credentials(location)
    ledger = own.get("ledger", "")
    if not _NAME.fullmatch(ledger):
        raise ValidationError(
            f"the location {shown} names no ledger"
            if not ledger
            else f"the name of a ledger is 1 to 64 of A-Z a-z 0-9 . _ -, not {ledger!r}",
            field="ledger",
            hint="postgresql://HOST/DATABASE?ledger=NAME",
        )
    schema = own.get("schema", "jobledger")
    if not _SCHEMA.fullmatch(schema):
        raise ValidationError(
            f"schema={schema!r} in the location: a schema is named by a-z, 0-9 and _, and does not"
            " begin with a digit",
            field="ledger",
        )
    require = own.get("require", "")
    if require not in ("", "sync"):
        raise ValidationError(
            f"require={require!r} in the location: there is only require=sync", field="ledger"
        )
    lease = own.get("lease", "15")
    if not _SECONDS.fullmatch(lease) or not 1 <= float(lease) <= 600:
        raise ValidationError(
            f"lease={lease!r} in the location: it is a number of seconds from 1 to 600",
            field="ledger",
        )
    theirs = dict([*_KEPT_ALIVE.items(), *(each for each in options if each[0] not in _OWN)])
    return PostgresLocation(
        conninfo=urlunsplit(parts._replace(query=urlencode(theirs, quote_via=quote))),
        shown=f"{shown}?ledger={ledger}",
        ledger=ledger,
        schema=schema,
        require="sync" if require else "",
        lease_s=float(lease),
        files=own.get("files", ""),
    )
