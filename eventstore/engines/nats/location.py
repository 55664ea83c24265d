"""What a location of the form `nats://host,host,host/NAME` says."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from ....domain import ValidationError
from ....instrumentation import mark_secret, without_credentials

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_FORM = "nats://HOST,HOST,HOST/NAME"
_PORT = 4222
_OWN = (
    "sync", "monitor", "replicas", "lease", "files", "creds", "tls", "ca", "cert", "key",
)  # fmt: skip


class NatsLocation(msgspec.Struct, frozen=True):
    """A location, taken apart. `shown` is what people may see: nothing secret, and no options."""

    shown: str
    servers: tuple[str, ...]
    """`host:port` of each, as it stands there."""
    ledger: str
    user: str = ""
    password: str = ""
    token: str = ""
    creds: str = ""
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    trusted: bool = False
    """Whether it is said that the servers sync what they acknowledge."""
    monitors: tuple[str, ...] = ()
    """The monitoring addresses of the servers, at which that is seen."""
    replicas: int = 3
    lease_s: float = 15.0
    """How long a runner's lease holds; it is renewed three times as often."""
    files: str = ""
    """The directory for what is derived from the log; none without."""


def parse(location: str) -> NatsLocation:
    """Take a location apart.

    Raises:
        ValidationError: it names no ledger or no host, or has an option with a value that is none.
    """
    shown = without_credentials(location)
    parts = urlsplit(location)
    who, _, where = parts.netloc.rpartition("@")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in _OWN:
            raise _wrong(f"{name}= in the location {shown}: there is no such option", _options())
    servers = tuple(_server(host, shown) for host in where.split(","))
    user, colon, password = who.partition(":")
    cert, key = options.get("cert", ""), options.get("key", "")
    if bool(cert) != bool(key):
        raise _wrong(f"the location {shown} has only one of cert= and key=", "give both files")
    return NatsLocation(
        shown=shown,
        servers=servers,
        ledger=_ledger(parts.path, shown),
        user=unquote(user) if colon else "",
        password=_secret(unquote(password)),
        token="" if colon else _secret(unquote(who)),
        creds=options.get("creds", ""),
        tls="ca" in options or "cert" in options or _is_yes("tls", options),
        ca=options.get("ca", ""),
        cert=cert,
        key=key,
        trusted=_one_of("sync", options, ("", "trusted")) == "trusted",
        monitors=_monitors(options.get("monitor", ""), servers),
        replicas=int(_one_of("replicas", options, ("3", "5", "1"))),
        lease_s=_lease(options.get("lease", "15")),
        files=options.get("files", ""),
    )


def _server(text: str, shown: str) -> str:
    match = _HOST.fullmatch(text)
    if match is None or not 0 < int(match[2] or _PORT) < 65536:
        raise _wrong(f"the location {shown} has a host that is none: {text!r}", _FORM)
    return f"{match[1]}:{match[2] or _PORT}"


def _ledger(path: str, shown: str) -> str:
    name = unquote(path.removeprefix("/"))
    if not name:
        raise _wrong(f"the location {shown} names no ledger", _FORM)
    if not _NAME.fullmatch(name):
        raise _wrong(
            f"the name of a ledger in NATS is 1 to 64 of A-Z a-z 0-9 _ -, not {name!r}", _FORM
        )
    return name


def _monitors(text: str, servers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses to look at: those given; a port alone is that of each server."""
    found = []
    for each in filter(None, text.split(",")):
        if each.isdigit():
            found += [f"http://{server.rpartition(':')[0]}:{each}" for server in servers]
        else:
            found.append(each.rstrip("/") if each.startswith(("http://", "https://")) else
                         f"http://{each.rstrip('/')}")  # fmt: skip
    return tuple(dict.fromkeys(found))


def _lease(text: str) -> float:
    if not _SECONDS.fullmatch(text) or not 1 <= float(text) <= 600:
        raise _wrong(f"lease={text!r} in the location: it is a number of seconds from 1 to 600", "")
    return float(text)


def _one_of(name: str, options: dict[str, str], values: tuple[str, ...]) -> str:
    value = options.get(name, values[0])
    if value not in values:
        those = " or ".join(f"{name}={each}" for each in values if each)
        raise _wrong(f"{name}={value!r} in the location: there is only {those}", "")
    return value


def _is_yes(name: str, options: dict[str, str]) -> bool:
    return _one_of(name, options, ("", "yes")) == "yes"


def _secret(text: str) -> str:
    with suppress(ValidationError):  # it is too short to be looked for
        mark_secret(text)
    return text


def _options() -> str:
    return f"options are {', '.join(_OWN)}"


def _wrong(message: str, hint: str) -> ValidationError:
    return ValidationError(message, field="ledger", hint=hint or None)
