"""The table of docs/testing.md: which seed notices what, and what no seed can."""

from __future__ import annotations

from support.anchors import ROOT

from seeds.recorded import Found
from seeds.rules import ELSEWHERE, SEEN

DOCUMENT = ROOT / "docs/testing.md"
_BEGIN, _END = "<!-- seeds: begin -->\n", "<!-- seeds: end -->"


def rows(found: dict[str, Found]) -> str:
    """Return the table's text."""
    lines = ["| rule, or mistake | seed | step | what is said |", "| --- | --- | --- | --- |"]
    for seen in SEEN:
        one = found[seen.name]
        step = "the end" if one.step is None else str(one.step)
        said = one.message.replace("|", "\\|")
        lines.append(f"| {seen.name} | {one.seed} | {step} | {said} |")
    for name, other in ELSEWHERE.items():
        tests = ", ".join(f"`{test}`" for test in other.tests)
        lines.append(f"| {name} | none | | {other.why}: {tests} |")
    return "".join(f"{line}\n" for line in lines)


def table() -> str:
    """Return the table as it stands in the document."""
    return DOCUMENT.read_text("utf-8").split(_BEGIN)[1].split(_END)[0]


def write_table(found: dict[str, Found]) -> None:
    """Put it into the document."""
    before, rest = DOCUMENT.read_text("utf-8").split(_BEGIN)
    DOCUMENT.write_text(before + _BEGIN + rows(found) + _END + rest.split(_END)[1], "utf-8")
