"""All questions, one after the other; their answers go into docs/performance.md.

    python benchmarks [PART OF A NAME …]

Each answer is printed as JSON too. A question that is left out keeps its row.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from measure import ROOT

DOCUMENT = ROOT / "docs/performance.md"
Figures = dict[str, Any]

QUESTIONS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "adding": (
        "`add_job` one by one, durable, against a bare append and fdatasync of the same bytes",
        lambda f: f"{f['share of the bare rate']} of its rate",
    ),
    "chain_cost": (
        "what the chain of hashes and HEAD cost of a durable append",
        lambda f: f"{f['cost of both']:.0%}",
    ),
    "lifecycle": (
        "add, start and complete by `run_due`, against three bare durable appends a job",
        lambda f: f"{f['times the bare rate']} of their rate",
    ),
    "callers": (
        "64 threads adding, against one by one",
        lambda f: f"{f['times one by one']['64']} times",
    ),
    "concurrency": (
        "64 empty async publishers at a time, against one",
        lambda f: f"{f['times one at a time']['64']} times",
    ),
    "bulk": (
        "`add_jobs` of 10,000, against one by one; against encoding and hashing alone",
        lambda f: f"{f['times one by one']} times; {f['share of encoding and hashing']}",
    ),
    "replay": (
        "a full verified replay into the board, against hashing, decoding and keeping alone",
        lambda f: f"{f['share of the bare rate']} of its rate, {f['events a second']:,} events/s",
    ),
    "opening": (
        "opening, as the history grows from 3,000 to 300,000 events",
        lambda f: f"grows with the power {f['exponent of growth']}",
    ),
    "next_due": (
        "the start of the next due job among 1,000,000, against 1,000",
        lambda f: f"{f['times the small board']} times as long",
    ),
    "memory": (
        "memory of a job that is closed; that is open",
        lambda f: f"{f['bytes a closed job']} bytes; {f['bytes an open job']} bytes",
    ),
    "latency": (
        "from a job's time to the call of its publisher; of one that another process adds",
        lambda f: "; ".join(
            f"p50 {each['p50']} ms, p99 {each['p99']} ms"
            for each in f["milliseconds late"].values()
        ),
    ),
    "listing": (
        "`jobledger list` of 10,000 jobs, the whole process; importing alone",
        lambda f: f"{f['median seconds']['list']} s; {f['median seconds']['import']} s",
    ),
}


def main(words: list[str]) -> int:
    chosen = [name for name in QUESTIONS if not words or any(word in name for word in words)]
    text = DOCUMENT.read_text("utf-8")
    for name in chosen:
        print(f"== {name}", file=sys.stderr, flush=True)
        program = ROOT / "benchmarks" / f"{name}.py"
        done = subprocess.run(
            [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
        )
        print(done.stdout, flush=True)
        figures = json.loads(done.stdout)
        question, answer = QUESTIONS[name]
        row = f"| {question} | {answer(figures)} | `benchmarks/{name}.py` |\n"
        old = re.compile(rf"^\|.*\| `benchmarks/{name}\.py` \|\n", re.MULTILINE)
        if old.search(text):
            text = old.sub(lambda match, row=row: row, text)
        else:
            text = text.replace("<!-- bench: end -->", row + "<!-- bench: end -->")
        where = figures["machine"], figures["versions"]["python"], figures["commit"]
        stamp = f"{datetime.now(UTC):%Y-%m-%d}: {where[0]['cpus']} cores, {where[0]['os']}, "
        stamp += f"Python {where[1]}, commit {where[2]}"
        text = re.sub(r"^Last measured .*$", f"Last measured {stamp}.", text, flags=re.MULTILINE)
        DOCUMENT.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
