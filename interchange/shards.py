"""Which jobs of an import are one write, where the ledger has several chains."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain import ImportedJob
from ..eventstore import shard_of


def by_shard(jobs: Sequence[ImportedJob], shards: int) -> list[list[int]]:
    """Return the places of the jobs of each chain that has some, in the order of the chains; with
    one chain, or none, of all together."""
    found: dict[int, list[int]] = {}
    for place, imported in enumerate(jobs):
        found.setdefault(shard_of(imported.job.account_id, shards), []).append(place)
    return [found[number] for number in sorted(found)]
