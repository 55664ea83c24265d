"""Compare the public names and signatures with the file that locks them.

    PYTHONPATH=tests python -m api_lock [--write]

Prints the difference, and exits with 1 where there is one. `--write` writes the file anew.
"""

from __future__ import annotations

import sys

from support.anchors import ROOT

from api_lock.lock import FILE, difference, write

if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write(ROOT)
        print(f"written: {FILE.relative_to(ROOT)}")
    elif said := difference(ROOT):
        sys.exit(said)
