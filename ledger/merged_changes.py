"""Changes over several chains: each goes to the one that has the account, or the job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from ..domain import ScheduledJob
from ..domain import commands as c
from .command_handler import CommandHandler
from .newcomers import Newcomer
from .versions import MeantChange

if TYPE_CHECKING:
    from .ledger import Ledger
    from .shard_set import ShardSet


class MergedHandler(CommandHandler):
    """Hands each command to the handle on the chain that it is of."""

    def __init__(self, shards: ShardSet[Ledger]) -> None:
        self._shards = shards

    def add(self, newcomers: Sequence[Newcomer]) -> list[str]:
        """Add jobs, all or none. Raises as `CommandHandler.add`, and where several chains have
        their accounts."""
        home = self._shards.one_of_accounts(_account_of(command) for _, command in newcomers)
        self._shards.check_new(newcomers, home)
        return home._handler.add(newcomers)

    def change(
        self, job_id: str, command: c.Command, version: int | None = None
    ) -> ScheduledJob | None:
        """Change one job. Raises as `CommandHandler.change`."""
        return self._shards.of_job(job_id)._change(job_id, command, version)

    def change_all(self, changes: Sequence[MeantChange]) -> None:
        """Change some jobs, all or none. Raises as `CommandHandler.change_all`, and where several
        chains have them."""
        self._shards.one_of_jobs(meant.job_id for meant in changes)._change_all(changes)

    def expire(self, expire_after: timedelta) -> int:
        """Mark what is too late; each chain by itself."""
        return sum(each.cleanup_expired_jobs() for each in self._shards.handles)


def _account_of(command: c.Add | c.Import) -> object:
    """Return the account of a newcomer, whatever was given for it."""
    job = command.job if isinstance(command, c.Add) else command.job.job
    return getattr(job, "account_id", None)
