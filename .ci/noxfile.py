"""Try jobledger on several Pythons: `make matrix`. One that is not on the machine is named and left
out: nothing is downloaded for it."""

from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[1]

nox.options.error_on_missing_interpreters = False
nox.options.envdir = str(ROOT / ".cache/nox")
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def quick(session: nox.Session) -> None:
    """Run `make quick` with this Python."""
    session.chdir(ROOT)
    session.run("make", "--silent", "quick", f"VENV={session.virtualenv.location}", external=True)
