"""The address of a record by its content, as the AT Protocol makes it: CBOR, hashed.

It says before anything is sent what a record's address will be, so that a chain of replies can be
written at once, and afterwards whether what is there is what was meant. As the protocol has it
(https://atproto.com/specs/data-model, looked up on 2026-11-28): maps have their keys by length,
then by bytes; an object with `$link` alone is a link, which is tag 42; there are no floats.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

_RECORD = b"\x01\x71\x12\x20"
"""Version 1, DAG-CBOR, SHA-256 of 32 bytes."""
_BLOB = b"\x01\x55\x12\x20"
"""The same of bytes as they are."""
_TAG_LINK = 42


def cid_of(record: Any) -> str:
    """Return the address of a record.

    Raises:
        TypeError: it has something that no record has.
    """
    return _text(_RECORD + hashlib.sha256(encoded(record)).digest())


def blob_cid(sha256: bytes) -> str:
    """Return the address of bytes with this hash."""
    return _text(_BLOB + sha256)


def encoded(value: Any) -> bytes:
    """Write a value of JSON as DAG-CBOR.

    Raises:
        TypeError: a part of it has no form there: a float, or a key that is no text.
    """
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(encoded, value))
    if isinstance(value, dict) and set(value) == {"$link"}:
        return _head(6, _TAG_LINK) + _bytes(b"\0" + _raw(value["$link"]))
    if isinstance(value, dict):
        pairs = sorted((_key(key), each) for key, each in value.items())
        written = (encoded(key.decode()) + encoded(each) for (_, key), each in pairs)
        return _head(5, len(value)) + b"".join(written)
    raise TypeError(f"no record has a {type(value).__name__}")


def _key(key: object) -> tuple[int, bytes]:
    if not isinstance(key, str):
        raise TypeError("a key is text")
    return len(key.encode()), key.encode()


def _bytes(value: bytes) -> bytes:
    return _head(2, len(value)) + value


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for more, size in enumerate((1, 2, 4, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | 24 + more]) + number.to_bytes(size, "big")
    raise TypeError("no record has a number of that size")


def _text(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def _raw(cid: str) -> bytes:
    body = cid[1:].upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))
