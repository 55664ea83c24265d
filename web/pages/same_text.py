"""Sentences of how a post may be out twice, with the other posts of its text that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ... import ScheduledJob
from ..site import Call

MOST_NAMED = 3
"""So many posts a sentence names; of more it says how many they are."""
_WORDS = re.compile(r"([A-Za-z0-9._-]*[A-Za-z0-9_-])")
"""What may be the id of a job in a sentence; one that ends with a point is not found."""


class Doubled(NamedTuple):
    """A sentence of how a post may be out twice, and the posts of the same text that it names."""

    sentence: str
    others: list[ScheduledJob]

    @property
    def may_be_more(self) -> bool:
        """Whether there may be posts of the same text that it does not name."""
        return len(self.others) >= MOST_NAMED


def doubled(call: Call, job: ScheduledJob | None, sentences: Iterable[str]) -> list[Doubled]:
    """Return the sentences about a job, each with the posts that it names: others of the same
    account with the same text. Whatever else a word is the id of, it is not meant."""
    return [Doubled(sentence, _named(call, job, sentence)) for sentence in sentences]


def _named(call: Call, job: ScheduledJob | None, sentence: str) -> list[ScheduledJob]:
    if job is None:
        return []
    words = dict.fromkeys(_WORDS.findall(sentence))
    found = call.look.queries.get_jobs(words)
    wanted = job.account_id, job.content
    return [
        other
        for word in words
        if (other := found.get(word)) is not None
        and other.job_id != job.job_id
        and (other.account_id, other.content) == wanted
    ]
