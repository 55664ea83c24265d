"""Jobs added, started and completed by a callback that does nothing, in other libraries and ours.

    python benchmarks/peers_lifecycle.py [JOBS] [ROUNDS]

Only libraries that run jobs in this process, or let the caller do it in a line or two. What each
writes between the add of a job and its end is told with it (`life`): some write less than three
durable changes a job. The bare limit is three durable appends a job.
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
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        place = Path(name)
        company = gather(place, opened)
        bare = Bare(place / "bare")
        ways: dict[str, Callable[[], float]] = {
            peer: lambda live=each.live: timed(lambda: live(jobs))  # type: ignore[misc]
            for peer, each in company.living().items()
        }
        ways["bare"] = lambda: _bare(bare, lines_of(place / "jobledger/jobs", 3 * jobs))
        taken = in_turn(ways, rounds)
        told = company.told("durability", "life", "remark")
    living = company.living()
    tell(
        "add, start and complete, in other libraries",
        {
            "jobs": jobs,
            "peers": told,
            "not here": company.missing,
            "lives a second": {n: round(jobs / median(times)) for n, times in taken.items()},
            "share of the bare rate": {peer: share(taken["bare"], taken[peer]) for peer in living},
            "times jobledger's rate": {
                peer: share(taken["jobledger"], taken[peer]) for peer in living
            },
            "seconds": taken,
        },
        packages=company.packages(),
    )


def _bare(bare: Bare, lines: list[bytes]) -> float:
    return timed(lambda: bare.write(lines))


if __name__ == "__main__":
    main()
