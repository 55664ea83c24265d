"""The steps of a post on Mastodon, each durable before the next, and what they say after a crash.

The checkpoints of a job, by name:

    mastodon_sending  a part was about to be sent, first at `at`: what is looked for (`text` and
                      `reply`), behind which status (`after`), of how many requests the outcome was
                      never heard (`unanswered`), and what its key is made of (`form`, `again`)
    mastodon_part_1   {"id"}: the first part is out; mastodon_part_2 …: so are those behind it

`unanswered` is raised before a request leaves and lowered when the instance has refused it. While
it is above 0 the part may be out, and is looked for before anything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from .exchange import NoAnswer, NotSent
from .mastodon_api import MastodonError

SENDING = "mastodon_sending"
Trouble = (NotSent, NoAnswer, MastodonError)


class Sending(msgspec.Struct, frozen=True):
    """A part that was about to be sent."""

    part: int
    at: str
    text: str
    form: str
    reply: str | None = None
    after: str | None = None
    media: int = 0
    unanswered: int = 0
    again: int = 0
    """How often a new key had to be made, since the status of the one before was deleted."""


class PartSteps:
    """What the checkpoints of a job say: the ids of the parts that are out, in order, and what is
    known of the next one (None: it was never sent)."""

    def __init__(self, checkpoints: Mapping[str, Any]) -> None:
        self.ids: list[str] = []
        while isinstance(found := checkpoints.get(part_name(len(self.ids) + 1)), dict):
            self.ids.append(str(found.get("id")))
        self.sending: Sending | None = None
        value = checkpoints.get(SENDING)
        if isinstance(value, dict) and value.get("part") == len(self.ids) + 1:
            self.sending = msgspec.convert(value, Sending)

    @property
    def unanswered(self) -> bool:
        """Whether the next part may be out."""
        return self.sending is not None and self.sending.unanswered > 0


def part_name(number: int) -> str:
    """Return the checkpoint that a part is out."""
    return f"mastodon_part_{number}"


def digest(value: object) -> str:
    """Return a short hash of a JSON value."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:16]


def text_digest(text: str, warning: str) -> str:
    """Return a hash of a text and its content warning, as an instance keeps them: stripped."""
    return digest([text.strip(), warning.strip()])


def key_of(job_key: str, sending: Sending) -> str:
    """Return the key of a part: the same however often it is sent, another for another text."""
    told = f"{job_key}/{sending.part}/{sending.again}/{sending.form}"
    return hashlib.sha256(told.encode()).hexdigest()[:40]
