"""Where a schedule stands, and when its next post is: "why is nothing posted?"; and what a job has
of its schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from ..domain import (
    Event,
    JobStatus,
    Schedule,
    ScheduledJob,
    ScheduleEnded,
    ScheduleEvent,
    SchedulePaused,
    SchedulePlanned,
    ScheduleStatus,
)
from .event_words import CAUSES
from .rules import rule_in_words
from .schedule_words import END_REASONS
from .sentence import Fact, Sentence, say
from .story import Surroundings, ago, names


class ScheduleStory(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer about a schedule depends on besides its events: its `waiting` jobs, by time,
    and the next occurrence that is to come, with its job's id, where there is one."""

    schedule: Schedule
    waiting: Sequence[ScheduledJob]
    next_job: str | None = None
    next_at: datetime | None = None


def standing_of_schedule(
    of: ScheduleStory, events: Sequence[Event[ScheduleEvent]], around: Surroundings
) -> Iterator[Sentence]:
    """Say where a schedule stands, and when its next post is, or why there is none."""
    schedule = of.schedule
    yield say(
        "It makes posts of account {account} {rule}, in {zone}.",
        account=schedule.account_id,
        rule=rule_in_words(schedule.rule),
        zone=schedule.zone,
    )
    if schedule.status is ScheduleStatus.PAUSED:
        yield from _paused(events, around)
    elif schedule.status is ScheduleStatus.ENDED:
        yield from _ended(of, events, around)
    else:
        yield from _active(of, around)
    yield from _left_out(events)
    changed = [job for job in of.waiting if job.schedule and job.schedule.is_detached]
    if changed:
        yield say("{jobs}: made or changed by hand, and left as that is.", jobs=names(changed))


def _active(of: ScheduleStory, around: Surroundings) -> Iterator[Sentence]:
    if of.next_at is None:
        yield say("Nothing comes of it any more.")
        return
    if of.next_job is None:
        yield say(
            "The next one comes {when}, and becomes a job a year ahead of that.",
            when=ago(of.next_at, around.now),
        )
        return
    when = ago(of.next_at, around.now)
    yield say("The next one is job {job}, {when}.", job=of.next_job, when=when)
    if of.schedule.hold:
        yield say("Its jobs are drafts: each runs once {released}.", released=_RELEASED)
    if of.schedule.skipped:
        yield say("Skipped: {occurrences}.", occurrences=", ".join(of.schedule.skipped))
    if around.runner is None and not around.is_past:
        yield say(
            "No runner works on this ledger: {start}.", start=say("start one", step="start_runner")
        )


_RELEASED = say("it is released", step="release")


def _paused(events: Sequence[Event[ScheduleEvent]], around: Surroundings) -> Iterator[Sentence]:
    last = next((ev for ev in reversed(events) if isinstance(ev.data, SchedulePaused)), None)
    if last is None:
        yield say("It was added paused, and makes nothing until it is resumed.")
        return
    by: Fact = "" if last.by is None else say(" by {who}", who=last.by)
    yield say(
        "It was paused{by} {when}: it makes nothing, and its waiting jobs are held, until it is"
        " resumed.",
        by=by,
        when=ago(last.at, around.now),
    )


def _ended(
    of: ScheduleStory, events: Sequence[Event[ScheduleEvent]], around: Surroundings
) -> Iterator[Sentence]:
    last = events[-1]
    assert isinstance(last.data, ScheduleEnded)
    when, reason = ago(last.at, around.now), END_REASONS[last.data.reason]
    if last.data.note:
        yield say(
            "It has ended {when}: {reason}, {note!r}.",
            when=when,
            reason=reason,
            note=last.data.note,
        )
    else:
        yield say("It has ended {when}: {reason}.", when=when, reason=reason)
    if of.waiting:
        yield say(
            "Of its posts {count} still wait, the last comes {when}.",
            count=len(of.waiting),
            when=ago(of.waiting[-1].scheduled_time, around.now),
        )


def _left_out(events: Sequence[Event[ScheduleEvent]]) -> Iterator[Sentence]:
    planned = [ev.data for ev in events if isinstance(ev.data, SchedulePlanned)]
    if not planned:
        return
    if planned[-1].left_out:
        yield say(
            "When it was last planned {count} were left out, since the account has their text"
            " already: {names}.",
            count=len(planned[-1].left_out),
            names=", ".join(left.occurrence for left in planned[-1].left_out[:3]),
        )
    if planned[-1].missed:
        yield say(
            "When it was last planned {count} were past already, and are not posted.",
            count=planned[-1].missed,
        )


def of_its_schedule(job: ScheduledJob) -> Iterator[Sentence]:
    """Say which schedule a job is of, and what that has done to it."""
    origin = job.schedule
    if origin is None:
        return
    yield say(
        "It is post {number} of schedule {name}, the occurrence {occurrence}.",
        number=origin.number,
        name=origin.schedule_id,
        occurrence=origin.occurrence,
    )
    if origin.cause is not None and job.status in (JobStatus.PENDING, JobStatus.SCHEDULED):
        yield say("Its schedule has changed it: {cause}.", cause=CAUSES[origin.cause])
    if origin.is_detached:
        yield say("It was changed by hand, so its schedule leaves it as it is.")
