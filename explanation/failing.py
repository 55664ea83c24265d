"""Why a job has failed, and what an attempt was interrupted by."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain import ScheduledJob
from ..domain import events as e
from .event_words import CAUSES
from .sentence import Sentence, say
from .story import Story


def failed(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    """Say why it failed, and what becomes of it."""
    last = story.last(e.JobFailed, e.JobInterrupted, e.JobResolved)
    if job.outcome_unknown:
        yield say("Nobody knows whether it is out.")
    if last is None:
        yield _imported(job)
    elif isinstance(last.data, e.JobInterrupted):
        yield say(
            "Attempt {attempt} was interrupted {when} ({how}), after it may have posted.",
            attempt=last.data.attempt,
            when=story.ago(last.at),
            how=how_interrupted(last.data),
        )
        if last.data.reason == "outcome_unknown":
            yield say(
                "A publisher that is certain that nothing was posted raises NotPosted (or returns"
                " PostResult(False)): it is tried again then."
            )
    elif isinstance(last.data, e.JobFailed):
        yield say(
            "Attempt {attempt} failed {when}: {error!r}.",
            attempt=last.data.attempt,
            when=story.ago(last.at),
            error=last.data.error,
        )
        yield from _why_no_more(job)
    else:
        yield say(
            "{person} said {when} that it was not posted.",
            person=story.person(last),
            when=story.ago(last.at),
        )
    if job.outcome_unknown:
        yield say(
            "Look at the account, then {settle}. It is never tried again by itself.",
            settle=say(
                "say whether it was posted, or requeue it, which posts it again", step="resolve"
            ),
        )
    else:
        yield say("It stays so until {requeued}.", requeued=say("it is requeued", step="requeue"))


def _imported(job: ScheduledJob) -> Sentence:
    if not job.error:
        return say("It had already failed when it was imported.")
    return say("It had already failed when it was imported: {error!r}.", error=job.error)


def _why_no_more(job: ScheduledJob) -> Iterator[Sentence]:
    if job.may_be_out:
        yield say(
            "But attempt {attempt} before it was interrupted, and may have posted.",
            attempt=job.doubted_attempt,
        )
    if job.outcome_unknown:
        return
    if job.retry_count < job.max_retries:
        yield say("The publisher said that it is not to be tried again.")
    elif job.max_retries:
        yield say("All of its {retries} retries were used.", retries=job.max_retries)
    else:
        yield say("It was added without retries.")


_INTERRUPTED: dict[str, Sentence] = {
    "crashed": say("its runner ended in mid-run"),
    "stuck": say("it ran for too long"),
    "stopped": say("the runner was stopped"),
    "timeout": say("its publisher gave no answer in its time"),
    "outcome_unknown": say("the publisher left open whether it had posted"),
    "reconcile_failed": say("asking the publisher failed"),
}


def how_interrupted(data: e.JobInterrupted) -> Sentence:
    """Say how an attempt was interrupted, and what its publisher said where it came of that."""
    how = _INTERRUPTED[data.reason]
    if data.reason != "outcome_unknown":
        return how
    return say("{how}: {error!r}", how=how, error=data.error)


def cancelled(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    """Say who cancelled a job, and why; also that it may be out all the same."""
    last = story.last(e.JobCancelled)
    if last is None or not isinstance(last.data, e.JobCancelled):
        yield say("It was already cancelled when it was imported.")
        return
    by, when = story.by(last), story.ago(last.at)
    if last.data.reason:
        yield say(
            "It was cancelled{by} {when}: {reason!r}.", by=by, when=when, reason=last.data.reason
        )
    elif last.data.schedule is not None:
        yield say(
            "It was cancelled{by} {when}: {cause}.",
            by=by,
            when=when,
            cause=CAUSES[last.data.schedule],
        )
    else:
        yield say("It was cancelled{by} {when}, without a reason given.", by=by, when=when)
    if story.was_running_before(last):
        yield say("An attempt was running then, so the post may be out all the same.")
