"""What a change of a schedule has done to its jobs: counted from the events of its write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ...domain import Event, schedule_key
from ...ledger import Ledger
from .documents import is_changed_by_hand, waiting_jobs

_KINDS = {
    "added": "made",
    "requeued": "made again",
    "held": "held",
    "released": "released",
    "cancelled": "cancelled",
    "expired": "left out",
    "edited": "changed",
    "rescheduled": "changed",
}
"""What an event of a job says that happened to it, in the order in which it is told; of several
the first one is."""
_RANK = list(dict.fromkeys(_KINDS.values()))


class ScheduleOutcome:
    """What became of the jobs of a schedule in the write that came behind event number `seq`."""

    def __init__(self, ledger: Ledger, schedule_id: str, seq: int) -> None:
        self.jobs: dict[str, list[str]] = {}
        told: dict[str, str] = {}
        for event in _of_the_write(ledger, schedule_key(schedule_id), seq):
            kind = _KINDS.get(event.type)
            if kind is not None:
                told[event.job_id] = min(kind, told.get(event.job_id, kind), key=_RANK.index)
        for job_id, kind in told.items():
            self.jobs.setdefault(kind, []).append(job_id)
        kept = waiting_jobs(ledger, schedule_id)
        self.kept = [
            job.job_id for job in kept if is_changed_by_hand(job) and job.job_id not in told
        ]

    def words(self) -> str:
        """Say it: how many jobs were made, changed and so on."""
        kinds = [kind for kind in _RANK if kind in self.jobs]
        counted = [(len(self.jobs[kind]), kind) for kind in kinds]
        if self.kept:
            counted.append((len(self.kept), "kept as changed by hand"))
        if not counted:
            return "no job is made or changed"
        (count, kind), *others = counted
        first = f"{count} job{'' if count == 1 else 's'} {kind}"
        return ", ".join([first, *(f"{number} {what}" for number, what in others)])

    def to_dict(self) -> dict[str, Any]:
        """Return the ids by what happened to them."""
        names = {kind: kind.replace(" ", "_") for kind in _RANK}
        found = {name: self.jobs.get(kind, []) for kind, name in names.items()}
        return found | {"kept": self.kept}


def _of_the_write(ledger: Ledger, key: str, seq: int) -> Iterator[Event]:
    """Yield the events of the first write behind `seq` that begins with the schedule."""
    events = ledger.events(seq)
    first = next((event for event in events if event.job_id == key), None)
    if first is not None:
        yield from islice(events, first.to_dict().get("more", 0))
