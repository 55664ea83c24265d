"""Each of the rounds for some minutes, with new seeds, and what was counted.

    PYTHONPATH=tests python -m soak --seconds 600 [NAME …]

The first that finds something lost or posted without a reason ends it all.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from functools import partial

from soak.rounds import ROUNDS


def _is_before(end: float) -> bool:
    return time.monotonic() < end


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int)
    parser.add_argument("names", nargs="*", choices=[*ROUNDS, "all"], default="all")
    given = parser.parse_args()
    for name in ROUNDS if given.names == "all" else given.names:
        seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
        begun = time.monotonic()
        print(f"== {name}, seed {seed}", flush=True)
        counts = ROUNDS[name](random.Random(seed), partial(_is_before, begun + given.seconds))
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)
        for what, count in counts.items():
            print(f"   {count:9,} {what}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
