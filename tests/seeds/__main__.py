"""Find the seed that notices each rule of many workers once it is switched off, and each mistake.

    PYTHONPATH=tests python -m seeds [--write] [PART OF A NAME …]

The seed that is recorded is tried first. Exits with 1 if one goes unnoticed. `--write` records
what was found, and puts the table into docs/testing.md.
"""

from __future__ import annotations

import sys

from support.mutants import copied

from seeds.recorded import record, recorded
from seeds.rules import SEEN
from seeds.table import write_table
from seeds.trying import try_seeds

PATIENCE = 1500
"""So many seeds are tried at most."""


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--write"]
    known, missed = recorded(), 0
    with copied() as copy:
        for seen in SEEN:
            if words and not any(word in seen.name for word in words):
                continue
            found = None
            if seen.name in known:
                found = try_seeds(copy, seen, known[seen.name].seed, 1)
            found = found or try_seeds(copy, seen, 0, PATIENCE)
            print(f"{seen.name}: {found or 'NOTHING'}", flush=True)
            missed += found is None
            if found is not None:
                known[seen.name] = found
            if "--write" in sys.argv:
                names = [each.name for each in SEEN]
                record({name: known[name] for name in names if name in known})
    if "--write" in sys.argv:
        write_table(known)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
