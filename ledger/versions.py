"""Changes of what somebody saw: at the version that the job had then, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..domain import JobMovedOnError, ScheduledJob, ValidationError
from ..domain import commands as c


class MeantChange(NamedTuple):
    """A change of one job among several: which job, at which version (None: at any), and the
    command, by the job as it is when it is decided on."""

    job_id: str
    version: int | None
    command: Callable[[ScheduledJob], c.Command]


def check_version(version: object) -> None:
    """Check that this is a version that a job can have, or None.

    Raises:
        ValidationError: it is not.
    """
    if version is not None and (
        not isinstance(version, int) or isinstance(version, bool) or version < 1
    ):
        raise ValidationError(
            f"version must be an int of at least 1, not {version!r}", field="version"
        )


def check_at(version: int | None, job: ScheduledJob) -> None:
    """Check that a job is at the version that somebody saw."""
    if version is not None and job.version != version:  # rule: version-that-was-seen
        raise JobMovedOnError(
            f"job {job.job_id} has moved on: it is at version {job.version}, not {version}",
            job_id=job.job_id,
            expected=version,
            version=job.version,
            hint="look at it again",
        )
