"""The thread that writes behind: it asks for a good moment, and does not wait for ever."""

from __future__ import annotations

import pytest
from support.waiting import eventually

from jobledger.ledger.background import Background


class Busy:
    """An owner of a background that never has a good moment."""

    def __init__(self, calm_in_s: float) -> None:
        self.calm_in_s = calm_in_s

    def write_behind(self) -> bool:
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        return self.calm_in_s


class Hurried(Busy):
    """One that asks to be left alone, twice."""

    def __init__(self) -> None:
        super().__init__(0.001)
        self.calls: list[str] = []

    def write_behind(self) -> bool:
        self.calls.append("written")
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        self.calls.append("asked")
        return self.calm_in_s if len(self.calls) < 3 else 0.0


def test_whoever_writes_behind_asks_first() -> None:
    owner = Hurried()
    background = Background(owner, 0.001, 3600)
    background.wake()
    eventually(lambda: "written" in owner.calls)
    background.stop()
    assert owner.calls == ["asked", "asked", "asked", "written"]


class Patience:
    """Stands for the event that ends a background: waiting for it moves the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    def set(self) -> None:
        pass

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        assert len(self.waited) < 100, "it waits for ever"
        self.waited.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("calm_in_s", "waits"), [(0.0, 0), (0.043, 19), (5.0, 1)])
def test_giving_way_has_an_end(calm_in_s: float, waits: int) -> None:
    """What follows the log within a second does so however many jobs come."""
    owner, patience = Busy(calm_in_s), Patience()
    background = Background(owner, 0.3, 0.8, lambda: patience.now)
    background._stopping = patience  # type: ignore[assignment]
    background._give_way(0.0, latest=0.8)
    assert len(patience.waited) == waits
    assert sum(patience.waited) <= 0.8 + 1e-6
