"""Fixtures for all tests: a clock in hand, and a directory for a ledger; and their order."""

from __future__ import annotations

import gc
import os
import random
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from jobledger import ManualClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# How long it takes to make an example up says how busy the machine is, and nothing of the test.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("any-machine"), max_examples=2000)
settings.load_profile("any-machine")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell does that to what runs behind it, and then no program that a test starts hears Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The machine's zone is the same on every machine, for the programs that a test starts, too.
os.environ["TZ"] = "UTC"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle", type=int, metavar="SEED", help="run the tests in the order of this seed"
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    seed = config.getoption("--shuffle")
    return [] if seed is None else [f"in the order of --shuffle {seed}"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)


def pytest_collection_finish() -> None:
    """Leave what is there for good, the tests themselves, out of what the collector goes through:
    that is a tenth of a second each time, and some tests ask for it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> ManualClock:
    """Make a clock that stands at noon of a Monday, UTC."""
    return ManualClock(NOON)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a ledger may be made; it does not exist yet."""
    return tmp_path / "jobs"
