"""The suite in another order, and beside busy loops."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from stress import __main__ as stress

ROOT = Path(__file__).resolve().parents[2]


def collect(*options: str, hash_seed: str = "0") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--collect-only",
            "-p",
            "no:cacheprovider",
            *options,
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        text=True,
    )


def collected(process: subprocess.Popen[str]) -> list[str]:
    """Return the tests in the order in which they would run."""
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return [line for line in output.splitlines() if "::" in line]


def test_the_order_is_the_seeds_and_without_one_it_is_the_files() -> None:
    """`make stress` prints the seed, and it gives the order again."""
    one_file = "tests/unit/domain/test_policy.py"
    usual, shuffled = (collected(collect(one_file, *o)) for o in ((), ("--shuffle", "7")))
    assert shuffled != usual
    assert sorted(shuffled) == sorted(usual)
    assert collected(collect(one_file, "--shuffle", "7")) == shuffled
    assert collected(collect(one_file, "--shuffle", "8")) != shuffled


@pytest.mark.thorough
def test_every_process_has_the_same_tests_in_the_same_order() -> None:
    """Neither the order of a set, nor an object's address, nor the time of day is in a test's name:
    who runs half of them has to know which those are."""
    one, other = collect(hash_seed="1"), collect(hash_seed="2")
    names = collected(one)
    assert collected(other) == names
    assert not [name for name in names if re.search(r"0x[0-9a-f]{6,}|\bid='", name)]
    assert len(names) > 1000


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
