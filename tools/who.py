"""Who is at the command line, as the log says it of what is changed from there."""

from __future__ import annotations

import os
from contextlib import suppress

from ..domain import check_by


def who() -> str:
    """`cli:USER`, by what the system calls the user of this process; `cli:uid-N` where it has no
    name for him, or one that a record cannot have.

    The environment is not asked: `USER` and `LOGNAME` say what anybody has set. Never fails, since
    a change must not fail for it.
    """
    uid = os.getuid()
    with suppress(Exception):  # whatever it is that knows the users, and is not well
        import pwd

        if name := pwd.getpwuid(uid).pw_name:
            return check_by(f"cli:{name}")
    return f"cli:uid-{uid}"
