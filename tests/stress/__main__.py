"""Run the whole suite beside busy loops, several times; then in another order, two tests at once.

    PYTHONPATH=tests python -m stress [--times 3] [--seed N] [-- PYTEST ARGUMENTS …]

A test that fails here and nowhere else counts on being fast, or on what ran before it; or what it
tests does. Exits with 1 if any run fails. The order is that of the seed, which is printed;
`pytest --shuffle N` gives it again.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.anchors import ROOT

_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""A program that needs a whole processor, until whoever started it has ended."""


@contextmanager
def busy(loops: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many programs that do nothing, as fast as they can, run within this block."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(loops)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run(name: str, arguments: list[str]) -> bool:
    print(f"== {name}: pytest {' '.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=3, help="runs beside busy loops")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the order")
    parser.add_argument("more", nargs="*", metavar="PYTEST ARGUMENT")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    went_well: dict[str, bool] = {}
    with busy(os.cpu_count() or 2):
        for count in range(1, options.times + 1):
            name = f"beside busy loops, {count} of {options.times}"
            went_well[name] = run(name, ["-q", *options.more])
    name = "in another order, two at once"
    order = ["-q", "-p", "xdist", "-n", "2", "--shuffle", str(options.seed)]
    went_well[name] = run(name, [*order, *options.more])

    for name, well in went_well.items():
        print(f"{'ok    ' if well else 'FAILED'} {name}")
    return 0 if all(went_well.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
