"""The steps of a Threads post, each durable before the next, and what they say after a crash.

The checkpoints of a job, by name:

    threads_container   {"id", "at", "form"}: it was created, from the form with that digest
    threads_publishing  {"container", "at", "unanswered"}: it was about to be published, first then;
                        of so many requests the outcome was never heard

`unanswered` is raised before a request leaves and lowered when the platform has refused it. While
it is above 0 the container may be out, and no other is made for the job unless the platform says
that this one cannot go out any more (ERROR, EXPIRED).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ..scheduler import Attempt, PostResult
from .exchange import NoAnswer, NotSent
from .threads_api import ApiError, Container, ThreadsApi

CONTAINER, PUBLISHING = "threads_container", "threads_publishing"
DEAD = ("ERROR", "EXPIRED")
MISSING = "MISSING"
"""Not a state of the platform's: it does not know the container."""
LONGEST_PAUSE_S = 30.0
ASKED = 3
"""How often the platform is asked before a failure to answer counts as one."""
Trouble = (NotSent, NoAnswer, ApiError)


class Pauses(msgspec.Struct, frozen=True):
    """How a container is waited for: 1, 2, 4 … 30, 30 seconds, `whole_s` in all."""

    sleep: Callable[[float], Awaitable[None]]
    whole_s: float

    def __iter__(self) -> Iterator[float]:
        pause_s, left_s = 1.0, self.whole_s
        while left_s > 0:
            yield min(pause_s, left_s)
            left_s -= pause_s
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class Steps:
    """What the checkpoints of a job say."""

    def __init__(self, checkpoints: Mapping[str, Any]) -> None:
        container = checkpoints.get(CONTAINER)
        publishing = checkpoints.get(PUBLISHING)
        self.container_id: str | None = None
        self.form: str | None = None
        self.first_at: datetime | None = None
        self.unanswered = 0
        if isinstance(container, dict) and isinstance(container.get("id"), str):
            self.container_id, self.form = container["id"], container.get("form")
        if isinstance(publishing, dict) and publishing.get("container") == self.container_id:
            self.unanswered = int(publishing.get("unanswered", 1))
            with suppress(ValueError, TypeError):
                self.first_at = datetime.fromisoformat(publishing["at"])


async def found(api: ThreadsApi, attempt: Attempt, steps: Steps) -> PostResult:
    """Answer that it is out, which is certain; with its id only where one post alone can be it."""
    ids: list[str] = []
    with suppress(Exception):
        ids = await candidates(api, attempt, steps)
    if len(ids) != 1:
        return PostResult(True)
    await note_permalink(api, attempt, ids[0])
    return PostResult(True, thread_id=ids[0])


async def candidates(api: ThreadsApi, attempt: Attempt, steps: Steps) -> list[str]:
    """Find the account's posts of exactly this text since the first request to publish."""
    if steps.first_at is None:
        return []
    since = steps.first_at.replace(microsecond=0)  # the platform's times have no fractions
    replies = "reply_to_id" in attempt.job.metadata
    text = attempt.job.content.strip()
    return [
        post.id
        for post in await api.posts(since, replies=replies)
        if post.text.strip() == text and post.at is not None and post.at >= since
    ]


async def note_permalink(api: ThreadsApi, attempt: Attempt, post_id: str) -> None:
    """Tell where the post is. It is out: that this fails changes nothing."""
    with suppress(Exception):
        link = await api.permalink(post_id)
        if link:
            attempt.note(f"Out: {link}")


def described(container: Container) -> str:
    said = f": {container.error_message}" if container.error_message else ""
    return f"the container is {container.status}{said}"


def digest(form: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(form.items()))).hexdigest()[:16]
