"""Shortening a run that breaks a rule: fewer runners, fewer kinds of steps, fewer steps.

Each step carries its own randomness, and does nothing where nothing is left to do it to; so any
steps can be left out of a life, and what is left is a life again.
"""

from __future__ import annotations

from collections.abc import Sequence

from .simulation import Failure, Outcome, simulate
from .steps import Step


def shrink(
    seed: int, failure: Failure, *, engine: str = "files", runners: int | None = None
) -> Outcome:
    """Find a short run that still breaks the same rule: with fewer runners, without all steps of a
    kind, and without steps in ever smaller parts, until none of it can be left out.

    The same failure gives the same run. It is repeated by its steps and its `runners`.
    """
    best = simulate(seed, failure.done, engine=engine, runners=runners)
    if best.failure is None or best.failure.rule != failure.rule:
        # It does not fail by itself: nothing can be left out.
        return Outcome(seed, engine, runners, failure=failure, steps=len(failure.done))
    shorter = _Shorter(best)
    while shorter.with_fewer_runners() | shorter.without_a_kind() | shorter.without_parts():
        pass
    return shorter.best


class _Shorter:
    """The best run so far, and ways to a better one; each says whether it has found any."""

    def __init__(self, best: Outcome) -> None:
        assert best.failure is not None
        self.best = best
        self._rule = best.failure.rule

    @property
    def _done(self) -> list[Step]:
        assert self.best.failure is not None
        return self.best.failure.done

    def _take(self, steps: Sequence[Step], runners: int | None) -> bool:
        """Live with these steps, and keep that where it breaks the same rule."""
        best = self.best
        again = simulate(best.seed, steps, engine=best.engine, runners=runners)
        if again.failure is None or again.failure.rule != self._rule:
            return False
        self.best = again
        return True

    def with_fewer_runners(self) -> bool:
        return any(self._take(self._done, most) for most in range(1, self.best.crowd))

    def without_a_kind(self) -> bool:
        """Leave out whatever is of one kind: most faults have nothing to do with it."""
        is_shorter = False
        for kind in dict.fromkeys(step.kind for step in self._done):
            kept = [step for step in self._done if step.kind != kind]
            is_shorter |= 0 < len(kept) < len(self._done) and self._take(kept, self.best.runners)
        return is_shorter

    def without_parts(self) -> bool:
        before, size = len(self._done), len(self._done) // 2
        while size:
            start = 0
            while start < len(self._done):
                kept = self._done[:start] + self._done[start + size :]
                if not kept or not self._take(kept, self.best.runners):
                    start += size
            size //= 2
        return len(self._done) < before
