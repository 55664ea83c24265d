"""Change the source by rule, one place at a time, and count how many changes the suite notices.

    PYTHONPATH=tests python -m mutation [--sample 300] [--seed 1] [domain|log]

Prints the score and every survivor. A change that makes no difference survives rightly: what
remains is for a person to look at (docs/testing.md has the last list).
"""

from __future__ import annotations

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from support.anchors import ROOT
from support.mutants import copied, files_of, rewritten, run_tests
from switches.rules import RULES

from mutation.mutations import Change, changes

_OF_THE_LOG = (
    "hash-of-a-line",
    "no-gap-in-sequence",
    "later-batch-is-not-torn",
    "check-of-head",
    "log-is-not-made-anew",
)
"""Anchors in the files of a line, a day, the tail, HEAD and the opening."""
TARGETS = {
    "domain": (
        sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("domain/**/*.py")),
        [
            "unit/domain",
            "golden",
            "test_pacing.py",
            "test_recovery.py",
            "test_run_due.py",
            "test_round_trips.py",
        ],
    ),
    "log": (
        sorted(set(files_of(rule for rule in RULES if rule.anchor in _OF_THE_LOG).values())),
        [
            f"test_{name}.py"
            for name in ("record", "jsonl_tail", "jsonl_opening", "jsonl_layout", "jsonl_damage")
        ],
    ),
}
AT_ONCE = 2


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
            with rewritten(copy / change.file, change.source):
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
