"""One chain of a ledger in NATS that has several: how many there are, and which ids are its own.

The stream of the location's name has no lines then. It says how many chains there are, which
whoever makes it decides for all, and has one message for each id: which chain it is of. Each chain
is a stream of its own beside it, with runners and turns of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from ....domain import StorageError
from ...shards import Shard, check_same
from .connecting import (
    SHARDS,
    NewStream,
    OpenedStream,
    check_stream,
    find_stream,
    open_ledger,
    shards_of,
)
from .connection import UnansweredError
from .engine import NatsEngine, NatsEngineWithFiles
from .jetstream import READ_S, WRONG_LAST, JetStream, RefusedError
from .location import NatsLocation
from .messages import names_of
from .pause import pause

if TYPE_CHECKING:
    from ..registry import EngineOptions

_SET = "jobledger.set"
_AT_ONCE = 64
_AGAIN_S = 0.2


class _Claim(msgspec.Struct):
    """The body of a message: the id, and the number of the chain that has it."""

    key: str
    shard: int


class StreamClaims:
    """The ids of one chain. That an id is there at most once is compared by the servers: a message
    is taken if there is none of its subject."""

    def __init__(
        self, streams: JetStream, location: NatsLocation, set_id: str, shard: Shard
    ) -> None:
        self._streams = streams
        self._at = location
        names = names_of(location, set_id)
        self._stream = names.stream
        self._root = names.everything.removesuffix(">") + "claims"
        self._shard = shard

    def claim(self, keys: Sequence[str]) -> list[str]:
        """Note that these ids are this chain's; return those that another has (see
        `shards.ClaimsJobs`). Asked again after a lost answer it comes to the same."""
        others: list[str] = []
        for some in _some(sorted(set(keys))):
            others += self._claim(some)
        return others

    def _claim(self, keys: list[str]) -> list[str]:
        """Send the claims until each has a definite answer."""
        deadline = monotonic() + READ_S
        while True:
            try:
                outcomes = self._streams.publish_each([self._message(key) for key in keys])
                refused = [
                    (key, outcome)
                    for key, outcome in zip(keys, outcomes, strict=True)
                    if isinstance(outcome, RefusedError)
                ]
                unclear = [error for _, error in refused if error.code not in WRONG_LAST]
                if not unclear:
                    return [key for key, _ in refused if self._has_another(key)]
                told: Exception = unclear[0]
                is_passing = all(error.is_passing for error in unclear)
            except UnansweredError as error:
                told, is_passing = error, True
            if not is_passing or monotonic() > deadline:
                raise StorageError(
                    f"cannot write to {self._at.shown}: {told}", path=self._at.shown
                ) from told
            pause(_AGAIN_S)

    def _message(self, key: str) -> tuple[str, bytes, dict[str, str]]:
        expected = {"Nats-Expected-Stream": self._stream}
        expected["Nats-Expected-Last-Subject-Sequence"] = "0"  # rule: nats-first-claim-counts
        return self._subject(key), msgspec.json.encode(_Claim(key, self._shard.number)), expected

    def _subject(self, key: str) -> str:
        return f"{self._root}.{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"

    def _has_another(self, key: str) -> bool:
        """Say whether another chain has an id that one has."""
        stored = self._streams.last(self._stream, self._subject(key))
        try:
            return msgspec.json.decode(stored.data if stored else b"", type=_Claim) != _Claim(
                key, self._shard.number
            )
        except msgspec.MsgspecError as error:
            raise StorageError(
                f"{self._at.shown}: what the stream {self._stream} has of {key!r} cannot be read:"
                f" {error}",
                path=self._at.shown,
            ) from error


class NatsShard(NatsEngine):
    """One handle on one chain."""

    def __init__(
        self,
        location: NatsLocation,
        options: EngineOptions,
        streams: JetStream,
        opened: OpenedStream,
        claims: StreamClaims,
        shard: Shard,
    ) -> None:
        super().__init__(location, options, streams, opened)
        self.shard = shard
        self.claim = claims.claim


class NatsShardWithFiles(NatsShard, NatsEngineWithFiles):
    """One that has a directory on this machine, one of several in that of the location."""


def open_shard(
    location: NatsLocation, options: EngineOptions, streams: JetStream, asked: Shard
) -> NatsShard:
    """Open a handle on one chain of a location; what is not there yet is made, unless the handle
    only reads.

    Raises:
        StorageError: as `open_ledger`, or there are as many chains as nobody asks for.
    """
    set_id = str(uuid4())
    wanted = NewStream(
        set_id,
        {SHARDS: str(asked.of), _SET: set_id},
        "which chain of a ledger of jobledger has which job: it is only ever appended to",
    )
    is_read = options.read_only or asked.of is None
    info = find_stream(streams, location, None if is_read else wanted)
    check_same(asked, shards_of(info), location.shown)
    remarks = check_stream(info, streams, location)
    shard = Shard(asked.number, shards_of(info))
    claims = StreamClaims(streams, location, info.config["metadata"][_SET], shard)
    chain = msgspec.structs.replace(
        location,
        ledger=f"{location.ledger}={shard.number}",  # as no ledger is called
        shown=f"{location.shown}?shard={shard.number}",
        files=location.files and f"{location.files}/shard-{shard.number}",
    )
    opened = open_ledger(streams, chain, options)
    opened = opened._replace(remarks=tuple(dict.fromkeys((*remarks, *opened.remarks))))
    kind = NatsShardWithFiles if location.files else NatsShard
    return kind(chain, options, streams, opened, claims, shard)


def _some(keys: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
