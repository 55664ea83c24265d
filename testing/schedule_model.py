"""The schedules of a ledger, a second time: what the lines of the log make of them and their jobs.

Plain values, and no import of the product. What has to hold of them is in `schedule_rules`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .occurrences import DEFAULTS, moment
from .schedule_rules import ScheduleRules
from .violation import must

_OPEN = ("active", "paused")
LIFECYCLE: dict[str, dict[str | None, set[str]]] = {
    "schedule_added": {None: {"active", "paused"}},
    "schedule_edited": {state: {state} for state in _OPEN},
    "schedule_paused": {"active": {"paused"}},
    "schedule_resumed": {"paused": {"active"}},
    "schedule_planned": {"active": {"active"}},
    "schedule_skipped": {state: {state} for state in _OPEN},
    "schedule_ended": {state: {"ended"} for state in _OPEN},
}
"""For each event of a schedule the states that it may find, and where it may lead from there."""
BY_HAND = {"held", "released", "edited", "rescheduled", "cancelled", "requeued"}
"""What a person does to a job of a schedule: from then on its schedule leaves it as it is."""
BY_A_PLAN = {"edited", "resumed", "zone_rules"}
"""Why a plan gives a job up: its number is free again."""
TOLD_ALL = {"held": "paused", "released": "resumed", "expired": "paused", "cancelled": "skipped"}
"""What is said to a schedule as a whole reaches the jobs, too, that somebody has changed."""
OF_ATTEMPTS = {
    "started", "noted", "checkpointed", "completed", "retried", "failed", "interrupted",
}  # fmt: skip


class MadeBy:
    """Where a job comes from that a schedule has made."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.schedule_id: str = data["schedule_id"]
        self.occurrence: str = data["occurrence"]
        self.number: int = data["number"]
        self.detached: bool = data.get("is_detached", False)
        self.cause: str | None = None

    @property
    def shown(self) -> tuple[str, str, int, bool, str | None]:
        return self.schedule_id, self.occurrence, self.number, self.detached, self.cause


class Own:
    """One schedule. `numbers` has for each number of a post the jobs that have it: one at most."""

    def __init__(self, schedule_id: str, at: datetime) -> None:
        self.schedule_id = schedule_id
        self.since = at
        self.said: dict[str, Any] = {}
        self.definition: dict[str, Any] = {}
        self.status = "active"
        self.version = 0
        self.planned_until: datetime | None = None
        self.made = 0
        self.free: list[int] = []
        self.skipped: set[str] = set()
        self.left_out: set[str] = set()
        self.end_reason: str | None = None
        self.numbers: dict[int, set[str]] = {}
        self.jobs: dict[str, None] = {}
        """Those that were made and not removed."""

    def define(self, definition: dict[str, Any]) -> None:
        self.definition, self.said = definition, DEFAULTS | definition

    @property
    def keeps(self) -> int:
        """How many late ones are posted at most."""
        catch_up: int = self.said["catch_up"]
        return {"latest": 1, "skip": 0}.get(self.said["misfire"], catch_up)


class ScheduleWrite:
    """What one write has done to one schedule so far."""

    def __init__(self, own: Own | None) -> None:
        self.until_before = None if own is None else own.planned_until
        self.kinds: set[str] = set()
        self.planned: dict[str, Any] | None = None
        self.added: set[str] = set()
        self.causes: set[str | None] = set()
        self.is_of_attempts = True
        self.skips: set[str] = set()
        self.missed: list[datetime] = []


class RunOfSchedules:
    """A run of what is due, begun at a moment, with the schedules as they were then."""

    def __init__(
        self, at: datetime, said: dict[str, dict[str, Any]], overlapping: set[str]
    ) -> None:
        self.at = at
        self.said = said
        self.overlapping = overlapping
        self.late: Counter[str] = Counter()


