"""Whether a post may be out more than once: "why was it posted twice?"."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain import Event, JobStatus, leaves_unknown
from ..domain import events as e
from .sentence import Sentence, say
from .story import Story, names


def duplicates(story: Story) -> Iterator[Sentence]:
    """Say in which ways the post may be out more than once, and what led to each."""
    unsure = [
        ev
        for ev in story.events
        if leaves_unknown(ev.data, was_running=story.was_running_before(ev))
    ]
    done = [ev for ev in story.events if isinstance(ev.data, e.JobCompleted | e.JobResolved)]
    for event in unsure:
        later = [
            ev
            for ev in story.events
            if ev.seq > event.seq
            and isinstance(ev.data, e.JobStarted)
            and not _did_not_post(story, ev.data.attempt)
        ]
        if later and not _asked(later[0]):
            yield say(
                "It may be out twice: attempt {attempt} {ended} {when} when it may already have"
                " posted, and attempt {again} posted again without asking, because {led}.",
                attempt=_attempt_of(story, event),
                ended=_ended(event),
                when=story.ago(event.at),
                again=getattr(later[0].data, "attempt", 0),
                led=_led(story, event, later[0]),
            )
    posted = [other for other in story.around.same_text if other.status is JobStatus.COMPLETED]
    if len(posted) > 1 and (done or unsure):
        yield say(
            "The same text of the same account was also posted by jobs {jobs}, which were added on"
            " their own: each is a post.",
            jobs=names(posted),
        )
    elif posted and (done or unsure):
        yield say(
            "The same text of the same account was also posted by job {jobs}, which was added on"
            " its own: two jobs, two posts.",
            jobs=names(posted),
        )
    elif len(story.around.same_text) > 1:
        yield say(
            "Jobs {jobs} have the same text for the same account.",
            jobs=names(story.around.same_text),
        )
    elif story.around.same_text:
        yield say(
            "Job {jobs} has the same text for the same account.",
            jobs=names(story.around.same_text),
        )


def _attempt_of(story: Story, event: Event) -> int:
    """Return the attempt that an event leaves in doubt."""
    if isinstance(event.data, e.JobAdded) and event.data.imported is not None:
        return event.data.imported.attempt
    attempt: int = getattr(event.data, "attempt", None) or _attempt_before(story, event)
    return attempt


def _ended(event: Event) -> Sentence:
    if isinstance(event.data, e.JobAdded) and event.data.imported is not None:
        return say("was imported")
    if isinstance(event.data, e.JobCancelled):
        return say("was cancelled")
    return say("was interrupted")


def _did_not_post(story: Story, attempt: int) -> bool:
    """Return whether an attempt ended by its publisher's word, or got no further than asking."""
    return any(
        isinstance(ev.data, e.JobRetried | e.JobFailed) and ev.data.attempt == attempt
        for ev in story.events
    )


def _asked(started: Event) -> bool:
    return isinstance(started.data, e.JobStarted) and started.data.asks_first


def _led(story: Story, event: Event, started: Event) -> Sentence:
    between = [ev for ev in story.events if event.seq < ev.seq < started.seq]
    requeued = next((ev for ev in between if isinstance(ev.data, e.JobRequeued)), None)
    if requeued is None:
        return say("its publisher cannot be asked and the runner retries what is interrupted")
    if requeued.by is None:
        return say("a person requeued it")
    return say("{who} requeued it", who=requeued.by)


def _attempt_before(story: Story, event: Event) -> int:
    return max(
        (
            ev.data.attempt
            for ev in story.events
            if ev.seq < event.seq and isinstance(ev.data, e.JobStarted)
        ),
        default=0,
    )
