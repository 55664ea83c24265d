"""The experiments in turn, each with new seeds, for as long as you like.

    PYTHONPATH=tests python -m simulation --minutes 60

Each round of each one prints its seeds; the first that breaks a rule ends it all, with exit code 1.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time

ROUNDS = {
    "crash_states": ["--states", "20000"],
    "io_failures": ["--every", "20"],
    "kills": ["--kills", "600"],
    "interruptions": ["--every", "5"],
    "crowd": ["--writers", "4", "--changes", "150"],
    "years": ["--years", "1000"],
    "simulator": ["--steps", "100000"],
    "simulator in memory": ["--steps", "100000", "--engine", "memory"],
    "simulator of many runners": ["--steps", "50000", "--engine", "remote"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    begun = time.monotonic()
    for count, name in enumerate(itertools.cycle(ROUNDS), 1):
        print(f"== {(time.monotonic() - begun) / 60:.1f} min, round {count}: {name}", flush=True)
        simulated = name.startswith("simulator")
        module = ["jobledger", "simulate"] if simulated else [f"simulation.{name}"]
        command = [sys.executable, "-m", *module, *ROUNDS[name]]
        if subprocess.run(command, check=False).returncode:
            print(f"BROKEN: {' '.join(command[1:])}")
            return 1
        if time.monotonic() - begun > minutes * 60:
            print(f"{count} rounds, no rule broken")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
