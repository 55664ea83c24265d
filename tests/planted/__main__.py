"""Plant each of the bugs, and see who notices, and how soon.

    PYTHONPATH=tests python -m planted [--write] [PART OF A NAME …]

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/testing.md.
"""

from __future__ import annotations

import sys

from support.mutants import ROOT, command

from planted.bugs import BUGS

if __name__ == "__main__":
    sys.exit(command(BUGS, ROOT / "docs/testing.md", "planted", "mistake", sys.argv[1:]))
