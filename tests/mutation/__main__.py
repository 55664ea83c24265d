"""Change the source by rule, one place at a time, and count how many changes the suite notices.

    PYTHONPATH=tests python -m mutation [--sample 300] [--seed 1] [domain|log]

Prints the score and every survivor. A change that makes no difference survives rightly: what
remains is for a person to look at (docs/testing.md has the last list).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from support.mutants import ROOT, copied, run_tests

from mutation.mutations import Change, changes

_UNIT = "tests/unit/eventstore/"
TARGETS = {
    "domain": (
        sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("domain/*.py")),
        [
            "tests/unit/domain",
            "tests/golden",
            "tests/unit/scheduler/test_pacing.py",
            "tests/unit/scheduler/test_recovery.py",
            "tests/unit/scheduler/test_run_due.py",
            "tests/properties/test_round_trips.py",
        ],
    ),
    "log": (
        [f"eventstore/{name}.py" for name in ("record", "segment", "tail", "head", "opening")],
        [
            _UNIT + f"test_{name}.py"
            for name in ("record", "jsonl_tail", "jsonl_opening", "jsonl_layout", "jsonl_damage")
        ],
    ),
}
AT_ONCE = 2


@contextmanager
def placed(copy: Path, change: Change) -> Iterator[None]:
    path = copy / change.file
    source = path.read_text("utf-8")
    start: int = change.start  # type: ignore[attr-defined]
    path.write_text(source[:start] + change.new + source[start + len(change.old) :], "utf-8")
    try:
        yield
    finally:
        path.write_text(source, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="*", choices=[*TARGETS, []], default=[])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for what in options.what or TARGETS:
        files, tests = TARGETS[what]
        every = [
            change
            for file in files
            for change in changes(file, (ROOT / file).read_text("utf-8"), tests)
        ]
        chosen = random.Random(options.seed).sample(every, min(options.sample, len(every)))
        survivors = _survivors(chosen)
        score = 100 * (1 - len(survivors) / len(chosen))
        print(f"{what}: {len(chosen)} of {len(every)} changes, {score:.1f} % noticed")
        for change in sorted(survivors, key=lambda change: change.name):
            print(f"  {change.name}")
    return 0


def _survivors(chosen: list[Change]) -> list[Change]:
    copies: Queue[Path] = Queue()

    def noticed(change: Change) -> bool:
        copy = copies.get()
        try:
            with placed(copy, change):
                try:
                    return run_tests(copy, change.tests, timeout_s=120) is not None
                except RuntimeError:
                    return True  # it cannot even be imported
        finally:
            copies.put(copy)

    with copied() as first, copied() as second, ThreadPoolExecutor(AT_ONCE) as pool:
        for copy in (first, second):
            copies.put(copy)
        found = list(pool.map(noticed, chosen))
    return [change for change, was_noticed in zip(chosen, found, strict=True) if not was_noticed]


if __name__ == "__main__":
    sys.exit(main())
