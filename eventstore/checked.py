"""Small JSON objects with a check of their own as the last key: what is damaged is not believed."""

from __future__ import annotations

from hashlib import sha256

_KEY = b',"check":"'
_LENGTH = 16


def with_check(document: bytes) -> bytes:
    """One line: the object, with the beginning of the SHA-256 of what is before it as `check`."""
    body = document[:-1]
    return b'%b%b%b"}\n' % (body, _KEY, _check_of(body))


def has_right_check(line: bytes) -> bool | None:
    """Whether a line's check matches its bytes; None where it has none."""
    body, key, check = line.rstrip().rpartition(_KEY)
    return check == _check_of(body) + b'"}' if key else None


def _check_of(body: bytes) -> bytes:
    return sha256(body).hexdigest()[:_LENGTH].encode()
