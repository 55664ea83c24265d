"""The file that locks the public names and signatures."""

from __future__ import annotations

import difflib
from pathlib import Path

from api_lock.surface import lines

FILE = Path(__file__).with_name("public.txt")
COMMAND = "PYTHONPATH=tests python -m api_lock --write"


def difference(root: Path) -> str:
    """Say how the package under `root` differs from the lock, and what to do; nothing where it does
    not."""
    locked = FILE.read_text("utf-8").splitlines()
    found = list(difflib.unified_diff(locked, lines(root), "locked", "now", n=0, lineterm=""))
    if not found:
        return ""
    changes = "\n".join(line for line in found if not line.startswith("@@"))
    return (
        f"the public names or signatures have changed:\n\n{changes}\n\n"
        f"If that is meant, say so in changes/, and write {FILE.name} anew: {COMMAND}"
    )


def write(root: Path) -> None:
    """Lock what the package has now."""
    FILE.write_text("".join(f"{line}\n" for line in lines(root)), "utf-8")
