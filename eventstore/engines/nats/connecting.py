"""Opening a ledger in a stream: whether the servers keep what they say, the stream, the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from ....domain import LedgerCorruptError, StorageError
from ....instrumentation import without_credentials
from ...port import Identity
from ...shards import check_same
from .jetstream import JetStream, RefusedError, StreamInfo
from .location import NatsLocation
from .messages import names_of, stream_of

if TYPE_CHECKING:
    from ..registry import EngineOptions

WANTED_PAYLOAD = 2 * 1024 * 1024
_MONITOR_S = 3.0
_ID, _ZONE, _FORMAT = "jobledger.ledger", "jobledger.timezone", "jobledger.format"
SHARDS = "jobledger.shards"
_KEPT = {
    "retention": "limits",
    "storage": "file",
    "discard": "new",
    "max_msgs": -1,
    "max_bytes": -1,
    "max_age": 0,
    "max_msgs_per_subject": -1,
    "max_msg_size": -1,
    "deny_delete": True,
    "deny_purge": True,
    "allow_direct": True,
}
"""What a stream has to have, so that it is only ever appended to, and takes every write or none."""
_NOT_HAD = {
    "sealed": False,
    "allow_rollup_hdrs": False,
    "allow_msg_ttl": False,
    "no_ack": False,
    "persist_mode": "default",
    "mirror": None,
    "sources": None,
    "subject_transform": None,
}
"""What it must not have; the value is that of a stream in which it does not stand."""


class NewStream(NamedTuple):
    """A stream that is to be made: the id that is in its subjects, and what it says of itself."""

    id: str
    metadata: dict[str, str]
    description: str


class OpenedStream(NamedTuple):
    """A ledger in a stream."""

    identity: Identity
    remarks: tuple[str, ...]
    created: str
    """When the stream was made: another time, another stream."""


def open_ledger(streams: JetStream, location: NatsLocation, options: EngineOptions) -> OpenedStream:
    """Find the ledger; it is made unless it is only read.

    Raises:
        StorageError: no server can be reached, there is no such ledger, it has several chains, or
            they would lose what they have acknowledged.
    """
    made = options.adopt or Identity(str(uuid4()), options.timezone or "UTC")
    wanted = NewStream(
        made.ledger_id,
        {_ID: made.ledger_id, _ZONE: made.timezone, _FORMAT: "1"},
        "a ledger of jobledger: it is only ever appended to",
    )
    info = find_stream(streams, location, None if options.read_only else wanted)
    check_same(None, shards_of(info), location.shown)
    identity = identity_of(info, location)
    return OpenedStream(identity, check_stream(info, streams, location), info.created)


def find_stream(streams: JetStream, location: NatsLocation, wanted: NewStream | None) -> StreamInfo:
    """Return the stream of a location's name, which may be anything; it is made where there is
    none and one is `wanted`.

    Raises:
        StorageError: no server can be reached, there is none, or none can be made.
    """
    streams.connection.connect()
    info = _info(streams, location)
    if info is None and wanted is not None:
        _make(streams, location, wanted)
        info = _info(streams, location)  # of two who make it at once, one has
    if info is None:
        raise StorageError(
            f"there is no ledger {location.shown}", path=location.shown, remedy="make_ledger"
        )
    return info


def check_stream(info: StreamInfo, streams: JetStream, location: NatsLocation) -> tuple[str, ...]:
    """Check that a stream and its servers are such that nothing of it is lost; return what should
    be known of them.

    Raises:
        StorageError: they are not.
    """
    _check_config(info, location)
    remarks = _check_sync(info, location)
    if location.replicas < 3:
        remarks.append("its stream has one replica: what that server loses is lost")
    if streams.connection.max_payload < WANTED_PAYLOAD:
        remarks.append(
            f"max_payload of the servers is {streams.connection.max_payload} bytes: a write of more"
            " is refused, and 8MB is a good value"
        )
    return tuple(remarks)


def shards_of(info: StreamInfo) -> int:
    """Return how many chains a name has whose stream this is; 1: it is a ledger without shards."""
    said = (info.config.get("metadata") or {}).get(SHARDS, "")
    return int(said) if said.isdigit() else 1


def identity_of(info: StreamInfo, location: NatsLocation) -> Identity:
    """Return which ledger a stream is.

    Raises:
        LedgerCorruptError: it is none.
    """
    metadata = info.config.get("metadata") or {}
    ledger_id = metadata.get(_ID)
    if not ledger_id:
        raise LedgerCorruptError(
            f"{location.shown}: the stream {stream_of(location)} is no ledger",
            path=location.shown,
            kind="form",
        )
    if metadata.get(_FORMAT) != "1":
        raise StorageError(
            f"the stream of {location.shown} is in a format that this release does not know",
            path=location.shown,
            remedy="upgrade",
        )
    return Identity(ledger_id, metadata.get(_ZONE) or "UTC")


def _info(streams: JetStream, location: NatsLocation) -> StreamInfo | None:
    try:
        return streams.info(stream_of(location))
    except StorageError as error:
        error.advice = error.advice or "is JetStream on, and have its servers a leader?"
        raise


def _make(streams: JetStream, location: NatsLocation, wanted: NewStream) -> None:
    config: dict[str, Any] = {
        "name": stream_of(location),
        "subjects": [names_of(location, wanted.id).everything],
        "description": wanted.description,
        "num_replicas": location.replicas,
        "max_consumers": -1,
        "metadata": wanted.metadata,
        **_KEPT,
    }
    try:
        streams.create(config)
    except RefusedError as error:
        raise _unfit(
            location,
            f"no stream with {location.replicas} replicas can be made: {error.description}",
            "three servers with JetStream in a cluster, or replicas=1 in the location, which"
            " says that one is enough",
        ) from error


def _check_config(info: StreamInfo, location: NatsLocation) -> None:
    """Check that a stream is one that is only ever appended to."""
    for name, value in (_KEPT | _NOT_HAD).items():
        found = info.config.get(name, _NOT_HAD.get(name))
        if found != value:
            raise _unfit(
                location,
                f"its stream has {name}={json.dumps(found)}",
                f"{name}={json.dumps(value)}",
            )
    replicas = info.config.get("num_replicas", 1)
    if replicas < location.replicas:
        raise _unfit(
            location,
            f"its stream has {replicas} of {location.replicas} replicas",
            "num_replicas=3, or replicas=1 in the location, which says that one is enough",
        )


def _check_sync(info: StreamInfo, location: NatsLocation) -> list[str]:
    """Check that the servers sync what they acknowledge; return what should be known of it."""
    if location.monitors:
        return _check_seen(info, location)
    if location.trusted:
        return ["it is trusted that its servers sync always (sync=trusted): nobody has looked"]
    raise _unfit(
        location,
        "whether its servers sync what they acknowledge is not known, and by themselves they do"
        " so every two minutes",
        "jetstream { sync_interval: always } in the configuration of each server, and the location"
        " has to say how that is known: monitor=8222 (the port of their monitoring), or"
        " sync=trusted",
    )


def _check_seen(info: StreamInfo, location: NatsLocation) -> list[str]:
    """Check what the servers show of themselves. One that is down shows nothing and acknowledges
    nothing: a majority has to be seen, and the others are told of."""
    faults: list[StorageError] = []
    seen: set[str] = set()
    for monitor in location.monitors:
        try:
            shown = _look(monitor, location)
        except StorageError as fault:
            faults.append(fault)
            continue
        name = str(shown.get("server_name"))
        config = (shown.get("jetstream") or {}).get("config") or {}
        if name not in info.servers:
            continue
        if not config.get("sync_always"):
            raise _unfit(
                location,
                f"{name} acknowledges what is not on disk yet",
                "jetstream { sync_interval: always } in the configuration of each server",
            )
        seen.add(name)
    unseen = sorted(set(info.servers) - seen)
    if 2 * len(seen) > len(info.servers):
        return [f"whether {name} syncs always is not known: it was not seen" for name in unseen]
    if faults:
        raise faults[0]
    raise _unfit(
        location,
        f"monitor= shows nothing of {', '.join(unseen)}",
        "the monitoring address of each server that has a replica",
    )


def _look(monitor: str, location: NatsLocation) -> dict[str, Any]:
    """Return what a server tells of itself."""
    try:
        with urlopen(f"{monitor}/varz", timeout=_MONITOR_S) as answer:
            found = json.load(answer)
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _unfit(
            location,
            f"monitor={without_credentials(monitor)} cannot be looked at: {reason}",
            "its address and port",
        ) from error
    return found if isinstance(found, dict) else {}


def _unfit(location: NatsLocation, why: str, needs: str) -> StorageError:
    return StorageError(
        f"the servers of {location.shown} are none to keep a ledger: {why}",
        path=location.shown,
        hint=f"needs {needs}",
    )
