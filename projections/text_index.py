"""TextIndex: which jobs of an account have the same text, for refusing to post it twice."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

from ..domain import ScheduledJob
from .projection import Change


class TextIndex:
    """The jobs that are there, by account and text. Texts are the same that differ only in white
    space or in how their characters are composed."""

    name = "contents"

    def __init__(self) -> None:
        self._jobs: dict[bytes, dict[str, None]] = {}

    def apply(self, change: Change) -> None:
        before, after = change.before, change.after
        if before is not None and after is not None and before.content == after.content:
            return
        if before is not None:
            key = text_key(before.account_id, before.content)
            of_text = self._jobs[key]
            del of_text[before.job_id]
            if not of_text:
                del self._jobs[key]
        if after is not None:
            self._add(after)

    def _add(self, job: ScheduledJob) -> None:
        key = text_key(job.account_id, job.content)
        self._jobs.setdefault(key, {})[job.job_id] = None

    def restore(self, jobs: Iterable[ScheduledJob]) -> None:
        """Have these jobs, and no others."""
        self._jobs = {}
        for job in jobs:
            self._add(job)

    def same(self, account_id: str, content: str) -> Iterable[str]:
        """Return the ids of the account's jobs with this text, in the order in which they got
        it."""
        return tuple(self._jobs.get(text_key(account_id, content), ()))


def text_key(account_id: str, content: str) -> bytes:
    """Return the key of an account's text: one for all texts that are taken as the same."""
    text = unicodedata.normalize("NFC", " ".join(content.split()))
    digest = blake2b(digest_size=16)
    digest.update(account_id.encode() + b"\0" + text.encode("utf-8", "surrogatepass"))
    return digest.digest()
