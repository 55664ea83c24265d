"""The proof at the demo's end: computed from what the platform holds and from the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from ...domain import JobStatus, ScheduledJob


class Verdict(msgspec.Struct, frozen=True):
    """What became of the posts. `strays` are posts that the platform should not have."""

    posts: int
    crashes: int
    lost: int
    twice: int
    strays: int
    refused_as_expected: bool
    verified: bool

    @property
    def ok(self) -> bool:
        """Whether everything is as promised."""
        return (
            self.crashes > 0
            and not (self.lost or self.twice or self.strays)
            and self.refused_as_expected
            and self.verified
        )

    def line(self) -> str:
        """Word the demo's last line."""
        crashes = f"{self.crashes} crash{'' if self.crashes == 1 else 'es'}"
        log = "log verified" if self.verified else "log NOT verified"
        strays = f", {self.strays} that should not be there" if self.strays else ""
        return (
            f"demo: {self.posts} posts, {crashes}, {self.lost} lost, {self.twice} twice{strays},"
            f" {log}"
        )


def judge(
    jobs: Sequence[ScheduledJob],
    due: Sequence[str],
    keys: Mapping[str, str],
    held: Counter[str],
    *,
    crashes: int,
    refused_as_expected: bool,
    verified: bool,
) -> Verdict:
    """Compare the ledger's `jobs` with what the platform holds.

    `due` are the ids that had to go out, `keys` the idempotency key of each job, `held` how many
    posts the platform has of each key.
    """
    status = {job.job_id: job.status for job in jobs}
    lost = [
        job_id
        for job_id in due
        if held[keys[job_id]] == 0 or status.get(job_id) is not JobStatus.COMPLETED
    ]
    wanted = {keys[job_id] for job_id in due}
    return Verdict(
        posts=len(jobs),
        crashes=crashes,
        lost=len(lost),
        twice=sum(1 for count in held.values() if count > 1),
        strays=len(set(held) - wanted),
        refused_as_expected=refused_as_expected,
        verified=verified,
    )
