"""What a test needs of the machine: where it is not there the test is skipped, unless it has to be.

`JOBLEDGER_REQUIRE=pyright,…` names what has to be there; then a test that cannot run fails.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(name: str, why: str) -> NoReturn:
    """Skip the test for want of `name`, or fail it where that is required."""
    required = os.environ.get("JOBLEDGER_REQUIRE", "").split(",")
    if name in map(str.strip, required):
        pytest.fail(f"JOBLEDGER_REQUIRE has {name}, and {why}")
    pytest.skip(why)
