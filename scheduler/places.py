"""How many attempts may be under way at once, over all chains of one runner."""

from __future__ import annotations

from collections.abc import Callable

from .running import RunningAttempts


class Places:
    """The places for attempts; each chain's part of the runner takes some before it begins jobs.

    Where several chains want more places than are free, they take turns: the free ones are shared
    out, and whoever has waited longest comes first. Nobody waits for another that does not come
    (its server is away, say) but once, for a short time. Taken and given back in one event loop;
    told from any thread.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._attempts: list[RunningAttempts] = []
        self._wake: dict[RunningAttempts, Callable[[], None]] = {}
        self._waiting: dict[RunningAttempts, bool] = {}
        """Who has something due and found too few, the longest first, and whether it has let others
        go before it."""
        self._held = 0
        """Of those who are just beginning jobs: what they begin is counted twice meanwhile."""

    def add(self, attempts: RunningAttempts, wake: Callable[[], None]) -> None:
        """Have another chain use them; `wake` has it look for places again."""
        self._attempts.append(attempts)
        self._wake[attempts] = wake

    @property
    def are_shared(self) -> bool:
        """Whether several chains have them."""
        return len(self._attempts) > 1

    def free(self) -> int:
        """Return how many more may be begun just now."""
        # rule: room-for-more
        return self._most - self._held - sum(len(each.by_job) for each in self._attempts)

    def take(self, asking: RunningAttempts, *, wants: bool) -> int:
        """Return how many attempts a chain may begin now; they are held for it until it gives the
        same number back, whatever it has begun. Where there are none and it `wants` some, having
        something due, it is woken when there are; where there are some, and others come first, it
        is to ask again soon."""
        free, waiting = self.free(), self._waiting
        has_let_others_go = waiting.get(asking, False)
        ahead = [each for each in waiting if each is not asking]
        if asking in waiting:
            ahead = ahead[: list(waiting).index(asking)]
        comes_later = len(ahead) >= free and not has_let_others_go
        if free <= 0 or comes_later:
            if wants:
                waiting[asking] = free > 0
            return 0
        waiting.pop(asking, None)
        share = max(1, free // (1 + len(waiting)))
        self._held += share
        return share

    def ended(self, of: RunningAttempts) -> None:
        """Have a chain look around whose attempt has ended, and tell the others of its place. From
        any thread."""
        self.tell(of)
        self._wake[of]()

    def give_back(self, taken: int) -> None:
        """Give back what was taken: what has been begun is counted by itself."""
        self._held -= taken
        self.tell()

    def tell(self, but: RunningAttempts | None = None) -> None:
        """Wake those who wait for a place, if there is one, `but` one. From any thread."""
        if self._waiting and self.free() > 0:
            for each in list(self._waiting):
                if each is not but:
                    self._wake[each]()
