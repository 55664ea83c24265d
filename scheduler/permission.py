"""Whether something may still be begun: who begins it, and who wants it not to be, may be different
threads, and one of them is first."""

from __future__ import annotations


class Permission:
    """To do something, which holds until it is withdrawn: who is first has decided it for ever.

    For any thread, and for a signal handler that falls in between any two steps of one: deciding is
    a single step (an append to a list), and there is no lock to be found taken.
    """

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: list[bool] = []

    @property
    def is_used(self) -> bool:
        """Whether it was used, so that it cannot be withdrawn any more."""
        return bool(self._said) and self._said[0]

    def use(self) -> bool:
        """Whether it holds: if so, what it is for is done now. Using it again changes nothing."""
        self._said.append(True)
        return self._said[0]

    def withdraw(self) -> bool:
        """Have it not used any more; whether it has not been."""
        self._said.append(False)
        return not self._said[0]
