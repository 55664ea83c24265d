"""What has to hold of schedules and their jobs: none missed, none twice, no burst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .occurrences import ExpectedPost, due_between, horizon_of, moment, texts_of
from .violation import must
from .walking import DAY

if TYPE_CHECKING:
    from .schedule_model import Own, SchedulesModel, ScheduleWrite

LATE = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=12 + 26)
"""So long after its occurrence a job may wait: for its jitter, and for what was another zone."""
_WAITING = ("pending", "scheduled")
_ANEW = {"schedule_added", "schedule_edited", "schedule_resumed"}
"""What is planned with these is all that is ahead, and nothing that has been."""


def is_its_own(job: dict[str, Any]) -> bool:
    """Whether a job waits as its schedule has made it: never begun, and changed by nobody."""
    return job["status"] in _WAITING and job["attempt"] == 0 and not job["origin"].detached


class ScheduleRules:
    """Checks schedules of a model; each check raises Violation."""

    def __init__(
        self, model: SchedulesModel, jobs: dict[str, dict[str, Any]], versions: Mapping[str, int]
    ) -> None:
        self._model = model
        self._jobs = jobs
        self._versions = versions

    def check(self, own: Own, write: ScheduleWrite, at: datetime, where: str) -> None:
        """Check one schedule behind a write that has concerned it, or a job of it."""
        if write.is_of_attempts:
            return  # of what is due by now: nothing that is ahead has changed
        self._check_numbers(own, where)
        self._check_told(own, write, where)
        if write.planned is not None:
            self._check_planned(own, write, write.planned, where)
        if "misfired" in write.causes:
            self._check_left(own, write, at, where)
        if own.status == "active":
            self._check_ahead(own, where)

    def _own(self, own: Own) -> Iterable[dict[str, Any]]:
        return (job for job_id in own.jobs if is_its_own(job := self._jobs[job_id]))

    # -- numbers, and so texts ---------------------------------------------------------------------

    def _check_numbers(self, own: Own, where: str) -> None:
        """No number is used twice, and none that is free; so no text is, that is used once."""
        for number, job_ids in own.numbers.items():
            must(len(job_ids) <= 1, where + f"{sorted(job_ids)} are all number {number}")
            must(1 <= number <= own.made, where + f"number {number} of {own.made}")
            must(not job_ids or number not in own.free, where + f"{job_ids} has a free number")
        must(len(set(own.free)) == len(own.free), where + f"free twice: {own.free}")
        limit, count = own.said["max_count"], len(own.said["content"])
        if own.said["order"] == "once":
            limit = min(limit or count, count)
        if own.end_reason in ("count", "texts") and limit is not None:
            unused = [number for number in own.free if number <= limit]
            must(not unused and own.made >= limit, where + f"it has ended without {unused}")

    # -- what was said to it -----------------------------------------------------------------------

    def _check_told(self, own: Own, write: ScheduleWrite, where: str) -> None:
        jobs = [self._jobs[job_id] for job_id in own.jobs]
        if "schedule_paused" in write.kinds:
            running_on = [job["id"] for job in jobs if job["status"] == "scheduled"]
            must(not running_on, where + f"paused, and {running_on} are not held")
        if own.end_reason == "by_hand" and "schedule_ended" in write.kinds:
            left = [job["id"] for job in self._own(own)]
            must(not left, where + f"ended, and {left} wait still")
        for job_id in write.skips:
            job = self._jobs.get(job_id)
            must(job is None or job["status"] == "cancelled", where + f"{job_id} is not skipped")

    # -- none missed -------------------------------------------------------------------------------

    def _check_planned(
        self, own: Own, write: ScheduleWrite, planned: dict[str, Any], where: str
    ) -> None:
        """Check that each occurrence that was planned has its job, or that it is told why not."""
        at, before, until = planned["at"], write.until_before, moment(planned["until"])
        out_of_turn = {job for job in write.added if self._jobs[job]["origin"].detached}
        if own.end_reason in ("count", "texts") or out_of_turn:
            return  # its end, or one more by hand
        horizon = horizon_of(own.said)
        goes_on = not write.kinds & _ANEW and _is_due(before, horizon, at)
        least = at + horizon if goes_on or write.kinds & _ANEW else before or at
        must(own.status == "ended" or until >= least, where + f"planned up to {until}")
        begin, missed = max(at, own.since), planned.get("missed", 0)
        if goes_on:
            begin = max(before or own.since, own.since)
            bound = planned.get("since")
            must((bound is not None) == (begin < at - LATE), where + f"looked at from {bound}")
            begin = max(begin, at - LATE)
        expected = [
            one
            for one in due_between(own.schedule_id, own.said, begin, until)
            if one.job_id not in own.skipped
        ]
        grace = timedelta(seconds=own.said["grace_s"])
        late = [one for one in expected if at - one.at > grace]
        gone = {one.job_id for one in late[: max(len(late) - own.keeps, 0)]}
        must(missed == len(gone), where + f"it says {missed} were missed, not {len(gone)}")
        for one in expected:
            is_told = one.job_id in gone or one.job_id in own.left_out
            must(is_told or self._versions[one.job_id], where + f"{one.job_id} was never made")
        must(not gone & write.added, where + f"{sorted(gone & write.added)} are too late")
        strange = write.added - {one.job_id for one in expected}
        must(not strange, where + f"{sorted(strange)} are none of its rule")

    # -- as it has to be ---------------------------------------------------------------------------

    def _check_ahead(self, own: Own, where: str) -> None:
        """Check that what was never due yet has its job, as the schedule says, and nothing else."""
        if own.planned_until is None:
            return
        latest = self._model.latest
        expected = {
            one.job_id: one
            for one in due_between(own.schedule_id, own.said, latest, own.planned_until)
        }
        for job_id, one in expected.items():
            job = self._jobs.get(job_id)
            if job_id in own.skipped | own.left_out or (job is None and self._versions[job_id]):
                continue  # it was removed
            must(job is not None, where + f"{job_id} is missing")
            assert job is not None
            if job["origin"].detached or _has_been_due(job, latest):
                continue  # in another zone, if it is ahead again: it is posted once
            must(is_its_own(job), where + f"{job_id} is {job['status']}")
            self._check_as_said(own, job, one, where)
        before = due_between(own.schedule_id, own.said, latest - LONGEST_WAIT, latest)
        meant = {*expected, *(one.job_id for one in before)}
        for job in self._own(own):
            if job["scheduled_time"] > latest:
                must(job["id"] in meant, where + f"{job['id']} is none of its rule")
                must(job["id"] not in own.skipped, where + f"{job['id']} was skipped")

    def _check_as_said(self, own: Own, job: dict[str, Any], one: ExpectedPost, where: str) -> None:
        said, job_id, number = own.said, job["id"], job["origin"].number
        must(job["scheduled_time"] == one.at, where + f"{job_id} is at {job['scheduled_time']}")
        texts = texts_of(said, number, one.local)
        must(job["content"] in texts, where + f"{job_id} is {job['content']!r}, not of {texts}")
        for name in ("account_id", "priority", "platform", "metadata"):
            must(job[name] == said[name], where + f"{name} of {job_id} is {job[name]!r}")
        is_held = job["status"] == "pending"
        must(is_held is said["hold"], where + f"{job_id} is {job['status']}")
        most = said["max_count"]
        must(most is None or number <= most, where + f"{job_id} is number {number} of {most}")

    def moved_by_zone(self, own: Own, job: dict[str, Any], where: str) -> None:
        """Check that a job is none of those that stand where they are: no zone has changed here.
        What had been due before the clock went back may have been left at an earlier time."""
        assert own.planned_until is not None
        ahead = due_between(own.schedule_id, own.said, self._model.latest, own.planned_until)
        is_ahead = job["id"] in {one.job_id for one in ahead}
        must(not is_ahead, where + "the rules of its zone are what they were")

    # -- no burst ----------------------------------------------------------------------------------

    def _late(self, own: Own, at: datetime) -> list[dict[str, Any]]:
        """Return what is later than its grace, and still to be posted."""
        grace = timedelta(seconds=own.said["grace_s"])
        return [
            job
            for job in self._own(own)
            if job["status"] == "scheduled" and at - job["scheduled_time"] > grace
        ]

    def _check_left(self, own: Own, write: ScheduleWrite, at: datetime, where: str) -> None:
        """Check that of the late ones as many are left as it says, and the newest."""
        late = self._late(own, at)
        keeps = 0 if "overlap" in write.causes else own.keeps
        must(len(late) == keeps, where + f"{len(late)} late ones of {own.schedule_id} are left")
        for job in late:
            newest = max(write.missed)
            must(job["scheduled_time"] >= newest, where + f"{job['id']} is not the newest")

    def left_out(
        self,
        own: Own,
        job: dict[str, Any],
        cause: str,
        write: ScheduleWrite,
        at: datetime,
        where: str,
    ) -> None:
        """Check that a job was left out for a reason."""
        must(job["attempt"] == 0 or cause == "paused", where + f"it was begun, and is {cause}")
        if cause == "misfired":
            late = at - job["scheduled_time"]
            must(late > timedelta(seconds=own.said["grace_s"]), where + f"it is late by {late}")
            write.missed.append(job["scheduled_time"])
        if cause == "overlap":
            must(own.said["overlap"] == "skip", where + "its schedule has them queue")
            must(self.is_under_way(own), where + "none of its schedule is under way")

    def is_under_way(self, own: Own, at: datetime | None = None) -> bool:
        """Whether a job of a schedule runs, or waits to be tried again and has not expired `at`
        this moment."""
        jobs = (self._jobs[job_id] for job_id in own.jobs)
        return any(
            job["status"] == "running"
            or (
                job["status"] in _WAITING
                and job["attempt"] > 0
                and (at is None or at - job["scheduled_time"] <= LATE)
            )
            for job in jobs
        )

    def started(self, own: Own, job: dict[str, Any], where: str) -> None:
        """Check that a first attempt may be: one run posts only so many that are late."""
        run, schedule_id = self._model.run, own.schedule_id
        if run is None or job["attempt"] > 1 or job["origin"].detached:
            return
        if run.said.get(schedule_id) is not own.said:
            return  # somebody has edited it since
        queues = own.said["overlap"] == "queue" or schedule_id not in run.overlapping
        must(queues, where + "the one before it is not over")
        if run.at - job["scheduled_time"] > timedelta(seconds=own.said["grace_s"]):
            run.late[schedule_id] += 1
            must(run.late[schedule_id] <= own.keeps, where + f"late number {run.late[schedule_id]}")

    def run_ended(self) -> None:
        """Check what a run has left."""
        run = self._model.run
        if run is None:
            return
        for own in self._model.by_id.values():
            if run.said.get(own.schedule_id) is own.said:
                late = len(self._late(own, run.at))
                must(late <= own.keeps, f"{late} late ones of {own.schedule_id} are left")


def _has_been_due(job: dict[str, Any], latest: datetime) -> bool:
    """Whether it is closed, or to be tried again, since its time has come once."""
    return not is_its_own(job) and (job["attempt"] > 0 or job["scheduled_time"] <= latest)


def _is_due(planned_until: datetime | None, horizon: timedelta, at: datetime) -> bool:
    """Whether it was time to plan further."""
    return planned_until is None or planned_until - (horizon - min(DAY, horizon / 4)) <= at
