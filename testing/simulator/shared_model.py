"""The rules of a ledger that many runners share: those of one, and what has to hold among them.

What has to be looked up is who has ended by the server's own table, at the moment of each write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..model import LATE, Model
from ..remote_server import RemoteServer, SentWrite
from ..violation import must

_STEPS = ("noted", "checkpointed")
_ENDS = ("completed", "retried", "failed")
_GENESIS = "0" * 32
_IN_THE_WAY = ("pending", "scheduled", "running", "completed")


class Sender(Protocol):
    """Who has sent a write. `run_at` is since when it runs what is due, None: it does not; `tried`
    has what it has started since."""

    concurrency: int
    run_at: datetime | None
    tried: set[str]

    def makes(self, job_id: str, attempt: int) -> bool:
        """Say whether it makes an attempt: one whose start came late is made by nobody."""

    def knows_end_of(self, job_id: str, attempt: int) -> bool:
        """Say whether an attempt that it makes has ended, which is not written yet."""

    def is_busy_with(self, account_id: str) -> bool:
        """Say whether it holds an attempt of an account, whatever the log says of it."""


class SaidOfAttempts:
    """What publishers have said of attempts, each by its job and its number.

    `may_be_again`: of those that failed, whether they may be tried again. `given`: those of which
    their process knows the end.
    """

    def __init__(self) -> None:
        self.may_be_again: dict[tuple[str, int], bool] = {}
        self.given: set[tuple[str, int]] = set()


class SharedModel(Model):
    """The state that the writes so far lead to. `gap` is the pacing of all accounts, which may be
    short of by `slack`, where clocks differ. `is_unique`: no text is there twice for an account.

    `answers` has what publishers have said of attempts.
    """

    def __init__(
        self,
        server: RemoteServer,
        *,
        on_interrupted: str,
        gap: timedelta | None,
        slack: timedelta = timedelta(0),
        is_unique: bool = False,
    ) -> None:
        super().__init__(concurrency=1_000_000, on_interrupted=on_interrupted)
        self.answers = SaidOfAttempts()
        self.makers: dict[tuple[str, int], str] = {}
        """For each attempt the process that makes it."""
        self.lines: list[dict[str, Any]] = []
        self._server = server
        self._gap = gap
        self._slack = slack
        self._is_unique = is_unique
        self._on_interrupted_by = on_interrupted
        self._hash = _GENESIS
        self._posted_at: dict[str, datetime] = {}
        self._sent: list[tuple[SentWrite, int]] = []
        """The writes, each with the number of its last record."""
        self._by: Sender | None = None
        self._is_live = True

    def commit(self, sent: SentWrite, by: Sender | None) -> list[dict[str, Any]]:
        """Take a write in; return its records.

        Raises:
            Violation: it may not stand there.
        """
        found = []
        self._by = by
        self._sent.append((sent, self.seq))
        for raw in (sent.write.header + sent.write.lines).split(b"\n")[:-1]:
            line = json.loads(raw)
            must(line["prev"] == self._hash, f"a line does not follow {self._hash}: {raw[:80]!r}")
            self._hash = line["hash"]
            if "seq" in line:
                self._check_sender(line)
                self.apply(line)
                found.append(line)
        if self._is_unique:
            self._check_texts(found)
        self.lines += found
        self._sent[-1] = sent, self.seq
        return found

    def without_those_behind(self, seq: int) -> SharedModel:
        """Return what is left when what is behind a record is lost."""
        left = SharedModel(
            self._server,
            on_interrupted=self._on_interrupted_by,
            gap=self._gap,
            slack=self._slack,
            is_unique=self._is_unique,
        )
        left.answers, left._is_live = self.answers, False
        for sent, last in self._sent:
            if last <= seq:
                left.commit(sent, None)
        left._is_live = True
        return left

    # -- who may say it ----------------------------------------------------------------------------

    def _check_sender(self, line: Mapping[str, Any]) -> None:
        kind, job_id, data, sent = line["type"], line["job"], line["data"], self._sent[-1][0]
        attempt = (job_id, data.get("attempt", 0))
        if kind == "failed":
            self._retryable = {job_id: self.answers.may_be_again.get(attempt, False)}
        if kind == "started":
            self.makers[attempt] = sent.sender
        where = f"event {line['seq']}, {kind} of {job_id} by {sent.sender}: "
        if self._is_live and sent.runner is not None:
            must(self._server.is_living(sent.runner), where + f"{sent.runner} was ended")
        if not self._is_live or attempt not in self.makers:
            return
        runner = self.jobs[job_id].get("runner", "")
        is_its_own = self.makers[attempt] == sent.sender
        if kind in _STEPS:
            # One that was kept is written before its end, as whoever its process is by then.
            is_kept = is_its_own and self._by is not None and self._by.knows_end_of(*attempt)
            must(sent.runner == runner or is_kept, where + f"a step of an attempt of {runner}")
        elif kind in _ENDS:
            must(is_its_own, where + f"it is {self.makers[attempt]}'s to say")
        elif kind == "interrupted" and (not is_its_own or data["reason"] == "crashed"):
            is_made_by_nobody = is_its_own and self._by and not self._by.makes(*attempt)
            # Who has looked before a failover knows of ends that it may have lost.
            has_ended = not self._server.is_living(runner) or runner in self._server.ever_ended
            must(has_ended or is_made_by_nobody, where + f"nobody has ended {runner}")
            is_forgotten = not has_ended and attempt in self.answers.given
            must(not is_forgotten, where + "its publisher has answered, and that is forgotten")

    def _check_texts(self, lines: list[dict[str, Any]]) -> None:
        """Check that what was written brought no text that another job of the account has."""
        for line in lines:
            mine = self.jobs.get(line["job"])
            if mine is None or line["type"] not in ("added", "edited", "requeued"):
                continue
            for job_id, other in self.jobs.items():
                same = all(other[name] == mine[name] for name in ("account_id", "content"))
                is_in_the_way = other["status"] in _IN_THE_WAY or other["unknown"] or other["doubt"]
                must(
                    job_id == line["job"] or not same or not is_in_the_way,
                    f"event {line['seq']}, {line['type']} of {line['job']}: {job_id} has its text",
                )

    # -- one event each ----------------------------------------------------------------------------

    def _started(self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str) -> None:
        must(job["scheduled_time"] <= at, where + "it is not due")
        must(at - job["scheduled_time"] <= LATE, where + "it has expired")
        must(data["attempt"] == job["attempt"] + 1, where + "its attempt's number has a gap")
        running = [other for other in self.jobs.values() if other["status"] == "running"]
        busy = {other["account_id"] for other in running}
        must(job["account_id"] not in busy, where + "its account has one running")
        if self._is_live:
            self._check_start(job, data, at, running, where)
        job.update(
            status="running",
            started_at=at,
            attempt=data["attempt"],
            asked=data["reconcilable"],
            asks_first=data.get("asks_first", False),
            runner=data["runner"],
        )

    def _check_start(
        self,
        job: dict[str, Any],
        data: dict[str, Any],
        at: datetime,
        running: list[dict[str, Any]],
        where: str,
    ) -> None:
        runner, sent, by = data["runner"], self._sent[-1][0], self._by
        must(runner == sent.runner, where + f"it is said to be of {runner}, not {sent.runner}")
        must(self._server.holds(runner), where + f"the lease of {runner} does not hold")
        if by is None:
            return  # it was killed while that was on its way
        mine = sum(
            other["runner"] == runner and by.makes(other["id"], other["attempt"])
            for other in running
        )
        must(mine < by.concurrency, where + f"{runner} has {mine} running")
        posted_at = self._posted_at.get(job["account_id"])
        if self._gap is not None and posted_at is not None and not data.get("asks_first"):
            must(
                at - posted_at >= self._gap - self._slack,
                where + f"its account posted at {posted_at}",
            )
        if by.run_at is not None and self._gap is None:
            self._check_first(job, at, by, {other["account_id"] for other in running}, where)
        by.tried.add(job["id"])

    def _check_first(
        self, job: dict[str, Any], at: datetime, by: Sender, busy: set[str], where: str
    ) -> None:
        assert by.run_at is not None
        mine = self.rank(job["id"])
        for job_id, other in self.jobs.items():
            if (
                other["status"] == "scheduled"
                and job_id not in by.tried
                and other["scheduled_time"] <= by.run_at - self._slack
                and at - other["scheduled_time"] <= LATE
                and other["account_id"] not in busy
                and (other["account_id"] == job["account_id"]
                     or not by.is_busy_with(other["account_id"]))
            ):  # fmt: skip
                must(mine <= self.rank(job_id), where + f"{job_id} comes first")

    def _completed(
        self, job: dict[str, Any], data: dict[str, Any], at: datetime, where: str
    ) -> None:
        super()._completed(job, data, at, where)
        if not data.get("found"):
            self._posted_at[job["account_id"]] = at
