"""The full verified replay of a log, as opening does it, next to a bare loop.

    python benchmarks/replay.py [EVENTS] [ROUNDS]

The bare loop hashes each line, decodes it and keeps it by job in a dict. Ours checks the chain and
every number, decodes the event's data by its type, and applies it to the board, its indexes and the
daily files.
"""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import msgspec
from histories import BEGIN, lived
from measure import in_turn, share, tell, timed

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


def open_and_close(directory: Path) -> None:
    with Ledger(directory, read_only=True, clock=ManualClock(BEGIN)):
        pass


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place, "jobs")
        lived(directory, events)
        taken = in_turn(
            {
                "open": lambda: timed(lambda: open_and_close(directory)),
                "bare": lambda: timed(lambda: bare(directory)),
            },
            rounds,
        )
    tell(
        "a full verified replay into the board against a bare loop",
        {
            "events": events,
            "seconds": taken,
            "events a second": round(events / min(taken["open"])),
            "share of the bare rate": share(taken["bare"], taken["open"]),
        },
    )


if __name__ == "__main__":
    main()
