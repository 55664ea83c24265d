"""The command line inside the test's own process: quicker than one of its own."""

from __future__ import annotations

import logging
from pathlib import Path

from jobledger.tools.cli import main


def run_inside(directory: Path, *arguments: str) -> int:
    """Run `jobledger --dir DIR …`; its exit code. What it does to logging is undone."""
    logger = logging.getLogger("jobledger")
    level = logger.level
    try:
        return main(["--dir", str(directory), *arguments])
    finally:
        logger.setLevel(level)
