"""Expected versions: what was decided on a job is appended only if that is still its newest."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain import JobLedgerError
from .commit_queue import Append
from .layers import Layers
from .record import R


class VersionConflictError(JobLedgerError):
    """The job is not at the version that the append expected; nothing of it was appended.

    Internal: a ledger decides again on the newer state.
    """

    def __init__(self, message: str, *, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


def accept(together: Sequence[Append[R]], known: Layers) -> tuple[list[Append[R]], dict[str, int]]:
    """Choose those that may be written next, where the jobs have the `known` versions; return them,
    and the versions of their jobs then. The others get an error: what they were decided on is not
    the newest."""
    accepted: list[Append[R]] = []
    versions: dict[str, int] = {}
    for append in together:
        if append.error is not None:
            continue  # it was refused before somebody was faster
        mine: dict[str, int] = {}
        for new in append.records:
            job = new.job_id
            current = mine.get(job) or versions.get(job) or known.now.get(job) or 0
            if not current and not known.is_bare:
                current = known.older(job)
            if new.version != current + 1:  # rule: expected-version
                append.error = VersionConflictError(
                    f"job {job} is at version {current}, not {new.version - 1}", job_id=job
                )
                break
            mine[job] = new.version
        else:
            accepted.append(append)
            versions.update(mine)
    return accepted, versions
