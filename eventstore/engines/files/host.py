"""Which machine, and which directory of it: what tells a ledger from its copy."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ...record import Host as Host
from .descriptors import read_whole

_MACHINE_ID = "/etc/machine-id"


def host_of(directory: Path) -> Host:
    """Return the host that writes in a directory.

    The machine's id is not for everybody to know (machine-id(5)), so it is hashed for this use. A
    container has none, or that of its image; a directory that is mounted there has its number.

    Raises:
        OSError: the directory cannot be looked at.
    """
    machine = b""
    with suppress(OSError):
        machine = read_whole(_MACHINE_ID).strip()
    return Host(
        name=os.uname().nodename[:64],
        id=sha256(b"jobledger host " + machine).hexdigest()[:16] if machine else "",
        directory=directory.stat().st_ino,
    )
