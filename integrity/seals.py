"""Day seals: a signature that says what the log was at the end of a day (docs/proofs.md).

A seal is a small file beside the log, `seal_YYYY-MM-DD.json`. It signs the hash of the day's last
record, and by the chain everything before it. The signature is Ed25519 over the bytes of `message`,
so that any tool can check it; the extra `jobledger[seal]` is needed to make or check one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from ..domain import JobLedgerError, StorageError, ValidationError
from ..eventstore.engines.files import FileSystem, located, storage_errors
from ..release import how_to_install
from .heads import Day, LedgerId, LineHash

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SEAL_FORMAT = 1
_NAME = re.compile(r"seal_(\d{4}-\d{2}-\d{2})\.json")

Moment = Annotated[
    str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z\Z")
]


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What one seal file says. `public_key` is PEM, `signature` base64."""

    format: int = SEAL_FORMAT
    ledger: LedgerId
    day: Day
    seq: Annotated[int, msgspec.Meta(ge=1)]
    hash: LineHash
    sealed_at: Moment
    public_key: str
    signature: str

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        return seal_message(self.ledger, self.day, self.seq, self.hash, self.sealed_at)


class SealError(Exception):
    """A seal that does not hold; the text says why."""


def seal_message(ledger: str, day: str, seq: int, digest: str, sealed_at: str) -> bytes:
    """Return what a seal signs: six lines, the first of which keeps it from being taken for
    else."""
    return (
        f"jobledger seal {SEAL_FORMAT}\nledger {ledger}\nday {day}\nseq {seq}\nhash {digest}\n"
        f"sealed_at {sealed_at}\n"
    ).encode()


# -- keys --------------------------------------------------------------------------------------


class SigningKey:
    """An Ed25519 private key. Its text never shows it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_pem = _public_pem(key.public_key())

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key.

        Raises:
            JobLedgerError: the extra `seal` is not installed.
        """
        _need_cryptography()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> SigningKey:
        """Return the key of a PEM file.

        Raises:
            ValidationError: it is no Ed25519 private key, or the password does not open it.
            JobLedgerError: the extra `seal` is not installed.
        """
        _need_cryptography()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, password)
        except TypeError:
            if password is None:
                raise ValidationError(
                    "the key is encrypted", field="key", remedy="give_password"
                ) from None
            raise ValidationError(
                "the key is not encrypted", field="key", hint="leave the password out"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            wrong = "" if password is None else ", or the password is wrong"
            raise ValidationError(f"not a private key in PEM{wrong}", field="key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValidationError("not an Ed25519 key", field="key", remedy="make_key")
        return cls(key)

    def to_pem(self, password: bytes | None = None) -> bytes:
        """Return the private key as a PEM file (PKCS 8), encrypted where a password is given."""
        from cryptography.hazmat.primitives import serialization as s

        protection: s.KeySerializationEncryption = s.NoEncryption()
        if password is not None:
            protection = s.BestAvailableEncryption(password)
        return self._key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, protection)

    def seal(self, *, ledger: str, day: str, seq: int, digest: str, sealed_at: str) -> Seal:
        """Return the seal of one position."""
        signature = self._key.sign(seal_message(ledger, day, seq, digest, sealed_at))
        return Seal(
            ledger=ledger,
            day=day,
            seq=seq,
            hash=digest,
            sealed_at=sealed_at,
            public_key=self.public_pem,
            signature=base64.b64encode(signature).decode(),
        )


class TrustedKeys:
    """The public keys that a seal may be made with.

    Raises:
        ValidationError: one is no Ed25519 public key in PEM.
        JobLedgerError: the extra `seal` is not installed.
    """

    def __init__(self, pems: Iterable[str | bytes]) -> None:
        self._keys: Mapping[bytes, Ed25519PublicKey] = {
            _raw(key): key for key in map(_load_public, pems)
        }

    def check(self, seal: Seal) -> None:
        """Check that one of these keys signed what the seal says.

        Raises:
            SealError: none did.
        """
        from cryptography.exceptions import InvalidSignature

        try:
            raw = _raw(_load_public(seal.public_key))
        except ValidationError:
            raise SealError("its public key is not readable") from None
        key = self._keys.get(raw)
        if key is None:
            raise SealError(f"its key ({fingerprint(seal.public_key)}) is none of those given")
        try:
            key.verify(base64.b64decode(seal.signature, validate=True), seal.message())
        except (InvalidSignature, ValueError):
            raise SealError("its signature does not match what it says") from None


def fingerprint(public_pem: str) -> str:
    """Sixteen hexadecimal digits that tell a public key from others, for people."""
    return sha256(_raw(_load_public(public_pem))).hexdigest()[:16]


def _load_public(pem: str | bytes) -> Ed25519PublicKey:
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = pem.encode() if isinstance(pem, str) else pem
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        hint = "give the .pub file beside it" if b"PRIVATE KEY" in data else None
        raise ValidationError("not a public key in PEM", field="public_key", hint=hint) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValidationError("not an Ed25519 key", field="public_key")
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def _public_pem(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization as s

    return key.public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise JobLedgerError(
            "seals need the package cryptography", hint=how_to_install("seal")
        ) from None


# -- files -------------------------------------------------------------------------------------


def seal_file(directory: Path, day: str) -> Path:
    return directory / f"seal_{day}.json"


def sealed_days(names: Iterable[str]) -> list[str]:
    """Return the days that have a seal, in order, of the names in a directory."""
    return sorted(match[1] for match in map(_NAME.fullmatch, names) if match)


def read_seal(fs: FileSystem, directory: Path, day: str) -> Seal:
    """Return the seal of a day.

    Raises:
        SealError: the file holds none, or another day's.
        StorageError: the file cannot be read.
    """
    path = seal_file(directory, day)
    with storage_errors("read", path):
        data = fs.read_file(path)
    try:
        seal = msgspec.json.decode(data, type=Seal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SealError(f"it is not a seal: {error}") from None
    if seal.format != SEAL_FORMAT:
        raise SealError(f"seals of format {seal.format} are not known to this release")
    if seal.day != day:
        raise SealError(f"it is the seal of {seal.day}")
    return seal


def newest_seal(fs: FileSystem, directory: Path, ledger_id: str) -> Seal | None:
    """Return the seal of the last day that has one; None without one that can be read and is of
    this ledger.

    Raises:
        StorageError: the directory cannot be read.
    """
    directory = located(fs, directory)
    with storage_errors("read", directory):
        days = sealed_days(fs.list_directory(directory))
    if not days:
        return None
    try:
        seal = read_seal(fs, directory, days[-1])
    except (SealError, StorageError):
        return None  # `verify` says what is wrong with it
    return seal if seal.ledger == ledger_id else None


def write_seal(fs: FileSystem, directory: Path, seal: Seal) -> None:
    """Put a seal in place, durably."""
    path = seal_file(directory, seal.day)
    with storage_errors("write", path):
        fs.write_file_durably(
            path, msgspec.json.format(msgspec.json.encode(seal), indent=2) + b"\n"
        )
