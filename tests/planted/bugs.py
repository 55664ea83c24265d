"""The bugs, each with the budget within which it has to be noticed."""

from __future__ import annotations

from dataclasses import replace

from seeds.recorded import simulated
from support.changes import Change, Drop, Instead, Never, OffByOne, Swap, Value, Without
from support.mutants import Mutant
from switches.rules import RULES

SIMULATED = ["simulate --seed 1 --steps 4000"]
"""The budget: 4,000 steps of one seed, some ten seconds."""
DOMAIN = ["unit/domain"]
SLOTS = ["unit/ledger/test_slots.py"]
ANSWERS = ["unit/scheduler/test_answers.py"]


def _of_the_log(name: str, rule: str, *, by_tests: bool = False) -> Mutant:
    """Plant a mistake in the log; the simulator has to notice it, or else the tests of the rule."""
    mutant = next(mutant for mutant in RULES if mutant.name == rule)
    return replace(mutant, name=name, tests=mutant.tests if by_tests else SIMULATED)


def _of_many(name: str, anchor: str, change: Change) -> Mutant:
    """Plant a mistake that shows beside other runners; a seed of those has to notice."""
    return Mutant(name, anchor, change, [simulated(name)])


_TAKEN_FOR_WRITTEN = """try:
            is_written = self._engine.append(write, after=log.cursor, then=then)
        except Exception as error:
            if type(error).__name__ != "AppendFailedError":
                raise
            is_written = True
        if not is_written:
            return None"""
_ON_WHAT_IS_KNOWN = """records = self._guarded(decide_on)
                try:
                    self._appender.append(records)
                except VersionConflictError:
                    continue
                return bool(records)"""
