"""Shards: several chains in one location, each of which has the accounts that fall to it.

A location says `shards=N` in its query for all of them, or `shard=K` for one. Each chain is a whole
ledger: its own id, header lines, sequence numbers and runners. What an engine has to do for it:
make the chain that `EngineOptions.shard` says, remember with the first one how many there are, and
hand `check_same` what it remembers; and `claim` ids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl

import msgspec

from ..domain import StorageError, ValidationError

MOST_SHARDS = 64
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


class Shard(msgspec.Struct, frozen=True):
    """One chain of a location: its `number`, from 1, `of` how many; None where only whoever has the
    location knows."""

    number: int
    of: int | None = None


class AskedShards(msgspec.Struct, frozen=True):
    """What a location says of shards, and the `rest` of it, which an engine gets."""

    rest: str
    shards: int | None = None
    shard: int | None = None

    @property
    def one(self) -> Shard | None:
        """The one chain that is asked for; None: there is nothing said, or all are meant."""
        return None if self.shard is None else Shard(self.shard, self.shards)


def shard_of(account_id: str, shards: int) -> int:
    """Return the number, from 1, of the chain that has an account: the first eight bytes of the
    SHA-256 of its name in UTF-8, as a number, modulo `shards`, and one. It is never another."""
    digest = sha256(account_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % shards + 1


def asked_shards(location: str | Path) -> AskedShards:
    """Return what the query of a location says of shards.

    Raises:
        ValidationError: a number is none.
    """
    text = str(location)
    head, mark, query = text.partition("?")
    if isinstance(location, Path) or "shard" not in query:
        return AskedShards(text)
    kept, found = [], {}
    for part in query.split("&"):
        name = part.partition("=")[0]
        if name in ("shards", "shard"):
            found[name] = _number(name, dict(parse_qsl(part, keep_blank_values=True)).get(name, ""))
        else:
            kept.append(part)
    rest = head + (mark + "&".join(kept) if kept else "")
    asked = AskedShards(rest, found.get("shards"), found.get("shard"))
    if asked.shards is not None and asked.shard is not None and asked.shard > asked.shards:
        raise ValidationError(
            f"shard={asked.shard} in the location: of {asked.shards} there is none of this number",
            field="ledger",
        )
    return asked


def _number(name: str, text: str) -> int:
    least = 2 if name == "shards" else 1
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= MOST_SHARDS:
        raise ValidationError(
            f"{name}={text!r:.20} in the location: it is a number from {least} to {MOST_SHARDS}",
            field="ledger",
        )
    return int(text)


class OtherShardsError(StorageError):
    """A location has another number of chains than is asked for. Internal: it is not that there is
    none."""


def check_same(asked: Shard | None, has: int | None, shown: str) -> None:
    """Check that what is asked for is what an engine remembers of a name: `has` is how many chains
    there are, 1 for a ledger without shards, None where there is nothing of this name.

    Raises:
        OtherShardsError: it is something else; says how many there are.
    """
    if has is None or (asked is None and has == 1):
        return
    # rule: shards-stay-as-many
    if asked is not None and has > 1 and asked.of in (None, has) and asked.number <= has:
        return
    if has == 1:
        said, hint = "has no shards", "leave the option out"
    elif asked is not None and asked.of in (None, has):
        said, hint = f"has {has} shards, and none of the number {asked.number}", None
    else:
        said, hint = f"has {has} shards", f"say shards={has}, or shard=1 to read one of them"
    raise OtherShardsError(f"the ledger {shown} {said}", path=shown, hint=hint)


@runtime_checkable
class ClaimsJobs(Protocol):
    """An engine of one chain of several, which share the ids of their jobs."""

    @property
    def shard(self) -> Shard:
        """Which chain this is, of how many."""

    def claim(self, keys: Sequence[str]) -> list[str]:
        """Note, durably and for good, that these ids, and keys of schedules, are this chain's, as
        far as no other chain of the location has them; return those that another has. Of two that
        claim the same at one moment one gets it.

        Raises:
            StorageError: it cannot be done.
        """
