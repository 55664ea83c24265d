"""The users file: a line a user, `name:role:hash`, which only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from .. import StorageError, ValidationError
from .roles import ROLES, Role

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,48}")
_COST = 2**15
_BLOCK, _LANES = 8, 1
_MEMORY = 128 * _COST * _BLOCK * 2
LEAST_PASSWORD = 8

_AT_ONCE = threading.BoundedSemaphore(2)
"""So many passwords are tried at once: each takes 32 MB meanwhile."""
_WAITING = threading.BoundedSemaphore(10)
"""So many are tried or wait for it: whoever waits holds a thread that pages are made in."""
_WAIT_S = 5.0


class TooBusyError(Exception):
    """So many passwords are being tried that this one is not."""


class User(msgspec.Struct, frozen=True):
    """Somebody who may sign in."""

    name: str
    role: Role
    hash: str


def hash_password(password: str) -> str:
    """Return the salted hash of a password (scrypt), as a users file has it.

    Raises:
        ValidationError: it is too short.
    """
    if len(password) < LEAST_PASSWORD:
        raise ValidationError(
            f"a password has at least {LEAST_PASSWORD} characters", field="password"
        )
    salt = secrets.token_bytes(16)
    key = _derive(password, salt, _COST)
    return f"scrypt${_COST}${b64encode(salt).decode()}${b64encode(key).decode()}"


def is_password(password: str, hashed: str) -> bool:
    """Say whether a password is the one that was hashed.

    Raises:
        TooBusyError: too many are being tried.
    """
    try:
        kind, cost, salt, key = hashed.split("$")
        if kind != "scrypt":
            return False
        with _turn():
            found = _derive(password, b64decode(salt, validate=True), int(cost))
        return hmac.compare_digest(found, b64decode(key, validate=True))
    except ValueError:
        return False


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until a password may be tried, and try it within the `with`."""
    if not _WAITING.acquire(blocking=False):
        raise TooBusyError
    try:
        if not _AT_ONCE.acquire(timeout=_WAIT_S):  # rule: few-passwords-at-once
            raise TooBusyError
        try:
            yield
        finally:
            _AT_ONCE.release()
    finally:
        _WAITING.release()


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=_BLOCK, p=_LANES, maxmem=_MEMORY, dklen=32
    )


NOBODY = hash_password(secrets.token_urlsafe(16))
"""What the password of somebody who is not there is compared with: it takes as long."""


def is_name(text: str) -> bool:
    """Say whether somebody may be called so."""
    return _NAME.fullmatch(text) is not None


def read_users(path: Path) -> dict[str, User]:
    """Read a users file.

    Raises:
        StorageError: it cannot be read, or others may read it.
        ValidationError: a line is not `name:role:hash`; the message says which.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read {path}: {error}", path=str(path)) from error
    if stat.S_IMODE(mode) & 0o077:
        raise StorageError(
            f"{path} has hashes of passwords, and others may read it",
            path=str(path),
            hint=f"chmod 600 {path}",
        )
    users: dict[str, User] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        user = _user(line, path, number)
        if user.name in users:
            raise _wrong(path, number, f"{user.name} is there twice")
        users[user.name] = user
    return users


def _user(line: str, path: Path, number: int) -> User:
    name, _, rest = line.strip().partition(":")
    role, _, hashed = rest.partition(":")
    if not is_name(name):
        raise _wrong(path, number, f"{name!r} is no name: 1 to 48 of A-Z a-z 0-9 . _ @ -")
    if role not in ROLES:
        raise _wrong(path, number, f"{role!r} is no role: {', '.join(ROLES)}")
    if hashed.count("$") != 3:
        raise _wrong(path, number, "there is no hash of a password")
    return User(name, ROLES[role], hashed)


def _wrong(path: Path, number: int, what: str) -> ValidationError:
    return ValidationError(f"{path}, line {number}: {what}", field="users")


def change_user(path: Path, name: str, entry: tuple[str, str] | None) -> None:
    """Put a user with a role and a password into a users file, which is made where there is none;
    None takes them out. The file is replaced as a whole, so that nobody reads half of one.

    Raises:
        ValidationError: the name, the role or the password is not acceptable, or the file is wrong.
        StorageError: the file cannot be read or written, or others may read it.
    """
    there = path.exists()
    users = read_users(path) if there else {}
    if entry is None:
        if name not in users:
            raise ValidationError(f"there is no {name!r} in {path}", field="name")
        line = None
    else:
        role, password = entry
        line = f"{name}:{role}:{hash_password(password)}"
        _user(line, path, 1)
    kept = path.read_text(encoding="utf-8").splitlines() if there else []
    lines = [one for one in kept if one.partition(":")[0].strip() != name or one.startswith("#")]
    text = "".join(f"{one}\n" for one in [*lines, *filter(None, [line])])
    _replace(path, text)


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}", path=str(path)) from error
