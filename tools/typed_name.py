"""How this program is typed, for words that somebody is to type."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def typed_name() -> str:
    """Return what starts this program from here: `jobledger` where a shell finds this one by that
    name, else the path that it was started by, or Python and the name of its module."""
    started = Path(sys.argv[0])
    if started.name != "jobledger":
        return f"{shlex.quote(sys.executable)} -m jobledger"
    found = shutil.which("jobledger")
    if found is not None and os.path.realpath(found) == os.path.realpath(started):
        return "jobledger"
    return shlex.quote(str(started))
