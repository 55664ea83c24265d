"""Why a job is where it is, in words: "why has it not been posted?", "why was it posted twice?"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ...domain.job import events as e
from ...domain.job.events import Event
from ...domain.job.state import JobStatus, ScheduledJob
from ...domain.policy import EXPIRE_AFTER, MAX_RUNNING_MINUTES
from .timeline import span


class Surroundings(msgspec.Struct, kw_only=True):
    """What an answer depends on besides the job's own events.

    `ahead` are the due jobs that go first, `running` those that run now; `runner` is the pid of the
    process that runs jobs, None where there is none. `same_text` are the account's other jobs with
    the same content.
    """

    now: datetime
    zone: ZoneInfo
    ahead: Sequence[ScheduledJob] = ()
    running: Sequence[ScheduledJob] = ()
    runner: int | None = None
    same_text: Sequence[ScheduledJob] = ()
    expire_after: timedelta = EXPIRE_AFTER


class Explanation(msgspec.Struct, frozen=True):
    """Sentences: where the job stands and why, and every way in which it may be out twice."""

    standing: list[str]
    twice: list[str]

    @property
    def answer(self) -> str:
        """All of it as one paragraph."""
        return " ".join([*self.standing, *self.twice])


def explain(job: ScheduledJob | None, events: Sequence[Event], around: Surroundings) -> Explanation:
    """The answer for a job, from all its events; `job` is None when it was removed."""
    story = _Story(job, events, around)
    return Explanation(list(story.standing()), list(story.twice()))


class _Story:
    def __init__(
        self, job: ScheduledJob | None, events: Sequence[Event], around: Surroundings
    ) -> None:
        self._job = job
        self._events = events
        self._around = around

    # -- words ---------------------------------------------------------------------------------

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._around.zone):%Y-%m-%d %H:%M:%S}"

    def _ago(self, moment: datetime) -> str:
        distance = self._around.now - moment
        told = f"in {span(-distance)}" if distance < timedelta(0) else f"{span(distance)} ago"
        return f"at {self._at(moment)} ({told})"

    def _by(self, event: Event | None) -> str:
        return "" if event is None or event.by is None else f" by {event.by}"

    def _person(self, event: Event) -> str:
        """Somebody who said something, with his name where the log has it."""
        return "A person" if event.by is None else f"A person ({event.by})"

    def _last(self, *kinds: type[e.EventData]) -> Event | None:
        return next((ev for ev in reversed(self._events) if isinstance(ev.data, kinds)), None)

    # -- where it stands -----------------------------------------------------------------------

    def standing(self) -> Iterator[str]:
        job = self._job
        if job is None:
            last = self._events[-1]
            when = self._ago(last.at)
            yield f"It was removed{self._by(last)} {when}; its events stay in the log."
            if self._last(e.JobCompleted) is None:
                yield "It had not been posted, as far as the log knows."
            return
        tell = {
            JobStatus.PENDING: self._pending,
            JobStatus.SCHEDULED: self._scheduled,
            JobStatus.RUNNING: self._running,
            JobStatus.COMPLETED: self._completed,
            JobStatus.FAILED: self._failed,
            JobStatus.CANCELLED: self._cancelled,
            JobStatus.EXPIRED: self._expired,
        }
        yield from tell[job.status](job)

    def _pending(self, job: ScheduledJob) -> Iterator[str]:
        held = self._last(e.JobHeld, e.JobAdded)
        since = "" if held is None else f"{self._by(held)} since {self._at(held.at)}"
        drafted = held is not None and isinstance(held.data, e.JobAdded)
        how = "It is a draft that was added on hold" if drafted else "It is held"
        yield f"{how}{since}, and does not run until it is released (`jobledger release`)."
        if job.scheduled_time <= self._around.now:
            expires = job.scheduled_time + self._around.expire_after
            yield (
                f"Its time was {self._ago(job.scheduled_time)};"
                f" it expires {self._ago(expires)} if nobody does."
            )

    def _scheduled(self, job: ScheduledJob) -> Iterator[str]:
        yield from self._what_went_before(job)
        now = self._around.now
        if job.scheduled_time > now:
            waits = "the next attempt is due" if job.attempt else "it waits for its time,"
            yield f"{waits[0].upper()}{waits[1:]} {self._ago(job.scheduled_time)}."
            return
        if job.is_expired(now, self._around.expire_after):
            late = span(now - job.scheduled_time)
            yield (
                f"Its time was {self._at(job.scheduled_time)}, {late} ago: more than"
                f" {span(self._around.expire_after)} late, so it is not posted any more and will"
                " be marked as expired."
            )
            return
        yield f"It is due since {self._at(job.scheduled_time)} ({span(now - job.scheduled_time)})."
        yield from self._what_is_in_its_way(job)

    def _what_went_before(self, job: ScheduledJob) -> Iterator[str]:
        last = self._last(e.JobRetried, e.JobInterrupted, e.JobRequeued, e.JobStarted)
        data = None if last is None else last.data
        if last is None:
            return
        if isinstance(data, e.JobRetried | e.JobInterrupted) and not data.called:
            yield (
                f"Attempt {data.attempt} was given up {self._ago(last.at)} before its publisher was"
                f" called ({data.error}); that counts for nothing."
            )
        elif isinstance(data, e.JobRetried):
            yield (
                f"Attempt {data.attempt} failed {self._ago(last.at)} with {data.error!r};"
                f" retry {data.retry_count} of {job.max_retries} follows."
            )
        elif isinstance(data, e.JobInterrupted):
            then = (
                "the publisher will be asked whether the post is out before anything else"
                if data.in_doubt
                else "its publisher cannot be asked, so it is posted again, although it may be out"
            )
            yield (
                f"Attempt {data.attempt} was interrupted {self._ago(last.at)} ({_how(data)});"
                f" {then}."
            )
        elif isinstance(data, e.JobRequeued):
            yield f"It was requeued{self._by(last) or ' by hand'} {self._ago(last.at)}."

    def _what_is_in_its_way(self, job: ScheduledJob) -> Iterator[str]:
        around = self._around
        deferred = self._last(e.JobDeferred)
        if (
            job.deferred_until is not None
            and deferred is not None
            and isinstance(deferred.data, e.JobDeferred)
        ):
            yield (
                f"It is held back until {self._at(job.deferred_until)} at least:"
                f" {deferred.data.reason}."
            )
        if around.runner is None:
            yield "No runner works on this ledger: start one with `jobledger run`."
            return
        same = [other for other in around.running if other.account_id == job.account_id]
        if same:
            yield (
                f"Job {same[0].job_id} of the same account is running, and an account's jobs run"
                " one after another."
            )
        elif around.running:
            yield f"The runner (process {around.runner}) is busy with job {_names(around.running)}."
        if around.ahead:
            first = around.ahead[0]
            why = "higher priority" if first.priority > job.priority else "an earlier time"
            yield (
                f"{len(around.ahead)} due job{_s(around.ahead)} go{'es' * (len(around.ahead) == 1)}"
                f" first, the next with {why}: {first.job_id}."
            )
        if not around.running and not around.ahead and job.deferred_until is None:
            yield f"It is next: the runner (process {around.runner}) should start it at once."

    def _running(self, job: ScheduledJob) -> Iterator[str]:
        started = self._last(e.JobStarted)
        if started is None or not isinstance(started.data, e.JobStarted):
            since = job.started_at or self._around.now
            yield f"It was running when it was imported, since {self._at(since)}."
        else:
            doing = "is being asked about" if started.data.asks_first else "is being made"
            yield f"Attempt {job.attempt} {doing}, since {self._at(started.at)}."
        note = self._last(e.JobNoted)
        if note is not None and isinstance(note.data, e.JobNoted):
            yield f"It last said {note.data.message!r}, {self._ago(note.at)}."
        if self._around.runner is None:
            yield (
                "But no runner works on this ledger, so the attempt was cut off; the next runner"
                " recovers it when it starts."
            )
        elif job.is_stuck(self._around.now):
            yield (
                f"That is longer than {MAX_RUNNING_MINUTES} minutes: it counts as stuck, and the"
                " runner will recover it."
            )

    def _completed(self, job: ScheduledJob) -> Iterator[str]:
        done = self._last(e.JobCompleted, e.JobResolved)
        post = f" as {job.thread_id}" if job.thread_id else ""
        if done is not None and isinstance(done.data, e.JobResolved):
            yield f"{self._person(done)} said {self._ago(done.at)} that it was posted{post}."
        elif done is not None and isinstance(done.data, e.JobCompleted):
            yield from self._posted(done.data, post, done.at)
        else:
            yield f"It was already posted{post} when it was imported."

    def _posted(self, data: e.JobCompleted, post: str, at: datetime) -> Iterator[str]:
        earlier = f"attempt {data.asked_about}" if data.asked_about else "an earlier attempt"
        if data.found:
            yield (
                f"It was posted{post}: attempt {data.attempt} asked {self._ago(at)}, it was out:"
                f" {earlier} had posted it."
            )
        else:
            yield f"It was posted{post} by attempt {data.attempt}, {self._ago(at)}."
            if data.found is False:
                yield f"Asked before that, it was not out: {earlier} had not posted it."
            late = self._late()
            if late is not None:
                yield late
        if data.remark is not None:
            yield f"{data.remark[:1].upper()}{data.remark[1:]}."

    def _late(self) -> str | None:
        """Why it went out later than it was first asked to, where it did by more than a minute."""
        asked = self._last(e.JobAdded, e.JobRescheduled, e.JobRequeued)
        done = self._last(e.JobCompleted)
        due = getattr(None if asked is None else asked.data, "scheduled_time", None)
        if due is None or done is None or done.at - due < timedelta(minutes=1):
            return None
        told = f"That is {span(done.at - due)} after its time ({self._at(due)})"
        before = [
            ev.data.error
            for ev in self._events
            if isinstance(ev.data, e.JobRetried | e.JobInterrupted) and ev.data.called
        ]
        if not before:
            return f"{told}."
        return (
            f"{told}: {len(before)} attempt{_s(before)} before it did not succeed, the last with"
            f" {before[-1]!r}."
        )

    def _failed(self, job: ScheduledJob) -> Iterator[str]:
        last = self._last(e.JobFailed, e.JobInterrupted, e.JobResolved)
        if job.outcome_unknown:
            yield "Nobody knows whether it is out."
        if last is not None and isinstance(last.data, e.JobInterrupted):
            yield (
                f"Attempt {last.data.attempt} was interrupted {self._ago(last.at)}"
                f" ({_how(last.data)}), after it may have posted."
            )
            if last.data.reason == "outcome_unknown":
                yield (
                    "A publisher that is certain that nothing was posted raises NotPosted (or"
                    " returns PostResult(False)): it is tried again then."
                )
        elif last is not None and isinstance(last.data, e.JobFailed):
            yield f"Attempt {last.data.attempt} failed {self._ago(last.at)}: {last.data.error!r}."
            if job.may_be_out:
                yield (
                    f"But attempt {job.doubted_attempt} before it was interrupted, and may have"
                    " posted."
                )
            if not job.outcome_unknown:
                if job.retry_count < job.max_retries:
                    yield "The publisher said that it is not to be tried again."
                elif job.max_retries:
                    yield f"All of its {job.max_retries} retries were used."
                else:
                    yield "It was added without retries."
        elif last is not None:
            yield f"{self._person(last)} said {self._ago(last.at)} that it was not posted."
        else:
            error = f": {job.error!r}" if job.error else ""
            yield f"It had already failed when it was imported{error}."
        if job.outcome_unknown:
            yield (
                "Look at the account, then say `jobledger resolve --posted` or `--not-posted`;"
                " `jobledger requeue` posts it again. It is never tried again by itself."
            )
        else:
            yield "It stays so until it is requeued (`jobledger requeue`)."

    def _cancelled(self, job: ScheduledJob) -> Iterator[str]:
        last = self._last(e.JobCancelled)
        if last is None or not isinstance(last.data, e.JobCancelled):
            yield "It was already cancelled when it was imported."
            return
        reason = f": {last.data.reason!r}" if last.data.reason else ", without a reason given"
        yield f"It was cancelled{self._by(last)} {self._ago(last.at)}{reason}."
        if self._was_running_before(last):
            yield "An attempt was running then, so the post may be out all the same."

    def _expired(self, job: ScheduledJob) -> Iterator[str]:
        last = self._last(e.JobExpired)
        if last is None or not isinstance(last.data, e.JobExpired):
            yield "It had already expired when it was imported."
            return
        yield (
            f"It expired: its time was {self._at(job.scheduled_time)}, and"
            f" {span(timedelta(seconds=last.data.late_s))} later nothing had posted it."
        )
        before = self._events[:-1]
        held = next(
            (
                ev
                for ev in reversed(before)
                if isinstance(ev.data, e.JobHeld | e.JobReleased | e.JobAdded)
            ),
            None,
        )
        if held is not None and (
            isinstance(held.data, e.JobHeld) or getattr(held.data, "hold", False)
        ):
            yield f"It was on hold since {self._at(held.at)}."
        elif job.attempt == 0:
            yield "No runner had started it; was one running?"
        else:
            yield from self._what_went_before(job)

    # -- whether it may be out twice -----------------------------------------------------------

    def twice(self) -> Iterator[str]:
        """Every way in which the post may be out more than once, and what led to it."""
        unsure = [ev for ev in self._events if self._may_be_out(ev)]
        done = [ev for ev in self._events if isinstance(ev.data, e.JobCompleted | e.JobResolved)]
        for event in unsure:
            later = [
                ev
                for ev in self._events
                if ev.seq > event.seq
                and isinstance(ev.data, e.JobStarted)
                and not self._did_not_post(ev.data.attempt)
            ]
            if later and not self._asked(later[0]):
                attempt = getattr(event.data, "attempt", None) or self._attempt_before(event)
                ended = "cancelled" if isinstance(event.data, e.JobCancelled) else "interrupted"
                if isinstance(event.data, e.JobAdded) and event.data.imported is not None:
                    attempt, ended = event.data.imported.attempt, "imported"
                led = self._led(event, later[0])
                yield (
                    f"It may be out twice: attempt {attempt} was {ended} {self._ago(event.at)} when"
                    f" it may already have posted, and attempt {later[0].data.attempt} posted"  # type: ignore[attr-defined]
                    f" again without asking{led}."
                )
        posted = [other for other in self._around.same_text if other.status is JobStatus.COMPLETED]
        if posted and (done or unsure):
            yield (
                f"The same text of the same account was also posted by job {_names(posted)}, which"
                " was added on its own: two jobs, two posts."
            )
        elif self._around.same_text:
            yield f"Job {_names(self._around.same_text)} has the same text for the same account."

    def _may_be_out(self, event: Event) -> bool:
        """Whether an attempt ended here without anybody knowing whether it had posted."""
        data = event.data
        if isinstance(data, e.JobInterrupted):
            return data.reason != "reconcile_failed"
        if isinstance(data, e.JobFailed):
            return data.outcome_unknown
        if isinstance(data, e.JobAdded):
            past = data.imported
            return past is not None and (past.in_doubt or past.may_be_out or past.outcome_unknown)
        return isinstance(data, e.JobCancelled) and self._was_running_before(event)

    def _did_not_post(self, attempt: int) -> bool:
        """Whether an attempt ended by its publisher's word, or got no further than asking."""
        return any(
            isinstance(ev.data, e.JobRetried | e.JobFailed) and ev.data.attempt == attempt
            for ev in self._events
        )

    def _asked(self, started: Event) -> bool:
        return isinstance(started.data, e.JobStarted) and started.data.asks_first

    def _led(self, event: Event, started: Event) -> str:
        between = [ev for ev in self._events if event.seq < ev.seq < started.seq]
        requeued = next((ev for ev in between if isinstance(ev.data, e.JobRequeued)), None)
        if requeued is not None:
            return f", because {requeued.by or 'a person'} requeued it"
        return ", because its publisher cannot be asked and the runner retries what is interrupted"

    def _attempt_before(self, event: Event) -> int:
        return max(
            (
                ev.data.attempt
                for ev in self._events
                if ev.seq < event.seq and isinstance(ev.data, e.JobStarted)
            ),
            default=0,
        )

    def _was_running_before(self, event: Event) -> bool:
        last = None
        for ev in self._events:
            if ev.seq >= event.seq:
                break
            if isinstance(ev.data, e.JobNoted | e.JobCheckpointed):
                continue
            last = ev
        return last is not None and isinstance(last.data, e.JobStarted)


_INTERRUPTED: dict[str, str] = {
    "crashed": "its runner ended in mid-run",
    "stuck": "it ran for too long",
    "stopped": "the runner was stopped",
    "timeout": "its publisher gave no answer in its time",
    "outcome_unknown": "the publisher left open whether it had posted",
    "reconcile_failed": "asking the publisher failed",
}


def _how(data: e.JobInterrupted) -> str:
    """How an attempt was interrupted; where that came of what its publisher said, what it said."""
    words = _INTERRUPTED[data.reason]
    return f"{words}: {data.error!r}" if data.reason == "outcome_unknown" else words


def _names(jobs: Sequence[ScheduledJob]) -> str:
    names = ", ".join(job.job_id for job in jobs[:3])
    return names if len(jobs) <= 3 else f"{names} and {len(jobs) - 3} more"


def _s(things: Sequence[object]) -> str:
    return "" if len(things) == 1 else "s"
