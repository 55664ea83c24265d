"""One durable add after another, in other libraries, next to ours and to a bare append.

    python benchmarks/peers.py [ADDS] [ROUNDS]

Each peer keeps a job of the same text so that a power cut after the add does not take it, as far as
it can be told to: what it says of itself is told with it. Those that are not installed are left out
(`pip install -r benchmarks/requirements.txt`). A job here is not the same everywhere: ours has a
lifecycle, a history and a chain of hashes; a queue's is a row.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bare import Bare, lines_of
from measure import in_turn, share, tell, timed
from others.taking_part import gather


def main() -> None:
    adds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        place = Path(name)
        company = gather(place, opened)
        bare = Bare(place / "bare")
        ways: dict[str, Callable[[], float]] = {
            peer: lambda add=each.add: timed(lambda: add(adds))  # type: ignore[misc]
            for peer, each in company.peers.items()
        }
        ways["bare"] = lambda: _bare(bare, lines_of(place / "jobledger/jobs", adds))
        taken = in_turn(ways, rounds)
        told = company.told("durability", "remark", "bare", "packages")
    tell(
        "one durable add after another, in other libraries",
        {
            "adds": adds,
            "peers": told,
            "not here": company.missing,
            "adds a second": {n: round(adds / median(times)) for n, times in taken.items()},
            "share of the bare rate": {
                peer: share(taken["bare"], taken[peer]) for peer in company.peers
            },
            "times jobledger's rate": {
                peer: share(taken["jobledger"], taken[peer]) for peer in company.peers
            },
            "seconds": taken,
        },
        packages=company.packages(),
    )


def _bare(bare: Bare, lines: list[bytes]) -> float:
    return timed(lambda: bare.write(lines))


if __name__ == "__main__":
    main()
