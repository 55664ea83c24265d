"""The rules of many workers, and the mistakes that one would make in them: which invariant of the
simulator says that they are broken, or why it cannot.

Each is switched off as `switches` and `planted` do. With it some seed has to fail, by the words
that stand here; without it that seed has to pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from planted.bugs import BUGS
from support.mutants import Mutant
from switches.rules import RULES

_BY_NAME = {mutant.name: mutant for mutant in [*RULES, *BUGS]}


@dataclass(frozen=True)
class Seen:
    """A rule that a seed notices: `says` is a part of what it says then."""

    name: str
    says: str

    @property
    def mutant(self) -> Mutant:
        """How it is switched off."""
        return _BY_NAME[self.name]


SEEN = [
    # -- what is written, and behind what
    Seen("what was acknowledged and is not there is told", "goes on behind a hole"),
    Seen("another record in the place of a known one is a loss, too", "goes on behind a hole"),
    Seen("a simulated server writes nothing behind a hole", "a line does not follow"),
    Seen("who is overtaken is let in before anybody else", "is overtaken for ever"),
    Seen("a writer goes to the end of the log before it appends", "is overtaken for ever"),
    Seen("a version that is not expected is refused", "its version has a gap"),
    Seen("a day's file never goes back", "verify"),
    # -- leases
    Seen("a simulated server refuses a lease that has run out", "does not hold"),
    Seen("a simulated server takes nothing of an ended runner", "was ended"),
    Seen("a simulated lease that was ended is not renewed", "that another runner has ended"),
    Seen("a runner ends others only after a whole lease of its own", "has renewed since"),
    Seen("a lease that had a gap is a young one when it is renewed", "has renewed since"),
    Seen("no lease is older than the start of its server", "has renewed since"),
    Seen(
        "who ends others has a lease where that is done, on that start of the server",
        "has not renewed since the server started",
    ),
    Seen("no publisher is called without a lease", "and its lease does not hold"),
    Seen(
        "a lease counts from when it was asked for, not from the answer",
        "and its lease does not hold",
    ),
    # -- what is taken, and what was left
    Seen("two runners never post for one account at once", "its account has one running"),
    Seen("what is taken is chosen while nobody else can", "started of"),
    Seen("one more than `concurrency` at a time", "running"),
    Seen("pacing is over all runners", "its account posted at"),
    Seen("a runner that nobody knows has ended", "never come to an end"),
    Seen("a start that arrives late is taken over", "never come to an end"),
    Seen("an attempt is its runner's, whatever its number", "'s to say"),
    Seen("an ended runner records no step", "a publisher is told RunnerEndedError"),
    Seen("what is decided on a schedule is decided while nobody else can append", "paused, and"),
    # -- what nobody knows the outcome of
    Seen(
        "an exception is the publisher's word that nothing was posted, at most once",
        "was posted 2 times",
    ),
    Seen("a time-out is a failure", "was posted 2 times"),
    Seen("a job in doubt is posted before it is asked about", "was posted 2 times"),
    Seen(
        "an interrupted attempt is tried again although nobody can ask",
        "it may be out, and goes out again",
    ),
    # -- clocks
    Seen("between two words of the engine the time is counted on", "from now"),
    Seen("a clock of the engine that was set is followed", "a clock that has just asked is"),
    # -- mistakes
    Seen("a runner minds the pacing of its own posts only", "its account posted at"),
    Seen("who lives is known from the look before", "nobody has ended"),
    Seen("an answer that is lost is taken for a refusal", "refused without a reason"),
    Seen("who is to begin is chosen on what was known", "started of"),
    Seen("a lease that another runner has ended is renewed", "that another runner has ended"),
    Seen("the result of an ended runner is taken", "was ended"),
    Seen("the time stands still between two words of the server", "a clock that has just asked is"),
    Seen("an answer that is lost is taken for written", "which it does not run"),
    Seen("a write that is there already is made again", "refused without a reason"),
    Seen("a lease is its runner's after it ran out", "and its lease does not hold"),
    Seen("a runner is ended whose lease has half of its time left", "whose lease holds"),
    Seen("an ended runner goes on under its old name", "does not go on"),
    Seen("what runs elsewhere is taken for left behind", "nobody has ended"),
    Seen(
        "what was left behind is known by its job, whichever attempt runs by now",
        "nobody has ended",
    ),
    Seen("a runner takes what it runs itself for left behind", "nobody has ended"),
    Seen("a dead runner's attempt ends as failed, not in doubt", "'s to say"),
    Seen("whether an attempt goes on is told by what was known", "what was before"),
    Seen("uniqueness is judged on what was known", "has its text"),
    Seen("two writers get the same slot", "has the slot of"),
]


@dataclass(frozen=True)
class Elsewhere:
    """A rule that no seed can notice: why, and the tests that do, which are the rule's own."""

    name: str
    why: str

    @property
    def tests(self) -> list[str]:
        """The files of the tests that notice it."""
        return list(_BY_NAME[self.name].tests)


