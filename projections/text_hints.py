"""TextHints: which jobs may have a text, in some bytes a job; for who asks now and then.

Where a text must not be posted twice, `TextIndex` knows exactly, at the price of hundreds of bytes
a job. Here a text is 32 bits of a hash: what is found is a hint, and has to be looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from ..domain import ScheduledJob

_MOST_LOOSE = 1024


def _hash(account_id: str, content: str) -> int:
    return hash((account_id, content)) & 0xFFFFFFFF


class TextHints:
    """Finds jobs by account and text. An entry is a hash, and the place of a job's id in a list;
    one of a text that its job has no more stays, and does no harm."""

    def __init__(self, job_ids: Iterable[str] = ()) -> None:
        """Begin with the ids of jobs whose texts `take` is given later."""
        self._ids = list(job_ids)
        self._sorted = array("Q")
        self._loose: dict[int, list[int]] = {}
        """Places by hash: of those that came since the others were sorted."""
        self._count = 0
        """How many are loose."""

    def places(self) -> dict[str, int]:
        """Return the place of each id by now."""
        return {job_id: place for place, job_id in enumerate(self._ids)}

    def take(self, entries: Iterable[int]) -> None:
        """Take in what `entries_of` gives."""
        self._sorted = array("Q", sorted([*self._sorted, *entries]))

    def add(self, job: ScheduledJob) -> None:
        """Take in a job that has a new text."""
        place = len(self._ids)
        self._ids.append(job.job_id)
        self._loose.setdefault(_hash(job.account_id, job.content), []).append(place)
        self._count += 1
        if self._count > max(_MOST_LOOSE, len(self._sorted) // 4):
            loose = self._loose.items()
            self.take([key << 32 | place for key, places in loose for place in places])
            self._loose, self._count = {}, 0

    def find(self, account_id: str, content: str) -> set[str]:
        """Return the ids of jobs that may have the text; none that has it is missing."""
        key = _hash(account_id, content)
        first = bisect_left(self._sorted, key << 32)
        last = bisect_left(self._sorted, (key + 1) << 32)
        places = [entry & 0xFFFFFFFF for entry in self._sorted[first:last]]
        return {self._ids[place] for place in (*places, *self._loose.get(key, ()))}


def entries_of(jobs: Iterable[ScheduledJob], places: Mapping[str, int]) -> array[int]:
    """Return the entries of jobs, whose ids are in these places."""
    return array(
        "Q", (_hash(job.account_id, job.content) << 32 | places[job.job_id] for job in jobs)
    )
