"""What an event says, in a few words: what a person asks about first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import assert_never

from ..domain import (
    At,
    Cause,
    Cron,
    Event,
    Every,
    Rule,
    ValidationError,
    is_of_schedule,
    of_jobs,
)
from ..domain import events as e
from .sentence import Fact, Sentence, say
from .wording import Language, Wording

_BEGINNING = 60
NAMES = {
    name.template: name
    for name in (
        # of statuses
        say("pending"), say("scheduled"), say("running"), say("completed"), say("failed"),
        say("cancelled"), say("expired"),
        # of what happens, besides
        say("added"), say("held"), say("released"), say("edited"), say("rescheduled"),
        say("deferred"), say("started"), say("noted"), say("checkpointed"), say("retried"),
        say("interrupted"), say("requeued"), say("resolved"), say("removed"),
        # of schedules, and of slots
        say("schedule_added"), say("schedule_edited"), say("schedule_paused"),
        say("schedule_resumed"), say("schedule_planned"), say("schedule_skipped"),
        say("schedule_ended"), say("slots_set"), say("active"), say("paused"), say("ended"),
        # of what an attempt is interrupted by, besides
        say("crashed"), say("stuck"), say("stopped"), say("timeout"), say("outcome_unknown"),
        say("reconcile_failed"),
    )
}  # fmt: skip
"""The names that the log has for such things, which are words for people, too."""


def words(
    what: Event | str | datetime | timedelta | Rule,
    language: Language = "en",
    zone: tzinfo = UTC,
    *,
    of_a_known_job: bool = True,
) -> str:
    """Put it in words, for people: what an event says besides its type, the name of a type or a
    `JobStatus`, a moment, a span, or when a rule (`Cron`, `At`, `Every`) is due.

    Of an event it is what a person asks about first, and may be empty; times are in `zone`. Where
    the reader does not have the job in view (`of_a_known_job`), its account and the beginning of
    its text are said when it is added.

    Raises:
        ValidationError: there is no such language, or no type or status of this name.
    """
    wording = Wording(zone, language)
    if isinstance(what, str):
        if what not in NAMES:
            raise ValidationError(
                f"there is no type of event and no status named {what!r:.60}", field="what"
            )
        return wording.word(NAMES[what])
    if isinstance(what, (Cron, At, Every)):
        from .rules import rule_in_words  # for those who have rules

        return wording.word(rule_in_words(what))
    if not isinstance(what, Event):
        return wording.word(what)
    if is_of_schedule(what):
        from .schedule_words import parts_of_schedule  # for those who have schedules

        return ", ".join(map(wording.word, parts_of_schedule(what.data)))
    parts = (_parts(event.data, of_a_known_job=of_a_known_job) for event in of_jobs([what]))
    return ", ".join(wording.word(part) for each in parts for part in each)


def _parts(data: e.JobEvent, *, of_a_known_job: bool) -> Iterator[Fact]:
    match data:
        case e.JobAdded():
            if not of_a_known_job:
                yield f"{data.account_id}: {data.content[:_BEGINNING]}"
            yield from _of_added(data)
        case e.JobRescheduled() | e.JobRequeued():
            yield _due(data.scheduled_time)
            yield from _of_schedule(data.schedule)
        case e.JobDeferred():
            yield say("until {moment}", moment=data.until)
            yield from filter(None, (data.reason,))
        case e.JobStarted():
            if data.asks_first:
                yield say("asks first whether it is out")
            yield from filter(None, (data.runner,))
        case e.JobNoted():
            yield from filter(None, (data.message,))
        case e.JobCheckpointed():
            yield say("name {name}", name=data.name)
            yield from _of_value(data.value)
        case e.JobExpired():
            if data.late_s:
                yield say("seconds late {seconds}", seconds=data.late_s)
            yield from _of_schedule(data.schedule)
        case e.JobCancelled():
            yield from filter(None, (data.reason,))
            yield from _of_schedule(data.schedule)
            if data.in_doubt:
                yield say("in doubt")
        case e.JobResolved():
            if data.posted:
                yield say("posted")
            yield from _post(data.thread_id)
        case e.JobCompleted() | e.JobRetried() | e.JobFailed() | e.JobInterrupted():
            yield from _of_end(data)
        case e.JobHeld() | e.JobReleased() | e.JobEdited():
            yield from _of_schedule(data.schedule)
        case e.JobRemoved():
            return
        case _:
            assert_never(data)


def _of_added(data: e.JobAdded) -> Iterator[Fact]:
    yield _due(data.scheduled_time)
    if data.hold:
        yield say("hold")
    if data.schedule is not None:
        yield say("of schedule {name}", name=data.schedule.schedule_id)
    if data.publish_timeout_s:
        yield say("publish timeout s {seconds}", seconds=data.publish_timeout_s)
    past = data.imported
    if past is not None:
        yield say(
            "imported as {status} from {source}",
            status=NAMES[past.status],
            source=past.source,
        )
        if past.line is not None:
            yield say("line {number}", number=past.line)


def _of_schedule(cause: Cause | None) -> Iterator[Sentence]:
    if cause is not None:
        yield CAUSES[cause]


CAUSES: dict[Cause, Sentence] = {
    "edited": say("its schedule was edited"),
    "paused": say("its schedule was paused"),
    "resumed": say("its schedule was resumed"),
    "skipped": say("this occurrence of its schedule was skipped"),
    "ended": say("its schedule was ended"),
    "zone_rules": say("its time zone has other rules now"),
    "misfired": say("it was later than its schedule allows"),
    "overlap": say("the post before it was not over"),
}
"""Why a schedule has changed one of its jobs, in words."""


def _of_value(value: object) -> Iterator[Fact]:
    """Say what a checkpoint has kept, where that is something."""
    if value is True:
        yield say("value")
    elif value not in (None, False, 0, "", {}):
        yield say("value {value}", value=str(value))


def _of_end(data: e.AttemptEnd) -> Iterator[Fact]:
    """Say how an attempt ended."""
    match data:
        case e.JobCompleted():
            if data.found is not None:
                yield _asked(data.asked_about, found=data.found)
            yield from _post(data.thread_id)
            yield from filter(None, (data.remark,))
        case e.JobRetried():
            yield data.error
            yield from _next_attempt(data)
        case e.JobFailed():
            yield data.error
            if data.outcome_unknown:
                yield say("outcome unknown")
        case e.JobInterrupted():
            yield data.error
            yield NAMES[data.reason]
            yield from _next_attempt(data)
        case _:
            assert_never(data)


def _asked(attempt: int | None, *, found: bool) -> Sentence:
    asked = say("attempt {attempt}", attempt=attempt) if attempt else say("an earlier attempt")
    if found:
        return say("asked, it was out, posted by {attempt}", attempt=asked)
    return say("asked, {attempt} had not posted", attempt=asked)


def _next_attempt(data: e.JobRetried | e.JobInterrupted) -> Iterator[Fact]:
    if data.retry_count:
        yield say("retry {number}", number=data.retry_count)
    if data.scheduled_time is not None:
        yield _due(data.scheduled_time)
    if isinstance(data, e.JobInterrupted) and data.in_doubt:
        yield say("in doubt")
    if isinstance(data, e.JobInterrupted) and data.exhausted:
        yield say("exhausted")
    if data.called:
        yield say("called")


def _due(moment: datetime) -> Sentence:
    return say("due {moment}", moment=moment)


def _post(thread_id: str | None) -> Iterator[Fact]:
    if thread_id:
        yield say("id {post}", post=thread_id)
