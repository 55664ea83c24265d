"""`jobledger`, and `python -m jobledger`: the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; Ctrl-C is a line and 130, also while its modules are still loaded."""
    try:
        from .tools.cli import main as run

        return run()
    except KeyboardInterrupt:
        print("jobledger: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
