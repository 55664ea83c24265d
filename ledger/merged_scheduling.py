"""Scheduling over several chains: a schedule, and slots, are in the chain of their account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..domain import SCHEDULE_KEY, check_schedule_id
from .command_handler import CommandHandler
from .scheduling import Scheduling

if TYPE_CHECKING:
    from .ledger import Ledger
    from .shard_set import ShardSet


class MergedScheduling(Scheduling):
    """The schedules of all chains; each is changed by its own handle, whatever `handler` is."""

    def __init__(self, shards: ShardSet[Ledger]) -> None:
        self._shards = shards

    def add(
        self, handler: CommandHandler, schedule_id: str, said: Mapping[str, Any], *, paused: bool
    ) -> str:
        """As `Ledger.add_schedule`, in the chain of its account."""
        known = check_schedule_id(schedule_id)
        home = self._shards.find(SCHEDULE_KEY + known)  # which refuses it: it was used before
        if home is None:
            home = self._shards.of_account(said["account_id"])
            self._shards.claim_schedule(known, home)
        return home._scheduling.add(home._handler, known, said, paused=paused)

    def edit(
        self,
        handler: CommandHandler,
        schedule_id: str,
        said: Mapping[str, Any],
        version: int | None = None,
    ) -> None:
        """As `Ledger.edit_schedule`."""
        home = self._shards.of_schedule(schedule_id)
        home._scheduling.edit(home._handler, schedule_id, said, version)

    def pause(self, handler: CommandHandler, schedule_id: str, version: int | None = None) -> None:
        """As `Ledger.pause_schedule`."""
        home = self._shards.of_schedule(schedule_id)
        home._scheduling.pause(home._handler, schedule_id, version)

    def resume(self, handler: CommandHandler, schedule_id: str, version: int | None = None) -> None:
        """As `Ledger.resume_schedule`."""
        home = self._shards.of_schedule(schedule_id)
        home._scheduling.resume(home._handler, schedule_id, version)

    def skip(
        self,
        handler: CommandHandler,
        schedule_id: str,
        when: datetime | None,
        version: int | None = None,
    ) -> None:
        """As `Ledger.skip_occurrence`."""
        home = self._shards.of_schedule(schedule_id)
        home._scheduling.skip(home._handler, schedule_id, when, version)

    def run_now(self, handler: CommandHandler, schedule_id: str) -> str:
        """As `Ledger.run_schedule_now`."""
        home = self._shards.of_schedule(schedule_id)
        return home._scheduling.run_now(home._handler, schedule_id)

    def end(
        self, handler: CommandHandler, schedule_id: str, reason: str, version: int | None = None
    ) -> None:
        """As `Ledger.end_schedule`."""
        home = self._shards.of_schedule(schedule_id)
        home._scheduling.end(home._handler, schedule_id, reason, version)

    def set_slots(
        self,
        handler: CommandHandler,
        account_id: str,
        week: Mapping[str, Sequence[str]],
        zone: str | None,
    ) -> None:
        """As `Ledger.set_slots`."""
        home = self._shards.of_account(account_id)
        home._scheduling.set_slots(home._handler, account_id, week, zone)
