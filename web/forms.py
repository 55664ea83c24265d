"""What a form is shown with: what somebody wrote, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .. import Event, JobStatus
from .local_time import OddTime
from .problems import Refusal, problem_of
from .roles import ACTIONS, may
from .site import Call


class FilledForm:
    """A form as it was sent, to be shown again. `name` says which one of a page it is."""

    def __init__(
        self, values: Mapping[str, str], problem: Refusal | None = None, name: str = ""
    ) -> None:
        self.values = {name: text.replace("\r\n", "\n") for name, text in values.items()}
        self.problem = problem
        self.name = name

    def of(self, name: str) -> FilledForm:
        """Return this form, if it is the one of that name; else an empty one."""
        return self if name == self.name else EMPTY

    def value(self, field: str, usual: object = "") -> str:
        """Return what was written into a field, or what stands there usually."""
        return self.values.get(field, str(usual))

    def has(self, *fields: str) -> bool:
        """Say whether something was written into one of these fields."""
        return any(self.values.get(field) for field in fields)

    def is_wrong(self, field: str) -> bool:
        """Say whether it is this field that is not acceptable."""
        return self.problem is not None and self.problem.field == field

    @property
    def odd(self) -> OddTime | None:
        """What has to be asked about its time."""
        return self.problem if isinstance(self.problem, OddTime) else None


EMPTY = FilledForm({})


class Met(NamedTuple):
    """What a change of a job met: the refusal, and what has happened to the job since it was seen,
    oldest first. With something, it is a conflict."""

    problem: Refusal
    since: Sequence[Event]

    @property
    def status(self) -> int:
        """The status to answer with."""
        return 409 if self.since else self.problem.status


def met(call: Call, job_id: str, action: str, error: Exception) -> Met:
    """Return what a change met that was refused, so that its form can be shown again.

    Raises:
        Exception: `error` itself, where no form is to be shown: no such action, or no right to it.
        JobNotFoundError: there never was such a job.
    """
    problem = problem_of(error)
    if action not in ACTIONS or problem.status == 500:
        raise error
    history = call.site.ledger.history(job_id)
    version = call.form.get("version", "")
    is_number = version.isascii() and version.isdecimal() and len(version) < 10
    since = [e for e in history if e.version > int(version)] if is_number else []
    may_at_times = may(call.role, action, JobStatus.PENDING)  # while it was a draft, say
    if problem.status == 403 and not (since and may_at_times):
        raise error
    return Met(problem, since)