class SchedulesModel:
    """All schedules that the lines so far lead to; `jobs` and `versions` are those of the model."""

    def __init__(self, jobs: dict[str, dict[str, Any]], versions: Mapping[str, int]) -> None:
        self.by_id: dict[str, Own] = {}
        self.slots: dict[str, dict[str, Any]] = {}
        self.latest = datetime.min.replace(tzinfo=UTC)
        """The latest moment of any line: what comes behind it was never due."""
        self.run: RunOfSchedules | None = None
        self._jobs = jobs
        self._rules = ScheduleRules(self, jobs, versions)
        self._writes: dict[str, ScheduleWrite] = {}

    # -- lines of schedules ------------------------------------------------------------------------

    def apply(self, kind: str, key: str, data: dict[str, Any], at: datetime, where: str) -> None:
        """Take a line of a schedule in, or of an account's slots."""
        prefix, _, name = key.partition(":")
        if prefix == "slots":
            self.slots[name] = data
            return
        own = self.by_id.get(name)
        leads_to = LIFECYCLE[kind].get(None if own is None else own.status)
        must(leads_to, where + f"not from {own and own.status}")
        assert leads_to is not None
        write = self._write(name)
        write.kinds.add(kind)
        write.is_of_attempts = False
        if own is None:
            own = self.by_id[name] = Own(name, at)
        own.version += 1
        getattr(self, f"_{kind}")(own, data, at, write)
        must(own.status in leads_to, where + f"leads to {own.status}")

    def _write(self, schedule_id: str) -> ScheduleWrite:
        if schedule_id not in self._writes:
            self._writes[schedule_id] = ScheduleWrite(self.by_id.get(schedule_id))
        return self._writes[schedule_id]

    def _schedule_added(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        own.define(data["definition"])
        own.status = "paused" if data.get("paused") else "active"

    def _schedule_edited(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        own.define(data["definition"])

    def _schedule_paused(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        own.status = "paused"

    def _schedule_resumed(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        own.status, own.since = "active", at

    def _schedule_planned(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        write.planned = data | {"at": at}
        own.planned_until, own.made = moment(data["until"]), data["made"]
        own.free = list(data.get("given_back", ()))
        own.left_out |= {f"{own.schedule_id}.{o['occurrence']}" for o in data.get("left_out", ())}

    def _schedule_skipped(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        job_id = f"{own.schedule_id}.{data['occurrence']}"
        own.skipped.add(job_id)
        write.skips.add(job_id)
        if data.get("number") is not None:
            own.free.append(data["number"])
            own.numbers[data["number"]].discard(job_id)

    def _schedule_ended(
        self, own: Own, data: dict[str, Any], at: datetime, write: ScheduleWrite
    ) -> None:
        own.status, own.end_reason = "ended", data["reason"]

    # -- lines of their jobs -----------------------------------------------------------------------

    def note(
        self, kind: str, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        """Take in what has become of a job by a line; the job is as it is afterwards."""
        if kind == "added":
            said = data.get("schedule")
            job["origin"] = None if said is None else MadeBy(said)
        origin: MadeBy | None = job["origin"]
        if origin is None:
            must(kind == "added" or "schedule" not in data, where + "it is of no schedule")
            return
        own = self.by_id.get(origin.schedule_id)
        must(own, where + f"there is no schedule {origin.schedule_id}")
        assert own is not None
        write = self._write(own.schedule_id)
        write.is_of_attempts &= kind in OF_ATTEMPTS
        if kind == "added":
            self._added(own, job, origin, write, where)
        elif kind == "started":
            self._rules.started(own, job, where)
        elif kind == "removed":
            own.jobs.pop(job["id"], None)
        elif "schedule" in data:
            self._by_plan(kind, own, job, data, write, at, where)
        elif kind in BY_HAND:
            origin.detached = True
            if kind in ("held", "released"):
                origin.cause = None

    def _added(
        self,
        own: Own,
        job: dict[str, Any],
        origin: MadeBy,
        write: ScheduleWrite,
        where: str,
    ) -> None:
        must(own.status == "active" or "schedule_ended" in write.kinds, where + own.status)
        must(write.planned, where + "its schedule says nothing of it")
        must(job["id"] == f"{own.schedule_id}.{origin.occurrence}", where + origin.occurrence)
        write.added.add(job["id"])
        own.jobs[job["id"]] = None
        own.numbers.setdefault(origin.number, set()).add(job["id"])

    def _by_plan(
        self,
        kind: str,
        own: Own,
        job: dict[str, Any],
        data: dict[str, Any],
        write: ScheduleWrite,
        at: datetime,
        where: str,
    ) -> None:
        origin: MadeBy = job["origin"]
        cause = data["schedule"]
        allowed = not origin.detached or TOLD_ALL.get(kind) == cause
        must(allowed, where + f"somebody has changed it, and it is {kind}: {cause}")
        if cause == "zone_rules":
            self._rules.moved_by_zone(own, job, where)
        origin.cause = cause
        write.causes.add(cause)
        if kind == "cancelled" and cause in BY_A_PLAN:
            own.numbers[origin.number].discard(job["id"])
        elif kind == "requeued":
            origin.number = data["number"]
            own.numbers.setdefault(origin.number, set()).add(job["id"])
        elif kind == "expired":
            self._rules.left_out(own, job, cause, write, at, where)

    # -- checking ----------------------------------------------------------------------------------

    def settle(self, at: datetime, where: str) -> None:
        """Check what a write has come to: it is whole now."""
        self.latest = max(self.latest, at)
        writes, self._writes = self._writes, {}
        for schedule_id, write in writes.items():
            self._rules.check(self.by_id[schedule_id], write, at, where)

    def begin_run(self, at: datetime) -> None:
        """Begin a run of what is due."""
        self.run = RunOfSchedules(
            at,
            {own.schedule_id: own.said for own in self.by_id.values()},
            {own.schedule_id for own in self.by_id.values() if self._rules.is_under_way(own, at)},
        )

    def end_run(self) -> None:
        """Check what a run has left that went through to its end."""
        self._rules.run_ended()

    def going_on(self) -> list[Own]:
        """Return those that have not ended."""
        return [own for own in self.by_id.values() if own.status != "ended"]
