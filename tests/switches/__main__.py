"""Switch off each rule of the log, and see which test notices.

    PYTHONPATH=tests python -m switches [--write] [PART OF A NAME …]

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/durability.md.
"""

from __future__ import annotations

import sys

from support.mutants import ROOT, command

from switches.rules import RULES

if __name__ == "__main__":
    sys.exit(command(RULES, ROOT / "docs/durability.md", "switches", "rule", sys.argv[1:]))
