"""The most memory of whole commands on a history, and on one of ten times as many events.

    python benchmarks/streaming.py [EVENTS]

What is read as a stream holds the same however long the log is; what keeps something of every job
grows with the jobs. This program imports nothing of jobledger: a process is charged at least with
what the one that began it held.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import Run, process, tell

COMMANDS = {
    "audit --json": ("audit", "--json"),
    "audit --type failed": ("audit", "--type", "failed"),
    "verify": ("verify",),
    "rebuild --check": ("rebuild", "--check"),
    "rebuild": ("rebuild",),
    "list --status failed": ("list", "--status", "failed"),
}
_MAKE = """
import sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
from histories import lived
lived(Path(sys.argv[1]), int(sys.argv[2]))
"""


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    sizes = (most // 10, most)
    runs: dict[str, dict[int, Run]] = {name: {} for name in COMMANDS}
    with tempfile.TemporaryDirectory() as place:
        for events in sizes:
            directory = str(Path(place, str(events)))
            process("-c", _MAKE, directory, str(events))
            process("-m", "jobledger", "--dir", directory, "rebuild")
            for name, words in COMMANDS.items():
                runs[name][events] = process("-m", "jobledger", "--dir", directory, *words)
        alone = process("-c", "import jobledger.tools.cli")
    small, large = sizes
    tell(
        "the most memory of whole commands by the length of the history",
        {
            "events": sizes,
            "MB of importing alone": round(alone.peak_mb, 1),
            "peak MB": {n: [round(each[s].peak_mb, 1) for s in sizes] for n, each in runs.items()},
            "bytes more an event": {
                name: round((each[large].peak_mb - each[small].peak_mb) * 2**20 / (large - small))
                for name, each in runs.items()
            },
            "seconds": {n: [round(each[s].seconds, 3) for s in sizes] for n, each in runs.items()},
        },
    )


if __name__ == "__main__":
    main()
