"""The bugs, each with the budget within which it has to be noticed."""

from __future__ import annotations

from dataclasses import replace

from support.mutants import Mutant
from switches.rules import RULES

DECIDE, EVOLVE, JOB = "domain/decide.py", "domain/evolve.py", "domain/job.py"
RUNS, ATTEMPTING = "scheduler/runs.py", "scheduler/attempting.py"
SIMULATED = ["simulate --seed 1 --steps 4000"]
"""The budget: 4,000 steps of one seed, some ten seconds."""
DOMAIN = ["tests/unit/domain"]


def _of_the_log(name: str, rule: str, *, by_tests: bool = False) -> Mutant:
    """A mistake in the log; the simulator has to notice it, or else the tests of the rule."""
    mutant = next(mutant for mutant in RULES if mutant.name == rule)
    return replace(mutant, name=name, tests=mutant.tests if by_tests else SIMULATED)


BUGS = [
    # -- the log
    _of_the_log("acknowledge before the sync", "an append is synced before it is acknowledged"),
    _of_the_log("forget to sync the directory", "a new file's name is synced"),
    _of_the_log("forget to move HEAD", "HEAD moves with every append"),
    _of_the_log(
        "lost update: append where the log ended when one last looked",
        "a writer goes to the end of the log before it appends",
    ),
    _of_the_log(
        "lost update: versions are not compared", "a version that is not expected is refused"
    ),
    _of_the_log("half a batch survives a crash", "a write counts as a whole or not at all"),
    _of_the_log("go on after a failed write", "a failed write poisons the handle", by_tests=True),
    _of_the_log(
        "trust what a dead writer left in the page cache",
        "what a dead writer left is synced before it counts",
    ),
    _of_the_log("the clock goes back and an older day goes on", "a day's file never goes back"),
    Mutant(
        "projections ahead of the log: the marker says one event more",
        "projections/writer.py",
        "msgspec.json.encode(Marker(self._ledger_id, seq))",
        "msgspec.json.encode(Marker(self._ledger_id, seq + 1))",
        SIMULATED,
    ),
    # -- the lifecycle
    Mutant(
        "a stale attempt's result is accepted",
        DECIDE,
        " or job.attempt != command.attempt:\n",
        ":\n",
        DOMAIN,
    ),
    Mutant(
        "the backoff is one power short",
        "domain/policy.py",
        "float(self.factor) ** failures",
        "float(self.factor) ** (failures - 1)",
        SIMULATED,
    ),
    Mutant(
        "one retry too many",
        JOB,
        "return self.retry_count < self.max_retries\n",
        "return self.retry_count <= self.max_retries\n",
        SIMULATED,
    ),
    Mutant(
        "expiry off by one: exactly 24 h late is expired",
        JOB,
        "return now - self.scheduled_time > expire_after\n",
        "return now - self.scheduled_time >= expire_after\n",
        DOMAIN,
    ),
    Mutant(
        "a completed job can be requeued",
        "domain/lifecycle.py",
        '_declare("requeue", [_FAILED, _EXPIRED, _CANCELLED], ',
        '_declare("requeue", [_FAILED, _EXPIRED, _CANCELLED, _COMPLETED], ',
        SIMULATED,
    ),
    Mutant(
        "a requeued job keeps its used-up retries",
        EVOLVE,
        "        retry_count=0,\n",
        "",
        SIMULATED,
    ),
    # -- no post twice
    Mutant(
        "an interrupted attempt is tried again although nobody can ask",
        DECIDE,
        '        again = retry_left and command.on_interrupted == "retry"\n',
        "        again = retry_left\n",
        SIMULATED,
    ),
    Mutant(
        "cancelling forgets that the post may be out",
        DECIDE,
        "in_doubt=running and job.reconcilable)",
        "in_doubt=False)",
        SIMULATED,
    ),
    Mutant(
        "a job in doubt is posted before it is asked about",
        "scheduler/execution.py",
        "    if job.in_doubt:\n        if can",
        "    if job.in_doubt and job.retry_count > 1:\n        if can",
        SIMULATED,
    ),
    Mutant(
        "orphans of a dead runner are left running",
        "scheduler/scheduler.py",
        "(self._wake)\n            self.recover_all_running_jobs()\n",
        "(self._wake)\n",
        SIMULATED,
    ),
    Mutant(
        "a checkpoint's call returns before it is recorded",
        "scheduler/attempt.py",
        "        job = self._record(self.job.job_id, command)\n        if job",
        "        job = self.job\n        if job",
        ["tests/unit/scheduler"],
    ),
    # -- order and concurrency
    Mutant(
        "two of one account at a time",
        ATTEMPTING,
        "room, without_accounts=busy, without_jobs=left_out\n",
        "room, without_accounts=(), without_jobs=left_out\n",
        SIMULATED,
    ),
    Mutant(
        "one more than `concurrency` at a time",
        RUNS,
        "room = self._settings.concurrency - len(self._running)\n",
        "room = self._settings.concurrency - len(self._running) + 1\n",
        SIMULATED,
    ),
    Mutant(
        "the lowest priority first",
        "projections/queue.py",
        "    return -job.priority, ",
        "    return job.priority, ",
        SIMULATED,
    ),
    Mutant(
        "a second runner is let in",
        "scheduler/runner_lock.py",
        "                if not _take(fs, self._fd):\n",
        "                if _take(fs, self._fd) is None:\n",
        SIMULATED,
    ),
    # -- projections
    Mutant(
        "a rescheduled job stays in the file of its old day",
        "projections/daily_files.py",
        "                day.jobs.remove(job_id)\n",
        "                pass\n",
        SIMULATED,
    ),
]
