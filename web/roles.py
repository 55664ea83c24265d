"""Who may do what: one table, which decides what is shown and what is refused."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from .. import JobStatus, ScheduleStatus


class Role(IntEnum):
    """What a person may do; each may all that the one before it may."""

    VIEWER = 1
    """Sees everything, and changes nothing."""
    AUTHOR = 2
    """Adds drafts, and changes them."""
    EDITOR = 3
    """Decides what goes out, and when."""
    OPERATOR = 4
    """Settles what is unknown, and takes out what is not to be there."""

    @property
    def word(self) -> str:
        """The role as it is written in a users file."""
        return self.name.lower()


ROLES = {role.word: role for role in Role}

_P, _S, _R = JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING
_DONE = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED)


class Right(NamedTuple):
    """The least role for an action, and for the same action on a draft (PENDING), and the states in
    which a job allows it."""

    role: Role
    on_draft: Role
    states: tuple[JobStatus, ...]


ACTIONS: dict[str, Right] = {
    "edit": Right(Role.EDITOR, Role.AUTHOR, (_P, _S)),
    "reschedule": Right(Role.EDITOR, Role.AUTHOR, (_P, _S)),
    "hold": Right(Role.EDITOR, Role.EDITOR, (_S,)),
    "release": Right(Role.EDITOR, Role.EDITOR, (_P,)),
    "cancel": Right(Role.EDITOR, Role.EDITOR, (_P, _S, _R)),
    "requeue": Right(
        Role.EDITOR, Role.EDITOR, (JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.CANCELLED)
    ),
    "resolve": Right(Role.OPERATOR, Role.OPERATOR, (JobStatus.FAILED,)),
    "remove": Right(Role.OPERATOR, Role.OPERATOR, (_P, _S, *_DONE)),
}
"""What may be done to a job."""


class ScheduleRight(NamedTuple):
    """The least role for an action on a schedule, and the states in which a schedule allows it."""

    role: Role
    states: tuple[ScheduleStatus, ...]


_ACTIVE, _PAUSED = ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED
SCHEDULE_ACTIONS: dict[str, ScheduleRight] = {
    "edit": ScheduleRight(Role.OPERATOR, (_ACTIVE, _PAUSED)),
    "pause": ScheduleRight(Role.OPERATOR, (_ACTIVE,)),
    "resume": ScheduleRight(Role.OPERATOR, (_PAUSED,)),
    "skip": ScheduleRight(Role.OPERATOR, (_ACTIVE, _PAUSED)),
    "run-now": ScheduleRight(Role.OPERATOR, (_ACTIVE,)),
    "end": ScheduleRight(Role.OPERATOR, (_ACTIVE, _PAUSED)),
}
"""What may be done to a schedule."""

ADD_SCHEDULE, SET_SLOTS = Role.OPERATOR, Role.OPERATOR
"""Who may add a schedule, and say at which times an account posts."""
ADD, ADD_DRAFT = Role.EDITOR, Role.AUTHOR
"""Who may add a job that goes out by itself, and one that waits for somebody to release it."""

IMPORTED: dict[Role, tuple[JobStatus, ...]] = {
    Role.VIEWER: (),
    Role.AUTHOR: (_P,),
    Role.EDITOR: (_P, _S),
    Role.OPERATOR: tuple(JobStatus),
}
"""In which states a role may bring jobs in from a file. Who takes over what some scheduler has done
says what became of it, as one who resolves does."""


def may(role: Role, action: str, status: JobStatus) -> bool:
    """Say whether a role may do this to a job of this status, if the job allows it at all."""
    permission = ACTIONS[action]
    return role >= (permission.on_draft if status is JobStatus.PENDING else permission.role)


def allowed(role: Role, status: JobStatus, *, outcome_unknown: bool) -> list[str]:
    """Return what this role may do to a job as it is now, in the order of the table."""
    return [
        action
        for action, permission in ACTIONS.items()
        if status in permission.states
        and may(role, action, status)
        and (action != "resolve" or outcome_unknown)
    ]


def allowed_on_schedule(role: Role, status: ScheduleStatus) -> list[str]:
    """Return what this role may do to a schedule as it is now, in the order of the table."""
    return [
        action
        for action, right in SCHEDULE_ACTIONS.items()
        if status in right.states and role >= right.role
    ]
