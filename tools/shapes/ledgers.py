"""What commands about a ledger, or about none, print with `--json`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ...eventstore.engines.files import LostEvent, RemovedPart
from ...integrity import PackedDay, ProblemKind, Seal
from .jobs import Time


class Failing(TypedDict):
    """What does not hold, and what to do about it."""

    kind: str
    message: str
    account_id: str | None
    remedy: str


class CheckFound(TypedDict):
    """What does not hold, and what was looked at."""

    ok: bool
    problems: list[Failing]
    at: Time
    events: int
    due: int
    unknown: int
    runner: bool | None


class Reported(TypedDict):
    """What is in the page that was written; one that is printed (`--html -`) is all there is."""

    path: str
    bytes: int
    jobs: int
    left_out: int
    day: str | None


class ShardHead(TypedDict):
    """The last sound record of a shard."""

    seq: int
    hash: str | None


class VerifiedHead(TypedDict):
    """The last sound record; where the ledger has shards, that of each, by its number."""

    seq: NotRequired[int]
    hash: NotRequired[str | None]
    shards: NotRequired[dict[str, ShardHead]]


class FoundProblem(TypedDict):
    """One thing that is wrong: in which file, on which line, at which byte."""

    kind: ProblemKind
    path: str
    line: int | None
    offset: int | None
    message: str


class VerifyFound(TypedDict):
    """What was read, and what is wrong with it."""

    ok: bool
    events: int
    files: int
    head: VerifiedHead
    problems: list[FoundProblem]


class SealKey(TypedDict):
    """The files of a new key, and by what people tell it from others."""

    key: str
    public_key: str
    fingerprint: str


class SealedDays(TypedDict):
    """The days that were sealed, and the fingerprint of the key."""

    key: str
    sealed: list[Seal]


class Packed(TypedDict):
    """The days that were packed, or would be, and those that no seal covers."""

    packed: list[PackedDay]
    unsealed: list[str]
    dry_run: bool


class Unpacked(TypedDict):
    """The days that are files of lines again."""

    unpacked: list[PackedDay]


class NothingToRepair(TypedDict):
    """The log can be opened for writing."""

    damage: None
    repaired: Literal[False]


class DamageFound(TypedDict):
    """What is wrong with the log."""

    message: str


class SoundPart(TypedDict):
    """Up to where the log is sound."""

    seq: int
    day: str | None
    offset: int


class RepairFound(TypedDict):
    """What is damaged, what goes by a repair, or has gone, and where it is kept then."""

    damage: DamageFound
    sound: SoundPart
    lost_to: int
    parts: list[RemovedPart]
    events: list[LostEvent]
    repaired: bool
    kept: str | None


class Mirrored(TypedDict):
    """Up to which event a mirror has its ledger, and how many of them are new."""

    directory: str
    ledger: str
    events: int
    copied: int


ConfiguredValue = TypedDict(
    "ConfiguredValue", {"name": str, "value": Any, "from": str, "line": int | None}
)
ConfiguredValue.__doc__ = "A value that counts, and where it comes from."


class ConfigFound(TypedDict):
    """The configuration file, and what counts."""

    file: str | None
    found_here: bool
    values: list[ConfiguredValue]


class CountedText(TypedDict):
    """How long a text is on a platform, and whether it fits there."""

    name: str
    length: int
    longest: int
    fits: bool
    problem: str | None


class BrokenRule(TypedDict):
    """A rule that a simulated ledger broke, and how to see it again."""

    step: int | None
    message: str
    events: list[dict[str, Any]]
    steps: list[int]
    again: str
    rule: str
    story: list[str]


class Simulated(TypedDict):
    """What a simulation came to; `broken` is null where all held."""

    seed: int
    engine: str
    steps: int
    days: float
    events: int
    posts: int
    counts: dict[str, int]
    digest: str
    broken: BrokenRule | None
