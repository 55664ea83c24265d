"""Planning: which jobs a schedule is to have, and what is to be done for it to have them.

Pure: it depends on the schedule, on the jobs that it has, and on the moment. So whoever plans, and
however often, comes to the same jobs, of the same ids; a plan of what is there already is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..errors import ValidationError
from ..job import commands as c
from ..job.origin import Cause, FromSchedule
from ..job.state import JobStatus, NewJob, ScheduledJob
from ..policy import EXPIRE_AFTER
from ..validation import SCHEDULE_WINDOW, check_content
from . import events as e
from .ahead import STEP, Ahead, as_it_stands, horizon_of, is_its_own, occurrences
from .content import text_of
from .defining import LONGEST_JITTER
from .lateness import kept_of_late
from .local_time import ZoneClock
from .state import HORIZON, EndReason, Schedule

_CAN_COME_BACK: tuple[Cause, ...] = ("edited", "resumed", "zone_rules")
"""What a job was given up for by a plan, and not by a person."""

_LONGEST_SHIFT = timedelta(days=1)
"""By how much the rules of a zone have ever moved a local time: across the date line."""


class Outlook(NamedTuple):
    """What planning asks of the ledger: the open jobs of the schedule, a job by its id, whether
    there ever was one of an id, and whether an account may have a text once some are gone."""

    open: Sequence[ScheduledJob]
    find: Callable[[str], ScheduledJob | None]
    is_known: Callable[[str], bool]
    may_have: Callable[[str, str, Container[str]], bool]


class SchedulePlan(NamedTuple):
    """What a schedule does: its events, and the commands on its jobs, in order."""

    events: list[e.ScheduleEvent]
    commands: list[tuple[str, c.Command]]


class Planner:
    """Plans one schedule at one moment."""

    def __init__(
        self, schedule: Schedule, clock: ZoneClock, now: datetime, outlook: Outlook
    ) -> None:
        self._schedule = schedule
        self._clock = clock
        self._now = now
        self._outlook = outlook
        self._made = schedule.made
        self._free = set(schedule.given_back)
        self._commands: list[tuple[str, c.Command]] = []
        self._left_out: list[e.OccurrenceLeftOut] = []
        self._gone: set[str] = set()

    def extend(self) -> SchedulePlan:
        """Plan what comes behind what was planned: what is there stays as it is."""
        schedule, now = self._schedule, self._now
        # rule: plan-on-where-it-ended
        begin = schedule.planned_until or schedule.since or now
        begin = max(begin, schedule.since or begin)
        since = None
        if begin < now - EXPIRE_AFTER:
            begin = since = now - EXPIRE_AFTER  # what was before could only have expired
        ahead = list(self._target(begin))
        late = [one for one in ahead if now - one.at > timedelta(seconds=schedule.grace_s)]
        missed = set(late) - set(kept_of_late(schedule, late))
        return self._plan([one for one in ahead if one not in missed], len(missed), since)

    def anew(self, cause: Cause) -> SchedulePlan:
        """Plan all that is ahead once more, for this cause: what is there already is changed where
        the schedule would have it otherwise, and given up where it would not have it. What is due,
        but not begun, stays at its time."""
        begin = max(self._now, self._schedule.since or self._now)
        # Also what has been, as long as its job may still be ahead by its jitter.
        target = list(self._target(begin - LONGEST_JITTER, as_planned=cause == "zone_rules"))
        wanted = {one.job_id for one in target}
        ahead = [one for one in target if one.occurrence.at > begin]
        moving, standing = {one.job_id for one in ahead}, []
        for job in filter(is_its_own, self._outlook.open):
            if job.scheduled_time > self._now and job.job_id not in wanted:
                self._give_up(job, cause)
            elif job.job_id not in moving and not self._is_left_alone(job, cause):
                assert job.schedule is not None
                standing.append(as_it_stands(job.schedule, job.job_id, job.scheduled_time))
        return self._plan([*standing, *ahead], 0, None, cause)

    def _is_left_alone(self, job: ScheduledJob, cause: Cause) -> bool:
        """Whether a job whose moment has come stays as it is: what a pause has held is too late."""
        assert job.schedule is not None
        was_held = job.status is JobStatus.PENDING and job.schedule.cause == "paused"
        return cause == "zone_rules" or (was_held and job.scheduled_time <= self._now)

    def _give_up(self, job: ScheduledJob, cause: Cause) -> None:
        assert job.schedule is not None
        self._commands.append((job.job_id, c.Cancel(schedule=cause)))
        self._free.add(job.schedule.number)
        self._gone.add(job.job_id)

    def _target(self, begin: datetime, *, as_planned: bool = False) -> Iterator[Ahead]:
        """Yield what is to be planned: up to the horizon, and at least one that is ahead.

        `as_planned`: as far as it was, wherever the clock stands by now."""
        schedule, now = self._schedule, self._now
        horizon, latest = now + horizon_of(schedule), now + SCHEDULE_WINDOW
        if as_planned:
            horizon = self._as_planned(schedule.planned_until or horizon)
        count = 0
        self._until, self._is_over = max(horizon, begin), True
        for one in occurrences(schedule.schedule_id, schedule, self._clock, begin):
            if one.occurrence.at > horizon and (as_planned or count > 0 or one.at > latest):
                self._is_over = False
                if not as_planned and not count:  # it can be a job only later, and is the first
                    self._until = max(horizon, one.at - SCHEDULE_WINDOW + HORIZON - STEP)
                return
            self._until = max(horizon, one.occurrence.at)
            if one.name in schedule.skipped:
                continue
            if one.at > now:
                count += 1
            yield one

    def _as_planned(self, until: datetime) -> datetime:
        """Return how far jobs were planned, which was up to `until` by the rules of then: by those
        of today the moments of the last ones may be behind that."""
        schedule = self._schedule
        has_job = {job.job_id for job in self._outlook.open if is_its_own(job)}
        times = [until]
        for one in occurrences(schedule.schedule_id, schedule, self._clock, until):
            if one.occurrence.at > until + _LONGEST_SHIFT:
                break
            if one.job_id in has_job:
                times.append(one.occurrence.at)
        return max(times)

    def _plan(
        self,
        ahead: Iterable[Ahead],
        missed: int,
        since: datetime | None,
        cause: Cause | None = None,
    ) -> SchedulePlan:
        ended: EndReason | None = "until" if self._is_over else None
        for one in ahead:
            reason = self._take(one, cause)
            if reason is not None:
                ended = reason
                if cause is not None:
                    continue  # what is there of those that follow is given up, too
                break
        planned = e.SchedulePlanned(
            until=self._until,
            made=self._made,
            given_back=tuple(sorted(self._free)),
            missed=missed,
            since=since,
            left_out=tuple(self._left_out),
        )
        events: list[e.ScheduleEvent] = [planned]
        if ended is not None:
            events.append(e.ScheduleEnded(reason=ended))
        return SchedulePlan(events, self._commands)

    def _take(self, one: Ahead, cause: Cause | None) -> EndReason | None:
        """Have a job for an occurrence; return why the schedule is over where there is no more."""
        job = self._outlook.find(one.job_id)
        if job is None:
            return None if self._outlook.is_known(one.job_id) else self._add(one)
        origin = job.schedule
        if origin is None or origin.is_detached:
            return None
        if is_its_own(job):
            return None if cause is None else self._adapt(job, one, origin.number, cause)
        if job.status is JobStatus.CANCELLED and origin.cause in _CAN_COME_BACK:
            return self._revive(job, one, cause or origin.cause)
        return None

    def _add(self, one: Ahead) -> EndReason | None:
        number = self._next_number()
        text, ended = self._text(one, number)
        if text is None:
            return ended
        self._use(number)
        if self._is_left_out(one, text):
            return None
        said = self._schedule
        new = NewJob(
            account_id=said.account_id,
            content=text,
            scheduled_time=one.at,
            priority=said.priority,
            max_retries=said.max_retries,
            platform=said.platform,
            metadata=said.metadata,
            hold=said.hold,
        )
        origin = FromSchedule(schedule_id=said.schedule_id, occurrence=one.name, number=number)
        self._commands.append((one.job_id, c.Add(job_id=one.job_id, job=new, schedule=origin)))
        return None

    def _adapt(self, job: ScheduledJob, one: Ahead, number: int, cause: Cause) -> EndReason | None:
        """Have a waiting job as the schedule has it now."""
        said = self._schedule
        text, _ = self._text(one, number)
        if text is None:  # there may be another that is free
            self._give_up(job, cause)
            return self._revive(job, one, cause)
        if text != job.content and self._is_left_out(one, text):
            self._give_up(job, cause)
            return None
        wanted: list[c.Command] = []
        asked: dict[str, Any] = {
            "content": text,
            "priority": said.priority,
            "metadata": said.metadata,
        }
        changed = {name: value for name, value in asked.items() if getattr(job, name) != value}
        if changed:
            wanted.append(c.Edit(**changed, schedule=cause))
        if job.scheduled_time != one.at:
            wanted.append(c.Reschedule(scheduled_time=one.at, schedule=cause))
        if said.hold and job.status is JobStatus.SCHEDULED:
            wanted.append(c.Hold(schedule=cause))
        if not said.hold and job.status is JobStatus.PENDING:
            wanted.append(c.Release(schedule=cause))
        self._commands += [(job.job_id, command) for command in wanted]
        return None

    def _revive(self, job: ScheduledJob, one: Ahead, cause: Cause) -> EndReason | None:
        said = self._schedule
        assert job.schedule is not None
        number = job.schedule.number
        text, ended = self._text(one, number)
        if number not in self._free or text is None:  # another job has its text by now
            number = self._next_number()
            text, ended = self._text(one, number)
        if text is None:
            return ended
        self._use(number)
        if self._is_left_out(one, text):
            return None
        revive = c.Revive(
            cause=cause,
            scheduled_time=one.at,
            content=text,
            priority=said.priority,
            metadata=said.metadata,
            hold=said.hold,
            number=number,
        )
        self._commands.append((job.job_id, revive))
        return None

    def _next_number(self) -> int:
        return min(self._free, default=self._made + 1)

    def _text(self, one: Ahead, number: int) -> tuple[str | None, EndReason | None]:
        said = self._schedule
        if said.max_count is not None and number > said.max_count:
            return None, "count"
        text = text_of(said, said.schedule_id, number, one.occurrence.local)
        return text, None if text is not None else "texts"

    def _use(self, number: int) -> None:
        self._free.discard(number)  # rule: free-number-is-used-once
        self._made = max(self._made, number)

    def _is_left_out(self, one: Ahead, text: str) -> bool:
        """Note that an occurrence is no job where its text cannot be one."""
        try:
            check_content(text, None)
        except ValidationError:
            self._left_out.append(e.OccurrenceLeftOut(one.name, "content"))
            return True
        if not self._outlook.may_have(self._schedule.account_id, text, self._gone):
            self._left_out.append(e.OccurrenceLeftOut(one.name, "unique"))
            return True
        return False
