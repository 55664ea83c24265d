"""The bench that a publisher is put on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, TOKEN

from jobledger import ManualClock, Scheduler
from jobledger.publishers.fake_platform import FakePlatform


@pytest.fixture
def bench(directory: Path, clock: ManualClock) -> Iterator[Bench]:
    with (
        FakePlatform(now=clock.now, tokens={TOKEN: ACCOUNT}) as platform,
        Scheduler(directory, clock=clock, durability="none") as scheduler,
    ):
        yield Bench(platform, scheduler, clock)
