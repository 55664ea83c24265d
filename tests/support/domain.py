"""Jobs and histories for tests of the domain: given events, when a command, then events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jobledger import Event, ImportedJob, JobStatus, NewJob, ScheduledJob
from jobledger.domain.job import commands as c
from jobledger.domain.job import events as e
from jobledger.domain.job.decide import decide
from jobledger.domain.job.evolve import evolve
from jobledger.domain.job.importing import stated_doubt

DOUBT = ("in_doubt", "exhausted", "outcome_unknown", "may_be_out")
"""The facts that a `Doubt` is made of; `elsewhere` takes them one by one."""

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def new(**more: Any) -> NewJob:
    """Make a job that validation accepts, with some fields of one's own."""
    fields: dict[str, Any] = {"account_id": "acc", "content": "text", "scheduled_time": NOON}
    return NewJob(**(fields | more))


def elsewhere(**more: Any) -> ImportedJob:
    """Describe a job as it is elsewhere, in the third line of a file."""
    fields: dict[str, Any] = {
        "job_id": "job", "account_id": "acc", "content": "text", "scheduled_time": NOON,
    }  # fmt: skip
    doubt = stated_doubt({name: more.pop(name) for name in DOUBT if name in more})
    return ImportedJob(ScheduledJob(**(fields | {"doubt": doubt} | more)), "posts.csv", 3)


class Life:
    """One job living through commands, with the events that they led to."""

    def __init__(self, **more: Any) -> None:
        self.now = NOON
        self.job: ScheduledJob | None = None
        self.events: list[Event] = []
        self.do(c.Add(job_id="job", job=new(**more)))

    def do(self, *commands: c.Command) -> list[e.JobEvent]:
        """Decide on each command and evolve by its events; the events of the last one."""
        data: list[e.JobEvent] = []
        for command in commands:
            data = decide(self.job, command, self.now)
            for item in data:
                event = Event(
                    seq=len(self.events) + 1,
                    at=self.now,
                    type=item.TYPE,
                    job_id="job",
                    version=len(self.events) + 1,
                    data=item,
                )
                self.events.append(event)
                self.job = evolve(self.job, event)
        return data

    @property
    def status(self) -> JobStatus:
        assert self.job is not None
        return self.job.status

    def start(self, *, reconcilable: bool = False) -> int:
        """Begin the next attempt as soon as the job is due; its number."""
        assert self.job is not None
        self.now = max(self.now, self.job.scheduled_time)
        self.do(c.Start(reconcilable=reconcilable))
        return self.job.attempt


def in_state(state: JobStatus) -> Life:
    """Make a job that has just come into a state."""
    life = Life(hold=state is JobStatus.PENDING)
    if state is JobStatus.EXPIRED:
        life.now += timedelta(hours=24) + SECOND
        life.do(c.Expire())
    elif state is JobStatus.CANCELLED:
        life.do(c.Cancel())
    elif state not in (JobStatus.PENDING, JobStatus.SCHEDULED):
        attempt = life.start()
        if state is JobStatus.COMPLETED:
            life.do(c.Complete(attempt=attempt))
        elif state is JobStatus.FAILED:
            life.do(c.Fail(attempt=attempt, error="no", retryable=False))
    assert life.status is state
    return life


def command_for(trigger: str, now: datetime) -> c.Command:
    """Make a command of a trigger, acceptable in every other respect."""
    commands: dict[str, c.Command] = {
        "add": c.Add(job_id="job", job=new(scheduled_time=now)),
        "import": c.Import(job_id="job", job=elsewhere(scheduled_time=now)),
        "hold": c.Hold(),
        "release": c.Release(),
        "edit": c.Edit(content="other"),
        "reschedule": c.Reschedule(scheduled_time=now + SECOND),
        "defer": c.Defer(until=now + SECOND, reason="not yet"),
        "start": c.Start(),
        "note": c.Note(attempt=1, message="m"),
        "checkpoint": c.Checkpoint(attempt=1, name="n", value=1),
        "complete": c.Complete(attempt=1),
        "retry": c.Fail(attempt=1, error="x"),
        "fail": c.Fail(attempt=1, error="x", retryable=False),
        "interrupt": c.Interrupt(attempt=1, reason="crashed", error="x"),
        "cancel": c.Cancel(),
        "expire": c.Expire(),
        "requeue": c.Requeue(scheduled_time=now),
        "resolve": c.Resolve(posted=True),
        "remove": c.Remove(),
    }
    return commands[trigger]
