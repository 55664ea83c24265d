"""Switch off each rule of the log, and see which test notices.

    PYTHONPATH=tests python -m switches [--write] [PART OF A NAME …]

Exits with 1 if one goes unnoticed. `--write` puts the table into docs/durability.md.
"""

from __future__ import annotations

import sys

from support.mutants import ROOT, judge, report

from switches.rules import RULES

DOCUMENT = ROOT / "docs/durability.md"
BEGIN, END = "<!-- switches: begin -->\n", "<!-- switches: end -->"


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if word != "--write"]
    chosen = [rule for rule in RULES if not words or any(word in rule.name for word in words)]
    rows, missed = report(judge(chosen))
    print(f"{len(chosen)} rules switched off, {missed} of them unnoticed")
    if "--write" in arguments:
        text = DOCUMENT.read_text("utf-8")
        before, rest = text.split(BEGIN)
        table = "\n".join(["| rule | in | noticed by |", "| --- | --- | --- |", *rows])
        DOCUMENT.write_text(f"{before}{BEGIN}{table}\n{END}{rest.split(END)[1]}", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
