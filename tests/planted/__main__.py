"""Plant each of the bugs, and see who notices, and how soon.

    PYTHONPATH=tests python -m planted [--write] [PART OF A NAME …]

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/testing.md.
"""

from __future__ import annotations

import sys

from support.mutants import ROOT, judge, report

from planted.bugs import BUGS

DOCUMENT = ROOT / "docs/testing.md"
BEGIN, END = "<!-- planted: begin -->\n", "<!-- planted: end -->"


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if word != "--write"]
    chosen = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    rows, missed = report(judge(chosen))
    print(f"{len(chosen)} bugs planted, {missed} of them unnoticed")
    if "--write" in arguments:
        text = DOCUMENT.read_text("utf-8")
        before, rest = text.split(BEGIN)
        table = "\n".join(["| mistake | in | noticed by |", "| --- | --- | --- |", *rows])
        DOCUMENT.write_text(f"{before}{BEGIN}{table}\n{END}{rest.split(END)[1]}", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
