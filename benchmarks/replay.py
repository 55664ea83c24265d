"""The full verified replay of a log, as opening does it without a snapshot, next to a bare loop.

    python benchmarks/replay.py [MOST EVENTS] [ROUNDS]

The bare loop hashes each line, decodes it and keeps it by job in a dict. Ours checks the chain and
every number, decodes the event's data by its type, and applies it to the board, its indexes and the
daily files. Histories of a thousandth of the most events, ten times that, and so on.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
from growth import powers
from histories import BEGIN, lived
from measure import exponent, in_turn, middle, share, tell, timed

from jobledger import Ledger, ManualClock


class Line(msgspec.Struct, gc=False):
    """All that there is in a line, of types as they are."""

    seq: int
    type: str
    job: str
    data: msgspec.Raw
    hash: str


def bare(directory: Path) -> dict[str, Line]:
    decode = msgspec.json.Decoder(Line).decode
    jobs: dict[str, Line] = {}
    for path in sorted(directory.glob("events_*.jsonl")):
        with path.open("rb") as file:
            next(file)
            for text in file:
                line = decode(text)
                if sha256(text[:-44]).hexdigest()[:32] != line.hash:
                    raise SystemExit(f"{path}: not the hash")
                msgspec.json.decode(line.data)
                jobs[line.job] = line
    return jobs


def replayed(directory: Path) -> None:
    Ledger(directory, read_only=True, clock=ManualClock(BEGIN), use_snapshot=False).close()


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    sizes = powers(most // 1000, most)
    ways: dict[str, Callable[[], float]] = {}
    with tempfile.TemporaryDirectory() as place:
        for events in sizes:
            directory = Path(place, str(events))
            lived(directory, events)
            ways[f"{events} replayed"] = partial(timed, partial(replayed, directory))
            ways[f"{events} bare"] = partial(timed, partial(bare, directory))
        taken = in_turn(ways, rounds)
    ours = {events: taken[f"{events} replayed"] for events in sizes}
    limit = {events: taken[f"{events} bare"] for events in sizes}
    tell(
        "a full verified replay into the board against a bare loop",
        {
            "events": sizes,
            "events a second": [round(n / middle(ours[n])) for n in sizes],
            "events a second of the bare loop": [round(n / middle(limit[n])) for n in sizes],
            "exponent of growth": exponent(sizes, [middle(ours[n]) for n in sizes]),
            "share of the bare rate": {str(n): share(limit[n], ours[n]) for n in sizes},
            "seconds": taken,
        },
    )


if __name__ == "__main__":
    main()
