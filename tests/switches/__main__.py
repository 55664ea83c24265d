"""Switch off each rule of the log, and see which test notices.

    PYTHONPATH=tests python -m switches [--write] [PART OF A NAME …]
    PYTHONPATH=tests python -m switches --places

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/durability.md.
`--places` only says anew there in which file each is.
"""

from __future__ import annotations

import sys

from support.anchors import ROOT
from support.mutants import Table, command

from switches.rules import RULES

if __name__ == "__main__":
    table = Table(ROOT / "docs/durability.md", "switches", "rule")
    sys.exit(command(RULES, table, sys.argv[1:]))
