"""All questions, one after the other; their answers go into docs/performance.md.

    python benchmarks [--quick | --largest] [--draw] [--document FILE] [PART OF A NAME …]

Each answer is saved as JSON in `performance/results` beside the document, the plots are drawn from
them into `performance`, and the tables of the document are written. `--draw` does that alone and
measures nothing. `--quick` asks with sizes so small that the figures mean nothing, to see that all
works, and into a document of its own; `--largest` with the largest sizes of those questions that
have some (`growth`: 10,000,000 events). A question that is left out, or fails, keeps its row.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import document
import plots
from measure import ROOT
from questions import QUESTIONS

DOCUMENT = ROOT / "docs/performance.md"
QUICK_DOCUMENT = ROOT / ".cache/bench/performance.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure, and write it down.")
    parser.add_argument("names", nargs="*", metavar="PART OF A NAME", help="only these questions")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="tiny sizes: does it all work?")
    size.add_argument("--largest", action="store_true", help="the largest sizes (growth)")
    parser.add_argument("--draw", action="store_true", help="only tables and plots, from results")
    parser.add_argument("--document", type=Path, metavar="FILE", help="where the answers go")
    options = parser.parse_args()
    place = (options.document or (QUICK_DOCUMENT if options.quick else DOCUMENT)).resolve()
    if place != DOCUMENT and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(DOCUMENT.read_text("utf-8"), "utf-8")
    chosen = [n for n in QUESTIONS if not options.names or any(w in n for w in options.names)]
    failed = []
    for name in () if options.draw else chosen:
        question = QUESTIONS[name]
        sizes = question.quick if options.quick else question.largest if options.largest else ()
        if not ask(name, place, sizes):
            failed.append(name)
    results = document.load(place)
    plots.draw(results, place.parent / "performance")
    document.write(place, results)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    print(f"written: {place}", file=sys.stderr)
    return 1 if failed else 0


def ask(name: str, place: Path, sizes: Sequence[str]) -> bool:
    """Run one program and save its answer; whether that worked."""
    print(f"== {name} … ", end="", file=sys.stderr, flush=True)
    begun = perf_counter()
    program = str(ROOT / "benchmarks" / f"{name}.py")
    done = subprocess.run(
        [sys.executable, program, *sizes],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    print(f"{perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    try:
        answer = QUESTIONS[name].answer(json.loads(done.stdout)) if not done.returncode else None
    except (ValueError, LookupError, TypeError) as error:
        print(f"== {name}: no answer in it: {error!r}", file=sys.stderr)
        return False
    if answer is None:
        print(f"== {name} ended with {done.returncode}", file=sys.stderr)
        return False
    saved = document.results_beside(place) / f"{name}.json"
    saved.parent.mkdir(parents=True, exist_ok=True)
    saved.write_text(done.stdout, "utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main())