_TAKEN_FOR_A_REFUSAL = """try:
            is_written = self._engine.append(write, after=log.cursor, then=then)
        except Exception as error:
            if type(error).__name__ != "AppendFailedError":
                raise
            is_written = False
        if not is_written:
            return None"""

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
        "marker-says-what-is-there",
        Swap(
            "place",
            "type(place)(place.day, place.size, place.first_seq, place.seq + 1, place.hash)",
        ),
        SIMULATED,
    ),
    # -- the lifecycle
    Mutant("a stale attempt's result is accepted", "fence-of-an-attempt", Without(), DOMAIN),
    Mutant(
        "the backoff is one power short",
        "power-of-the-backoff",
        Swap("failures", "(failures - 1)"),
        SIMULATED,
    ),
    Mutant("one retry too many", "number-of-retries", OffByOne(), SIMULATED),
    Mutant(
        "expiry off by one: exactly 24 h late is expired",
        "moment-of-expiry",
        OffByOne(),
        DOMAIN,
    ),
    Mutant(
        "a completed job can be requeued",
        "no-requeue-of-completed",
        Swap("_CANCELLED", "_CANCELLED, _COMPLETED"),
        SIMULATED,
    ),
    Mutant(
        "a requeued job keeps its used-up retries",
        "requeue-begins-anew",
        Swap("0", "job.retry_count"),
        SIMULATED,
    ),
    # -- no post twice
    Mutant(
        "an interrupted attempt is tried again although nobody can ask",
        "at-most-once-if-nobody-can-ask",
        Without(),
        SIMULATED,
    ),
    Mutant(
        "cancelling forgets that the post may be out",
        "cancelled-may-be-out",
        Value("False"),
        SIMULATED,
    ),
    Mutant(
        "a job in doubt is posted before it is asked about",
        "ask-before-posting-again",
        Never(),
        SIMULATED,
    ),
    Mutant(
        "an exception is the publisher's word that nothing was posted, at most once",
        "at-most-once-takes-only-its-own-word",
        Swap('settings.on_interrupted == "retry"', "True"),
        ANSWERS,
    ),
    Mutant(
        "what returned no PostResult is posted again",
        "what-says-nothing-is-done",
        Swap("False", "True"),
        ANSWERS,
    ),
    Mutant("a time-out is a failure", "broken-off-may-be-out", Without(), ANSWERS),
    Mutant("orphans of a dead runner are left running", "orphans-are-recovered", Drop(), SIMULATED),
    Mutant(
        "a checkpoint's call returns before it is recorded",
        "checkpoint-is-recorded-first",
        Value("self.job"),
        ["unit/scheduler"],
    ),
    # -- order and concurrency
    Mutant(
        "two of one account at a time",
        "one-of-an-account-at-a-time",
        Swap("busy", "()"),
        SIMULATED,
    ),
    Mutant(
        "one more than `concurrency` at a time",
        "room-for-more",
        Swap("self._most", "self._most + 1"),
        SIMULATED,
    ),
    Mutant(
        "the lowest priority first",
        "highest-priority-first",
        Swap("-job.priority", "job.priority"),
        SIMULATED,
    ),
    Mutant("a second runner is let in", "one-runner", Never(), SIMULATED),
    # -- schedules
    Mutant(
        "a slot is given to two",
        "slot-for-one",
        Instead("self._handle(all_of_them, on_newest=False)"),
        SLOTS,
    ),
    Mutant(
        "what is in time counts as late",
        "late-by-its-grace",
        Instead("late = untried"),
        SIMULATED,
    ),
    Mutant(
        "all that is late is posted at once",
        "newest-of-the-late",
        Swap("late[-keep:]", "late"),
        SIMULATED,
    ),
    Mutant(
        "what was due while nobody planned is forgotten",
        "plan-on-where-it-ended",
        Value("now"),
        SIMULATED,
    ),
    Mutant(
        "a text that is free again is posted twice",
        "free-number-is-used-once",
        Drop(),
        SIMULATED,
    ),
    Mutant(
        "a schedule changes what somebody has changed by hand",
        "changed-by-hand-is-left-alone",
        Without(),
        SIMULATED,
    ),
    # -- many runners
    _of_many(
        "a runner minds the pacing of its own posts only",
        "pacing-over-all-runners",
        Value(
            "pacing.held_back(job, now) if any(other.runner == self._lease.runner"
            " for other in self._state.board.jobs.values()"
            " if other.account_id == job.account_id) else None"
        ),
    ),
    _of_many(
        "who lives is known from the look before",
        "own-runner-does-not-make-it",
        Instead(
            "living = getattr(self, '_then', self._lease.living()) - {self.runner};"
            " self._then = self._lease.living()"
        ),
    ),
    _of_many(
        "an answer that is lost is taken for a refusal",
        "lost-answer-is-no-refusal",
        Instead(_TAKEN_FOR_A_REFUSAL),
    ),
    _of_many(
        "who is to begin is chosen on what was known",
        "taken-while-nobody-else-can",
        Swap("True", "False"),
    ),
    _of_many(
        "a lease that another runner has ended is renewed",
        "ended-lease-is-not-renewed",
        Never(),
    ),
    _of_many(
        "the result of an ended runner is taken",
        "ended-runner-is-refused",
        Value('"living"'),
    ),
    _of_many(
        "the time stands still between two words of the server",
        "machine-clock-is-not-used",
        Value("self._sample.at"),
    ),
    _of_many(
        "an answer that is lost is taken for written",
        "lost-answer-is-no-refusal",
        Instead(_TAKEN_FOR_WRITTEN),
    ),
    _of_many("a write that is there already is made again", "own-write-is-found", Never()),
    _of_many("a lease is its runner's after it ran out", "lease-runs-out", Value("self.lease_s")),
    _of_many(
        "a runner is ended whose lease has half of its time left",
        "only-the-lapsed-are-ended",
        Swap("seen.expires_at", "seen.expires_at - LEASE / 2"),
    ),
    _of_many(
        "an ended runner goes on under its old name", "ended-runner-goes-on-as-another", Drop()
    ),
    _of_many(
        "what runs elsewhere is taken for left behind", "left-by-who-has-ended", Value("True")
    ),
    _of_many(
        "what was left behind is known by its job, whichever attempt runs by now",
        "left-by-who-has-ended",
        Value("job.job_id in {one for one, _ in self._left}"),
    ),
    _of_many(
        "a runner takes what it runs itself for left behind",
        "own-attempt-is-not-left",
        Value("False"),
    ),
    _of_many(
        "a dead runner's attempt ends as failed, not in doubt",
        "left-attempt-may-be-out",
        Value("c.Fail(attempt=job.attempt, error=error, retry=settings.retry, roll=settings.roll)"),
    ),
    _of_many("whether an attempt goes on is told by what was known", "asked-of-the-newest", Drop()),
    _of_many(
        "uniqueness is judged on what was known",
        "guarded-while-nobody-else-can",
        Instead(_ON_WHAT_IS_KNOWN),
    ),
    _of_many(
        "two writers get the same slot",
        "slot-for-one",
        Instead("self._handle(all_of_them, on_newest=False)"),
    ),
    # -- projections
    Mutant(
        "a rescheduled job stays in the file of its old day",
        "leave-the-old-day",
        Drop(),
        SIMULATED,
    ),
]
