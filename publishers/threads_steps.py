"""The steps of a Threads post, each durable before the next, and what they say after a crash.

The checkpoints of a job, by name:

    threads_container   {"id", "at", "form"}: it was created, from the form with that digest
    threads_publishing  {"container", "at", "unanswered"}: it was about to be published, first then;
                        of so many requests the outcome was never heard
    threads_part_1      the id of the first post of a chain, which is out; threads_part_2 …

The containers of a chain's other parts are in threads_container_2, threads_publishing_2 and so on.

`unanswered` is raised before a request leaves and lowered when the platform has refused it. While
it is above 0 the container may be out, and no other is made for the job unless the platform says
that this one cannot go out any more (ERROR, EXPIRED).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ..domain import ScheduledJob
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


class WantedPost(msgspec.Struct, frozen=True):
    """By what a post is found in an account's list: its text, and whether it is a reply."""

    text: str
    is_reply: bool


def sought(job: ScheduledJob, index: int) -> WantedPost:
    """Say by what a part of a job's post is found."""
    post = job.post
    given = job.metadata if post is None else job.metadata | post.overrides.get("threads", {})
    replies = "reply_to_id" in given or (post is not None and post.reply_to is not None)
    return WantedPost(job.parts[index].text, index > 0 or replies)


def parts_out(checkpoints: Mapping[str, Any]) -> list[str]:
    """Return the ids of the parts of a chain that are out, in their order."""
    ids: list[str] = []
    while isinstance(found := checkpoints.get(part_name(len(ids))), str):
        ids.append(found)
    return ids


def part_name(index: int) -> str:
    """Name the checkpoint that a part of a chain is out."""
    return f"threads_part_{index + 1}"


class Steps:
    """What the checkpoints of a job say of one part of its post."""

    def __init__(self, checkpoints: Mapping[str, Any], index: int = 0) -> None:
        behind = f"_{index + 1}" if index else ""
        self.container_name, self.publishing_name = CONTAINER + behind, PUBLISHING + behind
        container = checkpoints.get(self.container_name)
        publishing = checkpoints.get(self.publishing_name)
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


async def found(api: ThreadsApi, attempt: Attempt, what: WantedPost, steps: Steps) -> PostResult:
    """Answer that it is out, which is certain; with its id only where one post alone can be it."""
    ids: list[str] = []
    with suppress(Exception):
        ids = await candidates(api, what, steps)
    if len(ids) != 1:
        return PostResult(True)
    await note_permalink(api, attempt, ids[0])
    return PostResult(True, thread_id=ids[0])


async def candidates(api: ThreadsApi, what: WantedPost, steps: Steps) -> list[str]:
    """Find the account's posts of exactly this text since the first request to publish."""
    if steps.first_at is None:
        return []
    since = steps.first_at.replace(microsecond=0)  # the platform's times have no fractions
    text = what.text.strip()
    return [
        post.id
        for post in await api.posts(since, replies=what.is_reply)
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


def digest(form: Mapping[str, str], children: Sequence[Mapping[str, str]] = ()) -> str:
    """Make a short text of what a container is made from: another one where that is another."""
    whole = [sorted(each.items()) for each in (form, *children)]
    document = whole if children else whole[0]
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()[:16]
