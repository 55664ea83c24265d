"""Real power cuts, as far as a program can make them: an ext4 shut down beneath its writers.

    sudo PYTHONPATH=tests python -m simulation.power_cuts --cuts 200

The file system is on a loop device. FS_IOC_SHUTDOWN stops it without writing out its journal or its
caches, so that after mounting it again only that is there which was synced. Needs root.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.durability import ROUNDS, Broken, journalling, without_background

from simulation.kills import Child, check, write

_SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of linux/fs.h: _IOR('X', 125, __u32)."""
_NO_LOG_FLUSH = (2).to_bytes(4, "little")


LIVES = 10
"""How often the power of each disk is cut."""


class Mounted:
    """A small ext4 in the file `image`, mounted at `path`."""

    def __init__(self, place: Path) -> None:
        self._image, self.path = place / "image", place / "mounted"
        self.path.mkdir()
        with self._image.open("wb") as file:
            file.truncate(16 * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-F", str(self._image))

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.path))

    def unmount(self) -> None:
        _run("umount", str(self.path))

    def cut(self) -> None:
        """Nothing that is not on disk by now will ever be."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(fd)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@contextmanager
def mounted() -> Iterator[Mounted]:
    """Mount a disk whose power can be cut.

    Raises:
        OSError: this machine or this user cannot do it.
    """
    with tempfile.TemporaryDirectory() as place:
        disk = Mounted(Path(place))
        disk.mount()
        try:
            yield disk
        finally:
            disk.unmount()


def cut(disk: Mounted, life: int, said: list[str], chance: random.Random) -> None:
    """Two writers, and the power goes."""
    directory = disk.path / "jobs"
    children = [Child(write, directory, f"w{n}", life) for n in range(2)]
    for child in children:
        child.wait_for(chance.choice([0, 1, chance.randint(2, 40)]))
    disk.cut()
    for child in children:
        child.end()
        said += [line for line in child.lines if not line.startswith("failed")]
    disk.unmount()
    disk.mount()
    check(directory, said)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    chance, started, cuts = random.Random(arguments.seed), time.monotonic(), 0
    print(f"seed {arguments.seed}", flush=True)
    try:
        with without_background():
            while cuts < arguments.cuts:
                said: list[str] = []
                size = ROUNDS[cuts // LIVES % len(ROUNDS)]
                with mounted() as disk, journalling(size):
                    for life in range(min(LIVES, arguments.cuts - cuts)):
                        cut(disk, life, said, chance)
                        cuts += 1
    except Broken as error:
        print(f"after {cuts} cuts: {error}")
        return 1
    except OSError as error:
        print(f"cannot: {error}")
        return 2
    took = time.monotonic() - started
    print(json.dumps({"cuts": cuts, "seconds": round(took, 1), "broken": 0}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
