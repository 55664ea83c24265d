"""Plays the whole proof that nothing is posted twice, and writes its tables into the document.

`python docs/refresh_proof.py`; it takes some minutes. Ends with 1 where a promise is broken.
"""

from __future__ import annotations

import logging
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/publishers.md"


def write(name: str, table: str) -> None:
    """Put a table between its marks."""
    text = DOCUMENT.read_text("utf-8")
    begin, end = f"<!-- proof {name}: begin -->", f"<!-- proof {name}: end -->"
    pattern = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda _: f"{table}\n", text), "utf-8")


def main() -> int:
    sys.path.insert(0, str(ROOT / "tests"))
    proof: Any = import_module("support.proof")
    logging.disable(logging.CRITICAL)  # the scenarios' own warnings
    broken = 0
    for lasting in (False, True):
        rows = []
        for setting in proof.SETTINGS:
            result = proof.row(setting, lasting=lasting)
            rows.append(result)
            print(" | ".join(result.cells), flush=True)
            for scenario, outcome in result.bad:
                broken += 1
                print(f"  BROKEN: {outcome.verdict}: {scenario}")
        write("lasting" if lasting else "passing", proof.table(rows))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
