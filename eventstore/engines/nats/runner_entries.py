"""The entries of a ledger's runners in a KV bucket: one each, set by comparing its revision."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from ....domain import LedgerCorruptError, StorageError
from .jetstream import JetStream, RefusedError, StoredMessage
from .location import NatsLocation
from .messages import token

_KEPT_S = 3 * 3600
"""For how long an entry stays that has ended: the servers take it away."""


class RunnerEntry(msgspec.Struct, frozen=True):
    """What stands there of a runner."""

    runner: str
    ledger: str
    state: Literal["alive", "ending", "ended"]
    lease_s: float
    started_at: datetime
    ended_by: str | None = None


class SeenEntry(NamedTuple):
    """An entry as it was seen: its revision, and when that was written by the servers' clock."""

    revision: int
    entry: RunnerEntry
    at: datetime | None


class RunnerEntries:
    """The entries of one ledger, over a connection of their own."""

    def __init__(self, location: NatsLocation, ledger_id: str) -> None:
        self._at = location
        self.ledger_id = ledger_id
        self._streams = JetStream(location)
        bucket = f"jobledger-{location.ledger}-runners"
        self._stream, self._root = f"KV_{bucket}", f"$KV.{bucket}"

    def make(self) -> None:
        """Make the bucket, unless it is there.

        Raises:
            StorageError: it cannot be made.
        """
        self._streams.connection.connect()
        config = {
            "name": self._stream,
            "subjects": [f"{self._root}.>"],
            "description": "who runs the jobs of a ledger of jobledger",
            "storage": "file",
            "num_replicas": self._at.replicas,
            "discard": "new",
            "max_msgs_per_subject": 1,
            "allow_direct": True,
            "allow_rollup_hdrs": True,
            "deny_delete": True,
            "allow_msg_ttl": True,
        }
        try:
            self._streams.create(config)
        except RefusedError as error:
            raise StorageError(
                f"cannot keep the runners of {self._at.shown}: {error}", path=self._at.shown
            ) from error

    def are_there(self) -> bool:
        """Say whether there is a bucket."""
        return self._streams.info(self._stream) is not None

    def all(self) -> list[SeenEntry]:
        """Return all, as any of the servers has them by now."""
        stored = self._streams.last_of_each(self._stream, f"{self._root}.>")
        decoded = [seen for one in stored if (seen := self._decoded(one)) is not None]
        return [seen for seen in decoded if seen.entry.ledger == self.ledger_id]

    def one(self, runner: str) -> SeenEntry | None:
        """Return that of a runner, as the leader has it; None: there is none."""
        stored = self._streams.last(self._stream, self._subject(runner))
        return None if stored is None else self._decoded(stored)

    def put(self, entry: RunnerEntry, revision: int, *, for_s: float | None = None) -> int:
        """Write an entry if its last revision is this one (0: there is none); return the new one.

        Raises: as `JetStream.publish`.
        """
        headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        if entry.state == "ended":
            headers["Nats-TTL"] = f"{_KEPT_S}s"
        data = msgspec.json.encode(entry)
        return self._streams.publish(self._subject(entry.runner), data, headers, for_s=for_s)

    def close(self) -> None:
        """Close the connection."""
        self._streams.close()

    def _decoded(self, stored: StoredMessage) -> SeenEntry | None:
        if not stored.data:
            return None  # somebody has deleted it
        try:
            entry = msgspec.json.decode(stored.data, type=RunnerEntry)
            stamp = stored.headers.get("Nats-Time-Stamp")
            at = None if stamp is None else time_of(stamp)
        except msgspec.MsgspecError as error:
            raise LedgerCorruptError(
                f"{self._at.shown}: {stored.subject} says nothing of a runner: {error}",
                path=self._at.shown,
                kind="form",
            ) from None
        return SeenEntry(stored.number, entry, at)

    def _subject(self, runner: str) -> str:
        return f"{self._root}.{token(runner)}"


def time_of(stamp: str) -> datetime:
    """Return a time that the servers have told, to the microsecond: they have nanoseconds.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    seconds, point, rest = stamp.rstrip("Z").partition(".")
    return msgspec.convert(f"{seconds}{point}{rest[:6]}Z", datetime)
