"""Ids over shards: that no id is in two chains of one location."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..domain import commands as c
from ..eventstore import ClaimsJobs
from .intents import Intent
from .newcomers import labelled, used_before


class OwnIds:
    """Claims for its chain the ids that are new there, and refuses those that another chain has.

    Within the chain its versions see to it. A random id is nobody else's and is not claimed.
    """

    def __init__(self, engine: ClaimsJobs) -> None:
        self._engine = engine

    def concerns(self, intents: Sequence[Intent]) -> bool:
        return any(map(_is_chosen, intents))

    def check(self, intents: Sequence[Intent], now: datetime) -> None:
        """Claim the ids. One of a write that then fails stays this chain's.

        Raises:
            ValidationError: another chain has one.
            StorageError: the engine cannot be asked.
        """
        chosen = {intent.job_id: intent for intent in intents if _is_chosen(intent)}
        taken = self._engine.claim(list(chosen))  # rule: id-of-one-shard
        for job_id in taken:
            raise labelled(used_before(job_id), chosen[job_id].label)


def _is_chosen(intent: Intent) -> bool:
    """Whether a job is new, and its id not a random one."""
    command = intent.command
    if isinstance(command, c.Add) and command.schedule is None and command.job.job_id is None:
        return False
    return intent.job is None
