"""Who holds the lock of a file, as far as the system tells."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

FileIdentity = tuple[int, int]
"""What makes a file this one and no other, whatever its name: its device and its inode."""


class LockHolder(msgspec.Struct, frozen=True):
    """The process that holds a lock."""

    pid: int
    name: str = ""
    is_stopped: bool = False

    def __str__(self) -> str:
        """Name it for people."""
        name = f" ({self.name})" if self.name else ""
        return f"process {self.pid}{name}" + (", which is stopped," if self.is_stopped else "")


def find_holder(identity: FileIdentity) -> LockHolder | None:
    """Find the process that holds the `flock` of a file; None where the system does not say."""
    device, inode = identity
    file = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_bytes().decode(errors="replace").splitlines():
            fields = line.split()  # 1: FLOCK ADVISORY WRITE 4711 fe:01:1234 0 EOF
            if "->" not in fields and "FLOCK" in fields and file in fields:
                pid = int(fields[fields.index(file) - 1])
                return _described(pid) if pid > 0 else None
    return None


def _described(pid: int) -> LockHolder:
    """Describe a process, as far as the system tells."""
    with suppress(OSError, ValueError):
        line = Path(f"/proc/{pid}/stat").read_bytes().decode(errors="replace")
        name, _, rest = line.partition("(")[2].rpartition(")")
        return LockHolder(pid, name, rest.split()[0] in ("T", "t"))
    return LockHolder(pid)
