"""How fast is looking through a log, next to a bare loop that decodes the same events?

    python benchmarks/audit.py [EVENTS] [ROUNDS]

The bare loop reads the lines, decodes each with its data, and checks nothing. `audit` verifies
every line's hash and chain besides, chooses, and prints. Both are whole processes. What they hold
of memory is asked in streaming.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from histories import lived
from measure import in_turn, process, share, tell

_BARE = """
import sys
from pathlib import Path
import msgspec
from jobledger.domain.codec import decode_data
from jobledger.eventstore.record import Record

decode, count = msgspec.json.Decoder(Record).decode, 0
for path in sorted(Path(sys.argv[1]).glob("events_*.jsonl")):
    with path.open("rb") as file:
        next(file)
        for line in file:
            record = decode(line)
            decode_data(record.type, record.schema, record.data)
            count += 1
"""

_CHOICES = {
    "one type, no event of it": ["--type", "failed"],
    "one account of seven": ["--account", "account-3", "--json"],
    "every event as JSON lines": ["--json"],
}


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place, "jobs")
        lived(directory, events)

        def seconds(arguments: Sequence[str]) -> float:
            return process(*arguments).seconds

        ways = {"a bare loop": partial(seconds, ["-c", _BARE, str(directory)])}
        for name, options in _CHOICES.items():
            ways[name] = partial(seconds, _audit(directory, options))
        taken = in_turn(ways, rounds, warm=False)
        bare = taken["a bare loop"]
    tell(
        "audit against a bare loop that decodes",
        {
            "events": events,
            "seconds": taken,
            "share of the bare loop's rate": {
                name: share(bare, seconds) for name, seconds in taken.items() if seconds is not bare
            },
        },
    )


def _audit(directory: Path, options: list[str]) -> list[str]:
    return ["-m", "jobledger", "--dir", str(directory), "audit", *options]


if __name__ == "__main__":
    main()
