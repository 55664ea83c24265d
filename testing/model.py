"""The rules of a ledger, written down a second time: plain dicts, and no import of the product.

The model reads the lines of the log as anybody could. What it finds against the rules is a
Violation; what it holds afterwards is what every handle has to show.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from .occurrences import moment
from .schedule_model import SchedulesModel
from .violation import must

LATE = timedelta(hours=24)
"""A job that is later than this has missed its moment."""

RULES: dict[str, dict[str | None, set[str]]] = {
    "added": {None: {"scheduled", "pending"}},
    "held": {"scheduled": {"pending"}},
    "released": {"pending": {"scheduled"}},
    "edited": {"pending": {"pending"}, "scheduled": {"scheduled"}},
    "rescheduled": {"pending": {"pending"}, "scheduled": {"scheduled"}},
    "deferred": {"scheduled": {"scheduled"}},
    "started": {"scheduled": {"running"}},
    "noted": {"running": {"running"}},
    "checkpointed": {"running": {"running"}},
    "completed": {"running": {"completed"}},
    "retried": {"running": {"scheduled"}},
    "failed": {"running": {"failed"}},
    "interrupted": {"running": {"scheduled", "failed"}},
    "cancelled": {state: {"cancelled"} for state in ("pending", "scheduled", "running")},
    "expired": {state: {"expired"} for state in ("pending", "scheduled")},
    "requeued": {state: {"scheduled"} for state in ("failed", "expired", "cancelled")},
    "resolved": {"failed": {"completed", "failed"}},
    "removed": {
        state: {"removed"}
        for state in ("pending", "scheduled", "completed", "failed", "cancelled", "expired")
    },
}
"""For each type of event the states that it may find, and where it may lead from there."""


class Model:
    """The state that the events so far lead to, job by job."""

    def __init__(self, *, concurrency: int, on_interrupted: str) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.versions: Counter[str] = Counter()
        self.schedules = SchedulesModel(self.jobs, self.versions)
        self.seq = 0
        self._concurrency = concurrency
        self._on_interrupted = on_interrupted
        self._tried = set[str]()
        self._run_at: datetime | None = None
        self._retryable: dict[str, bool] = {}

    def begin_run(self, at: datetime, retryable: dict[str, bool]) -> None:
        """Begin a run, which looks at what is due now, and starts each job once. `retryable` has
        for each job whether its publisher said of its latest failure that it may be tried again."""
        self._tried, self._run_at, self._retryable = set(), at, retryable
        self.schedules.begin_run(at)

    def apply(self, line: dict[str, Any]) -> None:
        """Take one line of the log in.

        Raises:
            Violation: it may not stand there.
        """
        kind, job_id, data = line["type"], line["job"], line["data"]
        where = f"event {line['seq']}, {kind} of {job_id}: "
        must(line["seq"] == self.seq + 1, where + f"it follows event {self.seq}")
        must(line["version"] == self.versions[job_id] + 1, where + "its version has a gap")
        self.seq += 1
        self.versions[job_id] += 1
        at = moment(line["at"])
        if ":" in job_id and job_id.partition(":")[0] in ("schedule", "slots"):
            self.schedules.apply(kind, job_id, data, at, where)
        else:
            self._apply_to_job(kind, job_id, data, at, where)
        if not line["more"]:
            self.schedules.settle(at, where)

    def _apply_to_job(
        self, kind: str, job_id: str, data: dict[str, Any], at: datetime, where: str
    ) -> None:
        job = self.jobs.get(job_id)
        state = None if job is None else job["status"]
        if job is None:
            must(self.versions[job_id] == 1, where + "the job was removed")
            job = self.jobs[job_id] = {"id": job_id}
        leads_to = RULES[kind].get(state)
        must(leads_to, where + f"not from {state}")
        assert leads_to is not None
        getattr(self, f"_{kind}")(job, data, at, where)
        self.schedules.note(kind, job, data, at, where)
        if kind == "removed":
            del self.jobs[job_id]
            return
        must(job["status"] in leads_to, where + f"leads to {job['status']}")

    def of(self, *states: str) -> list[str]:
        """Return the ids of the jobs in these states, in the order of adding."""
        return [job_id for job_id, job in self.jobs.items() if job["status"] in states]

    def rank(self, job_id: str) -> tuple[int, datetime, int]:
        job = self.jobs[job_id]
        return -job["priority"], job["scheduled_time"], job["order"]

    # -- one event each ----------------------------------------------------------------------------

    def _added(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        job.update(
            account_id=data["account_id"],
            content=data["content"],
            scheduled_time=moment(data["scheduled_time"]),
            priority=data["priority"],
            status="pending" if data.get("hold") else "scheduled",
            platform=data["platform"],
            max_retries=data["max_retries"],
            retry_count=0,
            created_at=at,
            started_at=None,
            completed_at=None,
            error=None,
            thread_id=None,
            metadata=data.get("metadata", {}),
            order=self.seq,
            attempt=0,
            doubt=False,
            unknown=False,
        )

    def _held(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        job["status"] = "pending"

    def _released(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        job["status"] = "scheduled"

    def _edited(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        said = {name: value for name, value in data.items() if name != "schedule"}
        must(said, where + "nothing was edited")
        job.update(said)

    def _rescheduled(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        job["scheduled_time"] = moment(data["scheduled_time"])

    def _started(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        must(job["scheduled_time"] <= at, where + "it is not due")
        must(at - job["scheduled_time"] <= LATE, where + "it has expired")
        must(data["attempt"] == job["attempt"] + 1, where + "its attempt's number has a gap")
        running = [other for other in self.jobs.values() if other.get("status") == "running"]
        must(len(running) < self._concurrency, where + f"{len(running)} are running")
        busy = {other["account_id"] for other in running}
        must(job["account_id"] not in busy, where + "its account has one running")
        mine = (-job["priority"], job["scheduled_time"], job["order"])
        for job_id, other in self.jobs.items():
            if (
                other["status"] == "scheduled"
                and job_id not in self._tried
                and other["scheduled_time"] <= (self._run_at or at)
                and at - other["scheduled_time"] <= LATE
                and other["account_id"] not in busy
            ):
                must(mine <= self.rank(job_id), where + f"{job_id} comes first")
        self._tried.add(job["id"])
        job.update(
            status="running",
            started_at=at,
            attempt=data["attempt"],
            asked=data["reconcilable"],
            asks_first=data.get("asks_first", False),
        )

    def _noted(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        self._of_attempt(job, data, where)

    def _checkpointed(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        self._of_attempt(job, data, where)

    def _completed(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        self._of_attempt(job, data, where)
        asked = job["asks_first"] and job["asked"]
        must(("found" in data) == asked, where + "whether it says what asking has shown")
        must(data.get("asked_about", 0) < job["attempt"], where + "it asked about no earlier one")
        job.update(status="completed", completed_at=at, error=None, doubt=False, unknown=False)
        job["thread_id"] = data.get("thread_id")

    def _retried(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        self._of_attempt(job, data, where)
        if not data.get("called", True) or data.get("of_account", False):
            self._put_back(job, data, where)
            return
        count = job["retry_count"] + 1
        must(data["retry_count"] == count <= job["max_retries"], where + "no retry is left")
        due = at + timedelta(minutes=2**count)
        must(moment(data["scheduled_time"]) == due, where + f"it ought to be due at {due}")
        job.update(
            status="scheduled", retry_count=count, scheduled_time=due, error=data["error"],
            doubt=False,
        )  # fmt: skip

    @staticmethod
    def _put_back(job: dict[str, Any], data: dict[str, Any], where: str) -> None:
        """Its publisher was not called, or could post nothing for its account: nothing but the
        number of its attempts has changed."""
        must(data["retry_count"] == job["retry_count"], where + "a retry was used up")
        same = moment(data["scheduled_time"]) == job["scheduled_time"]
        must(same, where + "its time has changed")
        job.update(status="scheduled", error=data["error"])

    def _failed(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        self._of_attempt(job, data, where)
        unknown = data.get("outcome_unknown", False)
        if self._retryable.get(job["id"]) and not unknown:
            must(job["retry_count"] >= job["max_retries"], where + "a retry is left")
        job.update(status="failed", error=data["error"], unknown=unknown, doubt=False)

    def _interrupted(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        self._of_attempt(job, data, where)
        if not data.get("called", True):
            must(job["doubt"] and data["in_doubt"], where + "there was no doubt to keep")
            self._put_back(job, data, where)
            return
        again = data.get("scheduled_time")
        doubt = data.get("in_doubt", False)
        must(data["retry_count"] <= max(job["max_retries"], job["retry_count"]), where + "retries")
        if again is not None and not job["asked"]:
            must(self._on_interrupted == "retry", where + "it may be out, and goes out again")
        must(doubt == (again is not None and job["asked"]), where + "whether it is asked about")
        job.update(
            status="scheduled" if again else "failed",
            retry_count=data["retry_count"],
            error=data["error"],
            unknown=not again,
            doubt=doubt,
        )
        if again:
            job["scheduled_time"] = moment(again)

    def _cancelled(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        job.update(status="cancelled", doubt=job["doubt"] or data.get("in_doubt", False))

    def _deferred(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        holds = moment(data["until"]) > job["scheduled_time"]
        must(job["scheduled_time"] <= at or not holds, where + "it is not due")

    def _expired(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        least = timedelta(0) if "schedule" in data else LATE + timedelta(microseconds=1)
        must(at - job["scheduled_time"] >= least, where + "it is not late enough")
        job["status"] = "expired"

    def _requeued(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        job.update(status="scheduled", retry_count=0, error=None, unknown=False)
        job["scheduled_time"] = moment(data["scheduled_time"])

    def _resolved(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        must(job["unknown"], where + "its outcome is known")
        job.update(unknown=False, doubt=False)
        if data["posted"]:
            job.update(status="completed", completed_at=at, error=None)
            job["thread_id"] = data.get("thread_id")

    def _removed(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        job["status"] = "removed"

    @staticmethod
    def _of_attempt(job: dict[str, Any], data: dict[str, Any], where: str) -> None:
        must(data["attempt"] == job["attempt"], where + "it is of another attempt")

    # -- what is shown -----------------------------------------------------------------------------

    def compare(self, job_id: str, shown: dict[str, Any] | None) -> None:
        """Compare a job as a handle shows it (`to_dict`) with the model.

        Raises:
            Violation: they differ.
        """
        mine = self.jobs.get(job_id)
        if mine is None or shown is None:
            must(mine is None and shown is None, f"{job_id} is shown as {shown}, not as {mine}")
            return
        for name in _SHOWN:
            expected = mine[name]
            if name in _TIMES and expected is not None:
                expected = expected.isoformat()
            must(
                shown[name] == expected,
                f"{name} of {job_id} is shown as {shown[name]!r}, not as {expected!r}",
            )


_TIMES = {"scheduled_time", "created_at", "started_at", "completed_at"}
_SHOWN = (
    "account_id", "content", "scheduled_time", "priority", "status", "platform", "max_retries",
    "retry_count", "created_at", "started_at", "completed_at", "error", "thread_id", "metadata",
)  # fmt: skip
