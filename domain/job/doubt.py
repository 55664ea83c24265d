"""Doubt: whether the post of a job may be out although nobody knows that it is, as one value.

An attempt that ends without a known outcome leaves a doubt. What follows from it depends on who can
say more: its publisher, where it can be asked, or a person. Facts about one job may come together,
but not in every way, so each way in which they do is a value of its own, and there are no others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Doubt(StrEnum):
    """What is not known of a job's attempts so far. The values are saved: they never change.

    `in_doubt`: the publisher of an attempt can be asked about it (`reconcile`), and the next
    attempt does so before anything else. `exhausted`: it may ask, but no retry is left to publish
    with. `may_be_out`: an attempt of a publisher that cannot be asked was interrupted, and nobody
    has settled it. `outcome_unknown`: the job is FAILED, and a person has to resolve or requeue it.
    """

    NONE = "none"
    ASK = "ask", "in_doubt"
    ASK_ONLY = "ask_only", "in_doubt", "exhausted"
    LOST = "lost", "may_be_out"
    ASK_AND_LOST = "ask_and_lost", "in_doubt", "may_be_out"
    ASK_ONLY_AND_LOST = "ask_only_and_lost", "in_doubt", "exhausted", "may_be_out"
    UNKNOWN = "unknown", "outcome_unknown"
    UNKNOWN_AND_LOST = "unknown_and_lost", "outcome_unknown", "may_be_out"

    facts: frozenset[str]
    """The names of those that hold."""

    def __new__(cls, value: str, *facts: str) -> Self:
        """Make a member of its value and the names of the facts that hold."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.facts = frozenset(facts)
        return member

    @property
    def in_doubt(self) -> bool:
        """Whether the next attempt asks the publisher before anything else."""
        return "in_doubt" in self.facts

    @property
    def exhausted(self) -> bool:
        """Whether it may only ask."""
        return "exhausted" in self.facts

    @property
    def may_be_out(self) -> bool:
        """Whether there is an attempt that nobody can be asked about."""
        return "may_be_out" in self.facts

    @property
    def outcome_unknown(self) -> bool:
        """Whether it is for a person to say what became of it."""
        return "outcome_unknown" in self.facts

    def of_others(self) -> Doubt:
        """Return what stays when the outcome of this attempt is known: what nobody can be asked."""
        return Doubt.of(may_be_out=self.may_be_out)

    def unasked(self) -> Doubt:
        """Return the doubt when an attempt begins whose publisher cannot be asked any more."""
        return Doubt.of(in_doubt=self.in_doubt, exhausted=self.exhausted, may_be_out=True)

    def to_be_asked(self) -> Doubt:
        """Return the doubt when a running attempt is left alone whose publisher can be asked."""
        return Doubt.of(in_doubt=True, exhausted=self.exhausted, may_be_out=self.may_be_out)

    @classmethod
    def of(
        cls,
        *,
        in_doubt: bool = False,
        exhausted: bool = False,
        may_be_out: bool = False,
        outcome_unknown: bool = False,
    ) -> Doubt:
        """Return the doubt with these facts.

        Of what cannot be together the weightier holds: a job whose outcome is unknown is not asked
        about, and one that is not asked about has used up nothing by it.
        """
        in_doubt = in_doubt and not outcome_unknown
        return _OF_FACTS[in_doubt, exhausted and in_doubt, may_be_out, outcome_unknown]


_OF_FACTS = {
    (doubt.in_doubt, doubt.exhausted, doubt.may_be_out, doubt.outcome_unknown): doubt
    for doubt in Doubt
}
