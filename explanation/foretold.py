"""What is said of a job for which something was found to be missing ahead of its time."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain import ScheduledJob
from ..domain import events as e
from .sentence import Sentence, say
from .story import Story


def what_it_lacks(story: Story, job: ScheduledJob) -> Iterator[Sentence]:
    """Say what it lacks, where something of it could not be had when that was asked."""
    told = story.last(e.JobDeferred)
    if job.is_lacking and told is not None and isinstance(told.data, e.JobDeferred):
        yield say(
            "Something it needs could not be had {when} ({reason}); it is tried all the same.",
            when=story.ago(told.at),
            reason=told.data.reason,
        )
