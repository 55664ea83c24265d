"""Where a job stands, and why it is there: "why has it not been posted?"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..domain import MAX_RUNNING_MINUTES, JobStatus, ScheduledJob
from ..domain import events as e
from .event_words import CAUSES
from .failing import cancelled, failed, how_interrupted
from .foretold import what_it_lacks
from .sentence import Fact, Sentence, say
from .story import Story, names


def standing(story: Story) -> Iterator[Sentence]:
    """Say where the job stands, and what has led there, in sentences."""
    job = story.job
    if job is None:
        last = story.events[-1]
        yield say(
            "It was removed{by} {when}; its events stay in the log.",
            by=story.by(last),
            when=story.ago(last.at),
        )
        if story.last(e.JobCompleted) is None:
            yield say("It had not been posted, as far as the log knows.")
        return
    tell = {
        JobStatus.PENDING: _pending,
        JobStatus.SCHEDULED: _scheduled,
        JobStatus.RUNNING: _running,
        JobStatus.COMPLETED: _completed,
        JobStatus.FAILED: failed,
        JobStatus.CANCELLED: cancelled,
        JobStatus.EXPIRED: _expired,
    }
    yield from tell[job.status](story, job)
    if job.schedule is not None:
        from .schedule_standing import of_its_schedule  # for those who have schedules

        yield from of_its_schedule(job)


def _pending(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    held = story.last(e.JobHeld, e.JobAdded)
    since: Fact = ""
    if held is not None:
        since = say("{by} since {moment}", by=story.by(held), moment=held.at)
    released = say("it is released", step="release")
    if held is not None and isinstance(held.data, e.JobAdded):
        yield say(
            "It is a draft that was added on hold{since}, and does not run until {released}.",
            since=since,
            released=released,
        )
    else:
        yield say(
            "It is held{since}, and does not run until {released}.", since=since, released=released
        )
    if job.scheduled_time <= story.around.now:
        yield say(
            "Its time was {due}; it expires {expires} if nobody does.",
            due=story.ago(job.scheduled_time),
            expires=story.ago(job.scheduled_time + story.around.expire_after),
        )


def _scheduled(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    yield from _what_went_before(story, job)
    now, expire_after = story.around.now, story.around.expire_after
    if job.scheduled_time > now:
        if job.attempt:
            yield say("The next attempt is due {when}.", when=story.ago(job.scheduled_time))
        else:
            yield say("It waits for its time, {when}.", when=story.ago(job.scheduled_time))
        yield from what_it_lacks(story, job)
        return
    if job.is_expired(now, expire_after):
        yield say(
            "Its time was {due}, {late} ago: more than {limit} late, so it is not posted any more"
            " and will be marked as expired.",
            due=job.scheduled_time,
            late=now - job.scheduled_time,
            limit=expire_after,
        )
        return
    yield say(
        "It is due since {due} ({late}).", due=job.scheduled_time, late=now - job.scheduled_time
    )
    yield from _what_is_in_its_way(story, job)


def _what_went_before(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    last = story.last(e.JobRetried, e.JobInterrupted, e.JobRequeued, e.JobStarted)
    data = None if last is None else last.data
    if last is None:
        return
    when = story.ago(last.at)
    if isinstance(data, e.JobRetried | e.JobInterrupted) and not data.called:
        yield say(
            "Attempt {attempt} was given up {when} before its publisher was called ({error}); that"
            " counts for nothing.",
            attempt=data.attempt,
            when=when,
            error=data.error,
        )
    elif isinstance(data, e.JobRetried) and data.of_account:
        yield say(
            "Attempt {attempt} could post nothing for its account {when} ({error}); that counts for"
            " nothing.",
            attempt=data.attempt,
            when=when,
            error=data.error,
        )
    elif isinstance(data, e.JobRetried):
        yield say(
            "Attempt {attempt} failed {when} with {error!r}; retry {retry} of {retries} follows.",
            attempt=data.attempt,
            when=when,
            error=data.error,
            retry=data.retry_count,
            retries=job.max_retries,
        )
    elif isinstance(data, e.JobInterrupted):
        yield say(
            "Attempt {attempt} was interrupted {when} ({how}); {then}.",
            attempt=data.attempt,
            when=when,
            how=how_interrupted(data),
            then=_what_follows(data),
        )
    elif isinstance(data, e.JobRequeued):
        by = story.by(last) or ("" if data.schedule else say(" by hand"))
        yield say("It was requeued{by} {when}.", by=by, when=when)


def _what_follows(data: e.JobInterrupted) -> Sentence:
    if data.in_doubt:
        return say("the publisher will be asked whether the post is out before anything else")
    return say("its publisher cannot be asked, so it is posted again, although it may be out")


def _what_is_in_its_way(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    around = story.around
    deferred = story.last(e.JobDeferred)
    if job.is_held_back and deferred and isinstance(deferred.data, e.JobDeferred):
        yield say(
            "It is held back until {until} at least: {reason}.",
            until=deferred.data.until,
            reason=deferred.data.reason,
        )
    if around.runner is None and not around.is_past:
        yield say(
            "No runner works on this ledger: {start}.", start=say("start one", step="start_runner")
        )
        return
    runner: Fact = "" if around.runner is None else say(" (process {pid})", pid=around.runner)
    same = [other for other in around.running if other.account_id == job.account_id]
    if same:
        yield say(
            "Job {job} of the same account is running, and an account's jobs run one after"
            " another.",
            job=same[0].job_id,
        )
    elif len(around.running) > 1:
        yield say(
            "The runner{runner} is busy with jobs {jobs}.",
            runner=runner,
            jobs=names(around.running),
        )
    elif around.running:
        yield say(
            "The runner{runner} is busy with job {jobs}.",
            runner=runner,
            jobs=names(around.running),
        )
    if around.first is not None:
        yield _who_goes_first(around.ahead, around.first, job)
    elif not around.running and not job.is_held_back:
        yield say("It is next: the runner{runner} should start it at once.", runner=runner)


def _who_goes_first(ahead: int, first: ScheduledJob, job: ScheduledJob) -> Sentence:
    why = say("higher priority") if first.priority > job.priority else say("an earlier time")
    if ahead == 1:
        return say(
            "1 due job goes first, the next with {why}: {first}.", why=why, first=first.job_id
        )
    return say(
        "{ahead} due jobs go first, the next with {why}: {first}.",
        ahead=ahead,
        why=why,
        first=first.job_id,
    )


def _running(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    started = story.last(e.JobStarted)
    if started is None or not isinstance(started.data, e.JobStarted):
        yield say(
            "It was running when it was imported, since {since}.",
            since=job.started_at or story.around.now,
        )
    elif started.data.asks_first:
        yield say(
            "Attempt {attempt} is being asked about, since {since}.",
            attempt=job.attempt,
            since=started.at,
        )
    else:
        yield say(
            "Attempt {attempt} is being made, since {since}.", attempt=job.attempt, since=started.at
        )
    note = story.last(e.JobNoted)
    if note is not None and isinstance(note.data, e.JobNoted):
        yield say(
            "It last said {message!r}, {when}.",
            message=note.data.message,
            when=story.ago(note.at),
        )
    if story.around.runner is None and not story.around.is_past:
        yield say(
            "But no runner works on this ledger, so the attempt was cut off; the next runner"
            " recovers it when it starts."
        )
    elif job.is_stuck(story.around.now):
        yield say(
            "That is longer than {minutes} minutes: it counts as stuck, and the runner will"
            " recover it.",
            minutes=MAX_RUNNING_MINUTES,
        )


def _completed(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    done = story.last(e.JobCompleted, e.JobResolved)
    post: Fact = say(" as {post}", post=job.thread_id) if job.thread_id else ""
    if done is not None and isinstance(done.data, e.JobResolved):
        yield say(
            "{person} said {when} that it was posted{post}.",
            person=story.person(done),
            when=story.ago(done.at),
            post=post,
        )
    elif done is not None and isinstance(done.data, e.JobCompleted):
        yield from _posted(story, done.data, post, done.at)
    else:
        yield say("It was already posted{post} when it was imported.", post=post)


def _posted(story: Story, data: e.JobCompleted, post: Fact, at: datetime) -> Iterator[Sentence]:
    earlier = say("an earlier attempt")
    if data.asked_about:
        earlier = say("attempt {attempt}", attempt=data.asked_about)
    when = story.ago(at)
    if data.found:
        yield say(
            "It was posted{post}: attempt {attempt} asked {when}, it was out: {earlier} had posted"
            " it.",
            post=post,
            attempt=data.attempt,
            when=when,
            earlier=earlier,
        )
    else:
        yield say(
            "It was posted{post} by attempt {attempt}, {when}.",
            post=post,
            attempt=data.attempt,
            when=when,
        )
        if data.found is False:
            yield say(
                "Asked before that, it was not out: {earlier} had not posted it.", earlier=earlier
            )
        late = _late(story)
        if late is not None:
            yield late
    if data.remark is not None:
        yield say("{remark}.", remark=f"{data.remark[:1].upper()}{data.remark[1:]}")


def _late(story: Story) -> Sentence | None:
    """Say why it went out later than was first asked for, where that is more than a minute."""
    asked = story.last(e.JobAdded, e.JobRescheduled, e.JobRequeued)
    done = story.last(e.JobCompleted)
    due = getattr(None if asked is None else asked.data, "scheduled_time", None)
    if due is None or done is None or done.at - due < timedelta(minutes=1):
        return None
    late = done.at - due
    before = [
        ev.data.error
        for ev in story.events
        if isinstance(ev.data, e.JobRetried | e.JobInterrupted) and ev.data.called
    ]
    if not before:
        return say("That is {late} after its time ({due}).", late=late, due=due)
    if len(before) == 1:
        return say(
            "That is {late} after its time ({due}): 1 attempt before it did not succeed, the last"
            " with {error!r}.",
            late=late,
            due=due,
            error=before[-1],
        )
    return say(
        "That is {late} after its time ({due}): {count} attempts before it did not succeed, the"
        " last with {error!r}.",
        late=late,
        due=due,
        count=len(before),
        error=before[-1],
    )


def _expired(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    last = story.last(e.JobExpired)
    if last is None or not isinstance(last.data, e.JobExpired):
        yield say("It had already expired when it was imported.")
        return
    if last.data.schedule is not None:
        yield say(
            "It was left out, {late} after its time ({due}): {cause}.",
            due=job.scheduled_time,
            late=timedelta(seconds=last.data.late_s),
            cause=CAUSES[last.data.schedule],
        )
        return
    yield say(
        "It expired: its time was {due}, and {late} later nothing had posted it.",
        due=job.scheduled_time,
        late=timedelta(seconds=last.data.late_s),
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
        yield say("It was on hold since {since}.", since=held.at)
    elif job.attempt == 0:
        yield say("No runner had started it; was one running?")
    else:
        yield from _what_went_before(story, job)
