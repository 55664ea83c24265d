"""Where a job stands, and why it is there: "why has it not been posted?"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ...domain import MAX_RUNNING_MINUTES, JobStatus, ScheduledJob
from ...domain import events as e
from .story import Story, names, plural
from .timeline import span


def standing(story: Story) -> Iterator[str]:
    """Say where the job stands, and what has led there, in sentences."""
    job = story.job
    if job is None:
        last = story.events[-1]
        when = story.ago(last.at)
        yield f"It was removed{story.by(last)} {when}; its events stay in the log."
        if story.last(e.JobCompleted) is None:
            yield "It had not been posted, as far as the log knows."
        return
    tell = {
        JobStatus.PENDING: _pending,
        JobStatus.SCHEDULED: _scheduled,
        JobStatus.RUNNING: _running,
        JobStatus.COMPLETED: _completed,
        JobStatus.FAILED: _failed,
        JobStatus.CANCELLED: _cancelled,
        JobStatus.EXPIRED: _expired,
    }
    yield from tell[job.status](story, job)


def _pending(story: Story, job: ScheduledJob) -> Iterator[str]:
    held = story.last(e.JobHeld, e.JobAdded)
    since = "" if held is None else f"{story.by(held)} since {story.at(held.at)}"
    drafted = held is not None and isinstance(held.data, e.JobAdded)
    how = "It is a draft that was added on hold" if drafted else "It is held"
    yield f"{how}{since}, and does not run until it is released (`jobledger release`)."
    if job.scheduled_time <= story.around.now:
        expires = job.scheduled_time + story.around.expire_after
        yield (
            f"Its time was {story.ago(job.scheduled_time)};"
            f" it expires {story.ago(expires)} if nobody does."
        )


def _scheduled(story: Story, job: ScheduledJob) -> Iterator[str]:
    yield from _what_went_before(story, job)
    now = story.around.now
    if job.scheduled_time > now:
        waits = "the next attempt is due" if job.attempt else "it waits for its time,"
        yield f"{waits[0].upper()}{waits[1:]} {story.ago(job.scheduled_time)}."
        return
    if job.is_expired(now, story.around.expire_after):
        late = span(now - job.scheduled_time)
        yield (
            f"Its time was {story.at(job.scheduled_time)}, {late} ago: more than"
            f" {span(story.around.expire_after)} late, so it is not posted any more and will"
            " be marked as expired."
        )
        return
    yield f"It is due since {story.at(job.scheduled_time)} ({span(now - job.scheduled_time)})."
    yield from _what_is_in_its_way(story, job)


def _what_went_before(story: Story, job: ScheduledJob) -> Iterator[str]:
    last = story.last(e.JobRetried, e.JobInterrupted, e.JobRequeued, e.JobStarted)
    data = None if last is None else last.data
    if last is None:
        return
    if isinstance(data, e.JobRetried | e.JobInterrupted) and not data.called:
        yield (
            f"Attempt {data.attempt} was given up {story.ago(last.at)} before its publisher was"
            f" called ({data.error}); that counts for nothing."
        )
    elif isinstance(data, e.JobRetried):
        yield (
            f"Attempt {data.attempt} failed {story.ago(last.at)} with {data.error!r};"
            f" retry {data.retry_count} of {job.max_retries} follows."
        )
    elif isinstance(data, e.JobInterrupted):
        then = (
            "the publisher will be asked whether the post is out before anything else"
            if data.in_doubt
            else "its publisher cannot be asked, so it is posted again, although it may be out"
        )
        yield (
            f"Attempt {data.attempt} was interrupted {story.ago(last.at)} ({_how(data)}); {then}."
        )
    elif isinstance(data, e.JobRequeued):
        yield f"It was requeued{story.by(last) or ' by hand'} {story.ago(last.at)}."


def _what_is_in_its_way(story: Story, job: ScheduledJob) -> Iterator[str]:
    around = story.around
    deferred = story.last(e.JobDeferred)
    if (
        job.deferred_until is not None
        and deferred is not None
        and isinstance(deferred.data, e.JobDeferred)
    ):
        yield (
            f"It is held back until {story.at(job.deferred_until)} at least:"
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
        yield f"The runner (process {around.runner}) is busy with job {names(around.running)}."
    if around.ahead:
        first = around.ahead[0]
        why = "higher priority" if first.priority > job.priority else "an earlier time"
        yield (
            f"{len(around.ahead)} due job{plural(around.ahead)} go{'es' * (len(around.ahead) == 1)}"
            f" first, the next with {why}: {first.job_id}."
        )
    if not around.running and not around.ahead and job.deferred_until is None:
        yield f"It is next: the runner (process {around.runner}) should start it at once."


def _running(story: Story, job: ScheduledJob) -> Iterator[str]:
    started = story.last(e.JobStarted)
    if started is None or not isinstance(started.data, e.JobStarted):
        since = job.started_at or story.around.now
        yield f"It was running when it was imported, since {story.at(since)}."
    else:
        doing = "is being asked about" if started.data.asks_first else "is being made"
        yield f"Attempt {job.attempt} {doing}, since {story.at(started.at)}."
    note = story.last(e.JobNoted)
    if note is not None and isinstance(note.data, e.JobNoted):
        yield f"It last said {note.data.message!r}, {story.ago(note.at)}."
    if story.around.runner is None:
        yield (
            "But no runner works on this ledger, so the attempt was cut off; the next runner"
            " recovers it when it starts."
        )
    elif job.is_stuck(story.around.now):
        yield (
            f"That is longer than {MAX_RUNNING_MINUTES} minutes: it counts as stuck, and the"
            " runner will recover it."
        )


def _completed(story: Story, job: ScheduledJob) -> Iterator[str]:
    done = story.last(e.JobCompleted, e.JobResolved)
    post = f" as {job.thread_id}" if job.thread_id else ""
    if done is not None and isinstance(done.data, e.JobResolved):
        yield f"{story.person(done)} said {story.ago(done.at)} that it was posted{post}."
    elif done is not None and isinstance(done.data, e.JobCompleted):
        yield from _posted(story, done.data, post, done.at)
    else:
        yield f"It was already posted{post} when it was imported."


def _posted(story: Story, data: e.JobCompleted, post: str, at: datetime) -> Iterator[str]:
    earlier = f"attempt {data.asked_about}" if data.asked_about else "an earlier attempt"
    if data.found:
        yield (
            f"It was posted{post}: attempt {data.attempt} asked {story.ago(at)}, it was out:"
            f" {earlier} had posted it."
        )
    else:
        yield f"It was posted{post} by attempt {data.attempt}, {story.ago(at)}."
        if data.found is False:
            yield f"Asked before that, it was not out: {earlier} had not posted it."
        late = _late(story)
        if late is not None:
            yield late
    if data.remark is not None:
        yield f"{data.remark[:1].upper()}{data.remark[1:]}."


def _late(story: Story) -> str | None:
    """Say why it went out later than was first asked for, where that is more than a minute."""
    asked = story.last(e.JobAdded, e.JobRescheduled, e.JobRequeued)
    done = story.last(e.JobCompleted)
    due = getattr(None if asked is None else asked.data, "scheduled_time", None)
    if due is None or done is None or done.at - due < timedelta(minutes=1):
        return None
    told = f"That is {span(done.at - due)} after its time ({story.at(due)})"
    before = [
        ev.data.error
        for ev in story.events
        if isinstance(ev.data, e.JobRetried | e.JobInterrupted) and ev.data.called
    ]
    if not before:
        return f"{told}."
    return (
        f"{told}: {len(before)} attempt{plural(before)} before it did not succeed, the last with"
        f" {before[-1]!r}."
    )


def _failed(story: Story, job: ScheduledJob) -> Iterator[str]:
    last = story.last(e.JobFailed, e.JobInterrupted, e.JobResolved)
    if job.outcome_unknown:
        yield "Nobody knows whether it is out."
    if last is not None and isinstance(last.data, e.JobInterrupted):
        yield (
            f"Attempt {last.data.attempt} was interrupted {story.ago(last.at)}"
            f" ({_how(last.data)}), after it may have posted."
        )
        if last.data.reason == "outcome_unknown":
            yield (
                "A publisher that is certain that nothing was posted raises NotPosted (or"
                " returns PostResult(False)): it is tried again then."
            )
    elif last is not None and isinstance(last.data, e.JobFailed):
        yield f"Attempt {last.data.attempt} failed {story.ago(last.at)}: {last.data.error!r}."
        if job.may_be_out:
            yield (
                f"But attempt {job.doubted_attempt} before it was interrupted, and may have posted."
            )
        if not job.outcome_unknown:
            if job.retry_count < job.max_retries:
                yield "The publisher said that it is not to be tried again."
            elif job.max_retries:
                yield f"All of its {job.max_retries} retries were used."
            else:
                yield "It was added without retries."
    elif last is not None:
        yield f"{story.person(last)} said {story.ago(last.at)} that it was not posted."
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


def _cancelled(story: Story, job: ScheduledJob) -> Iterator[str]:
    last = story.last(e.JobCancelled)
    if last is None or not isinstance(last.data, e.JobCancelled):
        yield "It was already cancelled when it was imported."
        return
    reason = f": {last.data.reason!r}" if last.data.reason else ", without a reason given"
    yield f"It was cancelled{story.by(last)} {story.ago(last.at)}{reason}."
    if story.was_running_before(last):
        yield "An attempt was running then, so the post may be out all the same."


def _expired(story: Story, job: ScheduledJob) -> Iterator[str]:
    last = story.last(e.JobExpired)
    if last is None or not isinstance(last.data, e.JobExpired):
        yield "It had already expired when it was imported."
        return
    yield (
        f"It expired: its time was {story.at(job.scheduled_time)}, and"
        f" {span(timedelta(seconds=last.data.late_s))} later nothing had posted it."
    )
    before = story.events[:-1]
    held = next(
        (
            ev
            for ev in reversed(before)
            if isinstance(ev.data, e.JobHeld | e.JobReleased | e.JobAdded)
        ),
        None,
    )
    if held is not None and (isinstance(held.data, e.JobHeld) or getattr(held.data, "hold", False)):
        yield f"It was on hold since {story.at(held.at)}."
    elif job.attempt == 0:
        yield "No runner had started it; was one running?"
    else:
        yield from _what_went_before(story, job)


_INTERRUPTED: dict[str, str] = {
    "crashed": "its runner ended in mid-run",
    "stuck": "it ran for too long",
    "stopped": "the runner was stopped",
    "timeout": "its publisher gave no answer in its time",
    "outcome_unknown": "the publisher left open whether it had posted",
    "reconcile_failed": "asking the publisher failed",
}


def _how(data: e.JobInterrupted) -> str:
    """Say how an attempt was interrupted, and what its publisher said where it came of that."""
    words = _INTERRUPTED[data.reason]
    return f"{words}: {data.error!r}" if data.reason == "outcome_unknown" else words
