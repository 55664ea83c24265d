"""The few requests to JetStream that the engine makes, over one connection."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

import msgspec
from nats import errors

from ....domain import StorageError
from .connection import NatsAnswer, NatsConnection, UnansweredError
from .location import NatsLocation
from .pause import pause

T = TypeVar("T")

ANSWER_S = 5.0
"""For how long one answer is waited for."""
READ_S = 12.0
"""For how long something is asked again: the servers choose another leader within some ten
seconds."""
_NOT_FOUND = (10037, 10059)
WRONG_LAST = (10071, 10164)
_AGAIN_S = 0.2


class RefusedError(Exception):
    """The servers have refused a request; `code` is NATS's own number for why."""

    def __init__(self, code: int, status: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.status = status
        self.description = description

    @property
    def is_passing(self) -> bool:
        """Say whether the same request may be taken in a moment."""
        return self.status in (429, 503)


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Refusal(msgspec.Struct):
    error: _Error | None = None


class _Message(msgspec.Struct):
    seq: int
    subject: str
    hdrs: str = ""
    data: str = ""


class _Got(msgspec.Struct):
    message: _Message


class _Acknowledged(msgspec.Struct):
    seq: int = 0


class _State(msgspec.Struct):
    last_seq: int = 0


class _Peer(msgspec.Struct):
    name: str = ""


class _Cluster(msgspec.Struct):
    leader: str = ""
    replicas: list[_Peer] = []


class StreamInfo(msgspec.Struct):
    """A stream as the servers describe it."""

    config: dict[str, Any]
    state: _State = msgspec.field(default_factory=_State)
    created: str = ""
    ts: str = ""
    """What time it is, by the clock of the server that leads it."""
    cluster: _Cluster = msgspec.field(default_factory=_Cluster)

    @property
    def servers(self) -> list[str]:
        """Return the names of the servers that keep it."""
        return sorted({self.cluster.leader, *(peer.name for peer in self.cluster.replicas)} - {""})

    @property
    def last_number(self) -> int:
        """Return the number of its newest message."""
        return self.state.last_seq


class StoredMessage(msgspec.Struct, frozen=True):
    """A message of a stream: its number there, what it was sent to, its headers and its bytes."""

    number: int
    subject: str
    headers: dict[str, str]
    data: bytes


class JetStream:
    """What is asked of the servers; for any thread."""

    def __init__(self, location: NatsLocation) -> None:
        self._location = location
        self.connection = NatsConnection(location)

    # -- streams -------------------------------------------------------------------------------

    def info(self, stream: str) -> StreamInfo | None:
        """Return what a stream is; None: there is none."""
        return self._read(f"$JS.API.STREAM.INFO.{stream}", b"", StreamInfo)

    def create(self, config: dict[str, Any]) -> None:
        """Make a stream, unless there is one of its name already.

        Raises:
            RefusedError: it cannot be made.
            StorageError: no server answers.
        """
        body = msgspec.json.encode(config)
        try:
            self._again(f"$JS.API.STREAM.CREATE.{config['name']}", body)
        except RefusedError as error:
            if error.code != 10058:  # there is one, and it is another one
                raise

    # -- reading -------------------------------------------------------------------------------

    def last(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message of a subject, as the leader has it; None: there is none."""
        return self._message(stream, {"last_by_subj": subject})

    def get(self, stream: str, number: int) -> StoredMessage | None:
        """Return the message of a number, as the leader has it; None: there is none."""
        return self._message(stream, {"seq": number})

    def from_number(
        self, stream: str, number: int, *, count: int, size: int, subject: str = ""
    ) -> list[StoredMessage]:
        """Return messages from a number on, in order, as any of the servers has them by now: one
        at least where there is one, and some `size` bytes at most."""
        asked: dict[str, object] = {"seq": number, "batch": count, "max_bytes": size}
        if subject:
            asked["next_by_subj"] = subject
        return self._many(stream, asked)

    def last_of_each(self, stream: str, subject: str) -> list[StoredMessage]:
        """Return the newest message of each subject, as any of the servers has them by now."""
        return self._many(stream, {"multi_last": [subject], "batch": 1000})

    def _many(self, stream: str, asked: dict[str, object]) -> list[StoredMessage]:
        subject, body = f"$JS.API.DIRECT.GET.{stream}", msgspec.json.encode(asked)

        def ask() -> list[StoredMessage]:
            answers = self.connection.request_many(subject, body, for_s=ANSWER_S)
            status = answers.pop().headers["Status"]
            if status not in ("204", "404"):
                raise UnansweredError(f"the servers answer with status {status}")
            return [_stored(answer) for answer in answers]

        return self._patiently(ask)

    def _message(self, stream: str, asked: dict[str, object]) -> StoredMessage | None:
        subject = f"$JS.API.STREAM.MSG.GET.{stream}"
        got = self._read(subject, msgspec.json.encode(asked), _Got)
        if got is None:
            return None
        message = got.message
        headers = _headers(b64decode(message.hdrs))
        return StoredMessage(message.seq, message.subject, headers, b64decode(message.data))

    def _read(self, subject: str, body: bytes, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(self._again(subject, body), type=kind)
        except RefusedError as error:
            if error.code in _NOT_FOUND:
                return None
            raise StorageError(
                f"cannot read {self._location.shown}: {error.description}",
                path=self._location.shown,
            ) from error

    def _again(self, subject: str, body: bytes) -> bytes:
        """Ask what may be asked again, as long as nobody answers and the patience lasts."""

        def ask() -> bytes:
            answer = self.connection.request(subject, body, for_s=ANSWER_S)
            return _accepted(answer)

        return self._patiently(ask)

    def _patiently(self, ask: Callable[[], T]) -> T:
        deadline = monotonic() + READ_S
        while True:
            try:
                return ask()
            except UnansweredError as error:
                told: Exception = error
            except RefusedError as error:
                if not error.is_passing:
                    raise
                told = error
            if monotonic() > deadline:
                raise StorageError(
                    f"cannot reach {self._location.shown}: {told}", path=self._location.shown
                ) from told
            pause(_AGAIN_S)

    # -- writing -------------------------------------------------------------------------------

    def publish(
        self, subject: str, data: bytes, headers: dict[str, str], *, for_s: float | None = None
    ) -> int:
        """Send a message that a stream keeps; return its number there.

        Raises:
            RefusedError: it was not taken.
            UnansweredError: nobody knows.
            StorageError: no server can be reached; it was not sent.
        """
        try:
            answer = self.connection.request(subject, data, headers, for_s=for_s or ANSWER_S)
        except errors.MaxPayloadError as error:
            raise RefusedError(0, 400, "the message is larger than max_payload") from error
        return _number(answer)

    def publish_each(
        self, messages: Sequence[tuple[str, bytes, dict[str, str]]]
    ) -> list[int | RefusedError]:
        """Send several messages at once, in no order; return for each its number in the stream, or
        why it was not taken.

        Raises:
            UnansweredError: nobody knows of one of them.
            StorageError: no server can be reached.
        """
        found: list[int | RefusedError] = []
        for answer in self.connection.request_each(messages, for_s=ANSWER_S):
            try:
                found.append(_number(answer))
            except RefusedError as refusal:
                found.append(refusal)
        return found

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _accepted(answer: NatsAnswer) -> bytes:
    try:
        refusal = msgspec.json.decode(answer.data, type=_Refusal).error
    except msgspec.MsgspecError as error:
        raise UnansweredError(f"the answer is none of JetStream: {error}") from error
    if refusal is not None:
        raise RefusedError(refusal.err_code, refusal.code, refusal.description)
    return answer.data


def _number(answer: NatsAnswer) -> int:
    number = msgspec.json.decode(_accepted(answer), type=_Acknowledged).seq
    if not number:
        raise UnansweredError("the answer is none of a stream")
    return number


def _stored(answer: NatsAnswer) -> StoredMessage:
    headers = answer.headers
    return StoredMessage(
        int(headers["Nats-Sequence"]), headers["Nats-Subject"], dict(headers), answer.data
    )


def _headers(raw: bytes) -> dict[str, str]:
    """Return the headers of a message as the stream has them: `NATS/1.0`, then one a line."""
    pairs = (line.partition(":") for line in raw.decode("utf-8", "replace").split("\r\n")[1:])
    return {name: value.strip() for name, colon, value in pairs if colon}
