"""What is durable of a post on Bluesky before it is written, and what that says after a crash.

One checkpoint, `bluesky_post`:

    {"did": whose repository, "at": the time that the records say,
     "form": the digest of what the job said, "known": what was asked for before,
     "parts": [{"uri", "cid"}, …], "earlier": cids that the first part had, should they have left,
     "unanswered": of so many writes the outcome was never heard}

`unanswered` is raised before a write leaves and lowered when the server has refused it. The keys
come from the job alone, so a repetition can only find what is there, and never stand beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ..scheduler import Attempt
from .bluesky_api import BlueskyApi, BlueskyError
from .bluesky_post import BlueskyPost
from .bluesky_records import Draft, Known
from .exchange import NoAnswer, NotSent

WRITING = "bluesky_post"
_MOST_EARLIER = 20
BlueskyTrouble = (NotSent, NoAnswer, BlueskyError)


class PartPlace(msgspec.Struct, frozen=True):
    """Where a part is, or will be, and the address of its content."""

    uri: str
    cid: str


class WritingStep(msgspec.Struct, frozen=True):
    """The checkpoint, as above."""

    did: str
    at: datetime
    form: str
    known: Known
    parts: tuple[PartPlace, ...]
    earlier: tuple[str, ...] = ()
    unanswered: int = 0

    @property
    def first(self) -> PartPlace:
        return self.parts[0]

    @property
    def rkey(self) -> str:
        return self.first.uri.rpartition("/")[2]

    def is_ours(self, cid: str) -> bool:
        """Whether the content of what is under the first key is one that the job has sent."""
        return cid == self.first.cid or cid in self.earlier


def step_of(checkpoints: Mapping[str, Any]) -> WritingStep | None:
    """Read the checkpoint; None: nothing was ever written, or asked to be."""
    with suppress(msgspec.ValidationError):
        step = msgspec.convert(checkpoints.get(WRITING), WritingStep)
        return step if step.parts else None
    return None


def next_step(
    before: WritingStep | None, did: str, at: datetime, form: str, known: Known, draft: Draft
) -> WritingStep:
    """Make the checkpoint of a draft: what an earlier one may have sent is not forgotten."""
    parts = tuple(PartPlace(ref.uri, ref.cid) for ref in draft.refs)
    if before is None or before.did != did:
        return WritingStep(did, at, form, known, parts)
    earlier = dict.fromkeys([*before.earlier, before.first.cid])
    earlier.pop(parts[0].cid, None)
    kept = tuple(earlier)[-_MOST_EARLIER:]
    return WritingStep(did, at, form, known, parts, kept, before.unanswered)


def record_step(attempt: Attempt, step: WritingStep, unanswered: int) -> WritingStep:
    """Record, durably, of how many writes the outcome is not known."""
    step = msgspec.structs.replace(step, unanswered=unanswered)
    attempt.checkpoint(WRITING, msgspec.to_builtins(step))
    return step


def digest_of(post: BlueskyPost) -> str:
    """Return what tells one form of a job from another."""
    return hashlib.sha256(msgspec.json.encode(post)).hexdigest()[:16]


async def first_part(api: BlueskyApi, step: WritingStep) -> str | None:
    """Ask for the content's address of what is under the first key; None: nothing is."""
    found = await api.record(step.did, step.rkey)
    return None if found is None else found.cid


def occupied(step: WritingStep, cid: str) -> str:
    """Word that there is another record under the key."""
    return (
        f"{step.first.uri} is there with other content than this job has sent ({cid});"
        " nothing was overwritten: look at it, and delete it there or resolve the job"
    )


def web_address(uri: str, handle: str) -> str:
    """Return where a browser finds a post."""
    did, _, rkey = uri.removeprefix("at://").partition("/")[0], "", uri.rpartition("/")[2]
    return f"https://bsky.app/profile/{handle or did}/post/{rkey}"
