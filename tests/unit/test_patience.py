"""No test counts on being fast: none sleeps for a time, and none asks how long something took."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}


def by_the_clock(source: str) -> Iterator[tuple[int, str]]:
    """Where a program sleeps for a time, or asks a clock that measures."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("time.sleep", "asyncio.sleep") and ast.unparse(node.args[0]) != "0":
            yield node.lineno, ast.unparse(node)
        if called.removeprefix("time.") in CLOCKS:
            yield node.lineno, ast.unparse(node)


def test_waiting_is_for_something_and_never_for_a_time() -> None:
    """`support/waiting.py` waits for what a test names, and has the one clock, for the deadline;
    `asyncio.sleep(0)` lets others go on."""
    found = [
        f"{path.relative_to(TESTS)}:{line}: {what}"
        for room in ("unit", "contracts", "properties", "golden", "e2e", "support")
        for path in sorted((TESTS / room).rglob("*.py"))
        if path.name not in ("waiting.py", "mutants.py")
        for line, what in by_the_clock(path.read_text("utf-8"))
    ]
    assert found == [], "wait for an event, or with `eventually`"


def test_what_it_looks_for_is_found() -> None:
    source = "await asyncio.sleep(0)\ntime.sleep(0.1)\nasyncio.sleep(soon)\nbegun = monotonic()\n"
    assert list(by_the_clock(source)) == [
        (2, "time.sleep(0.1)"),
        (3, "asyncio.sleep(soon)"),
        (4, "monotonic()"),
    ]
