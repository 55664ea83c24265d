"""Plant each of the bugs, and see who notices, and how soon.

    PYTHONPATH=tests python -m planted [--write] [PART OF A NAME …]
    PYTHONPATH=tests python -m planted --places

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/testing.md.
`--places` only says anew there in which file each is.
"""

from __future__ import annotations

import sys

from support.anchors import ROOT
from support.mutants import Table, command

from planted.bugs import BUGS

if __name__ == "__main__":
    table = Table(ROOT / "docs/testing.md", "planted", "mistake")
    sys.exit(command(BUGS, table, sys.argv[1:]))
