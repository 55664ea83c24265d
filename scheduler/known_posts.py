"""Which posts are those of which jobs, as far as the ledger knows."""

from __future__ import annotations

from ..domain import ScheduledJob
from ..eventstore import EventLog
from ..ledger import State
from ..projections import Choice, LogEntry


class KnownPosts:
    """What the ledger knows of posts that are out, also what other runners have recorded."""

    def __init__(self, log: EventLog[LogEntry], state: State) -> None:
        self._log = log
        self._state = state

    def is_anothers(self, job: ScheduledJob, post_id: str) -> bool:
        """Whether another job of the account has recorded this id of a post.

        Raises:
            StorageError: what others have recorded cannot be read.
        """
        self._log.refresh()
        with self._state.lock:
            jobs = self._state.board.select(Choice(account_id=job.account_id))
        return any(_has(other, post_id) for other in jobs if other.job_id != job.job_id)


def _has(job: ScheduledJob, post_id: str) -> bool:
    if job.thread_id == post_id:
        return True
    values = job.checkpoints.values()
    return any((v.get("id") if isinstance(v, dict) else v) == post_id for v in values)
