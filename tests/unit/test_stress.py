"""The suite in another order, and beside busy loops."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stress import __main__ as stress

ROOT = Path(__file__).resolve().parents[2]


def collected(*options: str) -> list[str]:
    """The tests of one file, in the order in which they would run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider",
         "tests/unit/domain/test_policy.py", *options],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_the_order_is_the_seeds_and_without_one_it_is_the_files() -> None:
    """`make stress` prints the seed, and it gives the order again."""
    usual, shuffled = collected(), collected("--shuffle", "7")
    assert shuffled != usual
    assert sorted(shuffled) == sorted(usual)
    assert collected("--shuffle", "7") == shuffled
    assert collected("--shuffle", "8") != shuffled


def test_busy_loops_run_within_the_block_and_end_with_it() -> None:
    with stress.busy(2) as processes:
        assert [process.poll() for process in processes] == [None, None]
    for process in processes:
        assert process.returncode is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_one_run_that_fails_is_a_failure_and_the_others_are_run_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three beside busy loops, and one shuffled by the seed that is told."""
    ran: list[tuple[str, list[str]]] = []

    def run(name: str, arguments: list[str]) -> bool:
        ran.append((name, arguments))
        return len(ran) != 2

    monkeypatch.setattr(stress, "run", run)
    monkeypatch.setattr(sys, "argv", ["stress", "--seed", "5", "--", "-x"])
    assert stress.main() == 1
    assert len(ran) == 4
    assert all(arguments[-1] == "-x" for _, arguments in ran)
    assert [arguments[-3:-1] for _, arguments in ran if "--shuffle" in arguments] == [
        ["--shuffle", "5"]
    ]
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "seed 5"
    assert [line.split()[0] for line in told[1:]] == ["ok", "FAILED", "ok", "ok"]
