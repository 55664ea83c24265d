"""decide: what a schedule does when it is told something: its events, and what its jobs are told.

Pure, as the decisions on jobs are. A schedule and its jobs change in one write: what is returned is
appended as a whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count

from ..errors import ValidationError
from ..event import Event
from ..job import commands as c
from ..job.origin import Cause, FromSchedule
from ..job.state import JobStatus, NewJob, ScheduledJob
from ..validation import clean_text
from . import events as e
from .ahead import Ahead, due_to_plan, is_its_own, occurrences
from .content import text_of
from .evolve import evolve_schedule
from .lifecycle import NEW, check
from .local_time import ZoneClock
from .planning import Outlook, Planner, SchedulePlan
from .state import Schedule, ScheduleDefinition, schedule_key

_LOOK_BACK = timedelta(seconds=1)
_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


def add_schedule(
    schedule: Schedule | None,
    schedule_id: str,
    definition: ScheduleDefinition,
    paused: bool,
    clock: ZoneClock,
    now: datetime,
    outlook: Outlook,
) -> SchedulePlan:
    """Add a schedule, with its first jobs.

    Raises:
        ValidationError: there is, or was, one of this id.
    """
    if schedule is not None:
        raise ValidationError(
            f"schedule_id {schedule_id!r} was used before",
            field="schedule_id",
            hint="an id is never used twice, not even after its schedule has ended",
        )
    check(NEW, "add", schedule_id=schedule_id)
    added = e.ScheduleAdded(definition=definition, paused=paused)
    if paused:
        return SchedulePlan([added], [])
    after = _folded(None, schedule_id, [added], now)
    return _joined([added], Planner(after, clock, now, outlook).extend())


def edit_schedule(
    schedule: Schedule,
    definition: ScheduleDefinition,
    clock: ZoneClock,
    now: datetime,
    outlook: Outlook,
) -> SchedulePlan:
    """Say something else of a schedule: its waiting jobs that nobody has changed become as it has
    them now."""
    check(schedule.status.value, "edit", schedule_id=schedule.schedule_id)
    if definition == schedule.definition:
        return SchedulePlan([], [])
    return _then_plan(
        schedule, e.ScheduleEdited(definition=definition), "edited", clock, now, outlook
    )


def pause_schedule(schedule: Schedule, outlook: Outlook) -> SchedulePlan:
    """Hold the waiting jobs of a schedule, and have it make no more."""
    check(schedule.status.value, "pause", schedule_id=schedule.schedule_id)
    held = [
        (job.job_id, c.Hold(schedule="paused"))
        for job in outlook.open
        if job.status is JobStatus.SCHEDULED
    ]
    return SchedulePlan([e.SchedulePaused()], [*held])


def resume_schedule(
    schedule: Schedule, clock: ZoneClock, now: datetime, outlook: Outlook
) -> SchedulePlan:
    """Have a schedule go on with what comes from now on: what it held is released, and what has
    passed meanwhile will not be."""
    check(schedule.status.value, "resume", schedule_id=schedule.schedule_id)
    planned = _then_plan(schedule, e.ScheduleResumed(), "resumed", clock, now, outlook)
    told = {job_id for job_id, _ in planned.commands}
    commands: list[tuple[str, c.Command]] = []
    for job in outlook.open:
        if job.status is not JobStatus.PENDING or _cause(job) != "paused":
            continue
        if job.scheduled_time <= now and job.job_id not in told:
            commands.append((job.job_id, c.LeaveOut(cause="paused")))
        elif job.scheduled_time > now and not is_its_own(job):
            commands.append((job.job_id, c.Release(schedule="resumed")))
    return SchedulePlan(planned.events, [*commands, *planned.commands])


def _cause(job: ScheduledJob) -> Cause | None:
    return None if job.schedule is None else job.schedule.cause


def skip_occurrence(
    schedule: Schedule, when: datetime | None, clock: ZoneClock, now: datetime, outlook: Outlook
) -> SchedulePlan:
    """Have one occurrence not be: that of a moment, or the next one.

    Raises:
        ValidationError: there is none at that moment, or it is no longer to come.
    """
    check(schedule.status.value, "skip", schedule_id=schedule.schedule_id)
    one = _found(schedule, when, clock, now)
    job = outlook.find(one.job_id)
    commands: list[tuple[str, c.Command]] = []
    number = None
    if job is not None and job.status in _WAITING:
        commands.append((job.job_id, c.Cancel(schedule="skipped")))
        if job.schedule is not None and schedule.order == "once":
            number = job.schedule.number
    elif job is not None or outlook.is_known(one.job_id):
        where = "was removed" if job is None else f"is {job.status.value.upper()}"
        raise ValidationError(f"job {one.job_id} {where}: it cannot be skipped", field="when")
    return SchedulePlan(
        [e.ScheduleSkipped(occurrence=one.name, at=one.occurrence.at, number=number)], commands
    )


def _found(schedule: Schedule, when: datetime | None, clock: ZoneClock, now: datetime) -> Ahead:
    """Return the occurrence of a moment, or the next one that is not skipped yet."""
    begin = now if when is None else when - _LOOK_BACK
    for one in occurrences(schedule.schedule_id, schedule, clock, max(begin, now)):
        if when is None and one.name in schedule.skipped:
            continue
        if when is None or one.occurrence.at == when:
            if one.name in schedule.skipped:
                raise ValidationError(f"{one.name} is skipped already", field="when")
            return one
        break
    asked = "to come" if when is None else f"ahead at {when.isoformat()}"
    raise ValidationError(
        f"schedule {schedule.schedule_id} has no occurrence {asked}", field="when"
    )


def run_now(schedule: Schedule, clock: ZoneClock, now: datetime, outlook: Outlook) -> SchedulePlan:
    """Make one more job, which is due now: the next text of the schedule is used for it.

    Raises:
        ValidationError: there is no text left, or the account may not have it.
    """
    check(schedule.status.value, "plan", schedule_id=schedule.schedule_id)
    local = now.astimezone(clock.zone)
    free = sorted(schedule.given_back)
    number = free[0] if free else schedule.made + 1
    text = text_of(schedule, schedule.schedule_id, number, local.replace(tzinfo=None))
    if text is None or (schedule.max_count is not None and number > schedule.max_count):
        raise ValidationError(
            f"schedule {schedule.schedule_id} has no post left: all are planned",
            field="schedule_id",
        )
    name, job_id = _unused(f"now-{local:%Y%m%dT%H%M%S}", schedule.schedule_id, outlook)
    new = NewJob(
        account_id=schedule.account_id,
        content=text,
        scheduled_time=now,
        priority=schedule.priority,
        max_retries=schedule.max_retries,
        platform=schedule.platform,
        metadata=schedule.metadata,
    )
    origin = FromSchedule(
        schedule_id=schedule.schedule_id, occurrence=name, number=number, is_detached=True
    )
    planned = e.SchedulePlanned(
        until=schedule.planned_until or now,
        made=max(schedule.made, number),
        given_back=tuple(free[1:]),
    )
    return SchedulePlan([planned], [(job_id, c.Add(job_id=job_id, job=new, schedule=origin))])


def _unused(name: str, schedule_id: str, outlook: Outlook) -> tuple[str, str]:
    """Return a name that no job had, with the job's id: clocks show a second twice, too."""
    for number in count(1):
        found = name if number == 1 else f"{name}-{number}"
        if not outlook.is_known(f"{schedule_id}.{found}"):
            break
    return found, f"{schedule_id}.{found}"