_OF_NATS = "of NATS; the simulated server is as PostgreSQL is"
_STANDBY = "a simulated server has no standby that it waits for"
_NO_SNAPSHOT = "a handle in a life reads the whole log, behind no snapshot"
_ONE_CHAIN = "a simulated ledger has one chain"
ELSEWHERE = {
    each.name: each
    for each in [
        Elsewhere(
            "nothing is acknowledged when the server stops waiting for its standby", _STANDBY
        ),
        Elsewhere(
            "nothing is acknowledged because it is found, before the standby has it", _STANDBY
        ),
        Elsewhere(
            "an ended runner appends nothing",
            "what PostgreSQL says; the simulated server has its own",
        ),
        Elsewhere(
            "a runner that could not renew of late ends nobody",
            "the simulated server looks for itself, as PostgreSQL does and NATS cannot",
        ),
        Elsewhere("what the servers of a stream have lost is told", _OF_NATS),
        Elsewhere("a message is taken behind what its sender has seen, and nowhere else", _OF_NATS),
        Elsewhere("an ended runner appends nothing to a stream", _OF_NATS),
        Elsewhere("a runner is ended when its entry has not changed for a whole lease", _OF_NATS),
        Elsewhere("a location has the shards that it was made with", _ONE_CHAIN),
        Elsewhere("an id is of one shard", _ONE_CHAIN),
        Elsewhere("an id is of the shard whose claim a stream has first", _OF_NATS),
        Elsewhere(
            "an ended runner gives up what it runs",
            "a simulated publisher hears it with its next step, before its runner looks",
        ),
        Elsewhere(
            "what was given up takes no step",
            "a simulated publisher hears it with its next step, before its runner has given up",
        ),
        Elsewhere(
            "what nobody makes any more is put back",
            "it is of the loop, whose caller ends; lives run what is due",
        ),
        Elsewhere("two of one account at a time", "of a ledger with one runner"),
        Elsewhere("a post is not taken for a text", "no job of a life is more than a text"),
        Elsewhere("a clock that jumps begins no file", "no clock of a life jumps so far"),
        Elsewhere("a record names its batch", "a server has a whole write, or none of it"),
        Elsewhere(
            "trouble of an account is no failure of its posts", "no account of a life has any"
        ),
        Elsewhere(
            "what returned no PostResult is posted again",
            "where the settings allow a second post, the platform of a life does, too",
        ),
        Elsewhere(
            "a checkpoint's call returns before it is recorded",
            "who is careful looks at its lease, too, and so never posts late",
        ),
        Elsewhere(
            "events of schedules are counted, too", "what is counted is no part of what lives check"
        ),
        Elsewhere("a snapshot without what pacing has to know is not used", _NO_SNAPSHOT),
        Elsewhere("pacing goes on behind a snapshot", _NO_SNAPSHOT),
        Elsewhere(
            "orphans of a dead runner are left running",
            "each run recovers them, not the opening alone",
        ),
        Elsewhere("on a server the server's time counts", "a life gives each process its clock"),
    ]
}
