"""Whether a post may be out more than once: "why was it posted twice?"."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain import Event, JobStatus, leaves_unknown
from ...domain import events as e
from .story import Story, names


def duplicates(story: Story) -> Iterator[str]:
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
            attempt = getattr(event.data, "attempt", None) or _attempt_before(story, event)
            ended = "cancelled" if isinstance(event.data, e.JobCancelled) else "interrupted"
            if isinstance(event.data, e.JobAdded) and event.data.imported is not None:
                attempt, ended = event.data.imported.attempt, "imported"
            led = _led(story, event, later[0])
            yield (
                f"It may be out twice: attempt {attempt} was {ended} {story.ago(event.at)} when"
                f" it may already have posted, and attempt {later[0].data.attempt} posted"  # type: ignore[union-attr]
                f" again without asking{led}."
            )
    posted = [other for other in story.around.same_text if other.status is JobStatus.COMPLETED]
    if posted and (done or unsure):
        yield (
            f"The same text of the same account was also posted by job {names(posted)}, which"
            " was added on its own: two jobs, two posts."
        )
    elif story.around.same_text:
        yield f"Job {names(story.around.same_text)} has the same text for the same account."


def _did_not_post(story: Story, attempt: int) -> bool:
    """Return whether an attempt ended by its publisher's word, or got no further than asking."""
    return any(
        isinstance(ev.data, e.JobRetried | e.JobFailed) and ev.data.attempt == attempt
        for ev in story.events
    )


def _asked(started: Event) -> bool:
    return isinstance(started.data, e.JobStarted) and started.data.asks_first


def _led(story: Story, event: Event, started: Event) -> str:
    between = [ev for ev in story.events if event.seq < ev.seq < started.seq]
    requeued = next((ev for ev in between if isinstance(ev.data, e.JobRequeued)), None)
    if requeued is not None:
        return f", because {requeued.by or 'a person'} requeued it"
    return ", because its publisher cannot be asked and the runner retries what is interrupted"


def _attempt_before(story: Story, event: Event) -> int:
    return max(
        (
            ev.data.attempt
            for ev in story.events
            if ev.seq < event.seq and isinstance(ev.data, e.JobStarted)
        ),
        default=0,
    )