def end_schedule(schedule: Schedule, note: str, outlook: Outlook) -> SchedulePlan:
    """Have a schedule make no more jobs, ever; its waiting ones that nobody has changed are
    cancelled."""
    check(schedule.status.value, "end", schedule_id=schedule.schedule_id)
    if not isinstance(note, str):
        raise ValidationError("reason must be text", field="reason")
    commands: list[tuple[str, c.Command]] = [
        (job.job_id, c.Cancel(schedule="ended")) for job in outlook.open if is_its_own(job)
    ]
    return SchedulePlan([e.ScheduleEnded(reason="by_hand", note=clean_text(note))], commands)


def plan_schedule(
    schedule: Schedule,
    clock: ZoneClock,
    now: datetime,
    outlook: Outlook,
    *,
    by_zone_rules: bool = False,
) -> SchedulePlan:
    """Have jobs for what comes up to the horizon, where it is time for that; `by_zone_rules`: also
    look whether what is ahead is where the zone has it now.

    Raises:
        InvalidTransitionError: the schedule is not active.
    """
    check(schedule.status.value, "plan", schedule_id=schedule.schedule_id)
    due = due_to_plan(schedule)
    if due is not None and due <= now:  # first: what is late is looked at here alone
        return Planner(schedule, clock, now, outlook).extend()
    moved = SchedulePlan([], [])
    if by_zone_rules:
        moved = Planner(schedule, clock, now, outlook).anew("zone_rules")
    return moved if moved.commands else SchedulePlan([], [])


def _then_plan(
    schedule: Schedule,
    event: e.ScheduleEvent,
    cause: Cause,
    clock: ZoneClock,
    now: datetime,
    outlook: Outlook,
) -> SchedulePlan:
    after = _folded(schedule, schedule.schedule_id, [event], now)
    if after.status.value != "active":
        return SchedulePlan([event], [])
    return _joined([event], Planner(after, clock, now, outlook).anew(cause))


def _joined(events: Iterable[e.ScheduleEvent], behind: SchedulePlan) -> SchedulePlan:
    return SchedulePlan([*events, *behind.events], behind.commands)


def _folded(
    schedule: Schedule | None, schedule_id: str, events: Iterable[e.ScheduleEvent], now: datetime
) -> Schedule:
    """Return the schedule as events will make it that are in no log yet."""
    for event in as_events(schedule, schedule_id, events, now):
        schedule = evolve_schedule(schedule, event)
    assert schedule is not None
    return schedule


def as_events(
    schedule: Schedule | None, schedule_id: str, events: Iterable[e.ScheduleEvent], now: datetime
) -> Iterator[Event[e.ScheduleEvent]]:
    """Yield what is going to be appended as events, which have no place in the log yet."""
    before = 0 if schedule is None else schedule.version
    for version, data in enumerate(events, before + 1):
        yield Event(
            seq=0,
            at=now,
            type=data.TYPE,
            job_id=schedule_key(schedule_id),
            version=version,
            data=data,
        )
