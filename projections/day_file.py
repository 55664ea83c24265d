"""DayFile: what is in one daily file, `jobs_YYYY-MM-DD.json`, and how jobs are rendered there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from operator import itemgetter

import msgspec

from ..domain import ScheduledJob
from .picked_jobs import Picked, place_in_file

_AT_ONCE = 128
"""So many jobs are rendered at a time where they are not remembered."""
_BEFORE_JOBS, _BEHIND_JOBS = b'{\n  "jobs": [\n', b"\n  ]\n}"

Entries = dict[str, tuple[tuple[datetime, int], bytes]]
"""By job: its place in a file, and its lines there."""


class DayFile:
    """The contents of one file, as values: rendering them needs no lock.

    It is iterated over by its parts, as often as one likes. With `entries` (the jobs that have been
    rendered; `fresh` are those that have not) there is one part, and afterwards all jobs are among
    the entries, in the order of the file. Without, no more than some jobs are rendered at a time.
    """

    def __init__(
        self, date: str, updated_at: datetime, entries: Entries | None, fresh: Picked
    ) -> None:
        self.date = date
        self.entries = entries
        self.size = 0
        """How many bytes it has, once it was iterated over."""
        self._updated_at = updated_at
        self._fresh: Picked | None = fresh

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._parts():
            size += len(part)
            self.size = size
            yield part

    def _parts(self) -> Iterator[bytes]:
        head = {"date": self.date, "updated_at": self._updated_at.isoformat()}
        begin = msgspec.json.format(msgspec.json.encode(head), indent=2)[:-2] + b',\n  "jobs": [\n'
        end = _BEHIND_JOBS + b"\n"
        if self.entries is None:
            return self._some_at_a_time(begin, end)
        return iter((begin + self._all_at_once(self.entries) + end,))

    def _all_at_once(self, entries: Entries) -> bytes:
        if self._fresh is not None:
            for job in self._fresh:
                entries[job.job_id] = place_in_file(job), _rendered(job)
            ordered = sorted(entries.items(), key=itemgetter(1))
            entries.clear()
            entries.update(ordered)
            self._fresh = None
        return b",\n".join([lines for _, lines in entries.values()])

    def _some_at_a_time(self, begin: bytes, end: bytes) -> Iterator[bytes]:
        assert self._fresh is not None
        jobs, part = self._fresh.in_order(), begin
        while some := [job.to_dict() for job in islice(jobs, _AT_ONCE)]:
            if part is not begin:
                yield part
                part = b",\n"
            text = msgspec.json.format(msgspec.json.encode({"jobs": some}), indent=2)
            part += text[len(_BEFORE_JOBS) : -len(_BEHIND_JOBS)]
        yield part + end


def _rendered(job: ScheduledJob) -> bytes:
    """Return the job as it stands in a file. What is within a string has no line breaks of its
    own."""
    text = msgspec.json.format(msgspec.json.encode(job.to_dict()), indent=2)
    return b"    " + text.replace(b"\n", b"\n    ")
