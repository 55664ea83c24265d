"""The document that the answers go into: its tables, between marks, and the list of plots.

All is written from the results that were saved, so it can be written again without measuring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from plots import PLOTS
from questions import QUESTIONS, Figures

Results = dict[str, Figures]


def results_beside(document: Path) -> Path:
    """Return the directory of the saved results."""
    return document.parent / "performance/results"


def load(document: Path) -> Results:
    """Load what was saved, by question."""
    paths = {name: results_beside(document) / f"{name}.json" for name in QUESTIONS}
    return {name: json.loads(p.read_text("utf-8")) for name, p in paths.items() if p.is_file()}


def write(document: Path, results: Results) -> None:
    """Bring the tables up to the results; a question without one keeps its row."""
    text = document.read_text("utf-8")
    text = _between(text, "bench", _answers(text, results))
    if "growth" in results:
        text = _between(text, "growth", _growth(results["growth"]))
    if "peers" in results:
        text = _between(text, "peers", _peers(results))
    if "peers_slow" in results:
        text = _between(text, "slow disk", _slow(results["peers_slow"]))
    if "peers_recurrence" in results:
        text = _between(text, "recurrence", _recurrence(results["peers_recurrence"]))
    drawn = [
        f"![{plot.says}](performance/{name}.svg)\n"
        for name, plot in PLOTS.items()
        if (document.parent / "performance" / f"{name}.svg").is_file()
    ]
    text = _between(text, "plots", "\n" + "\n".join(drawn) + "\n" if drawn else "")
    if results:
        stamp = _stamp(results)
        text = re.sub(r"^Last measured .*$", lambda _: stamp, text, flags=re.MULTILINE)
    document.write_text(text, "utf-8")


def _between(text: str, mark: str, content: str) -> str:
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->"
    if begin not in text or end not in text:
        raise SystemExit(f"the document has no marks {begin.strip()} and {end}")
    head, _, rest = text.partition(begin)
    return head + begin + content + end + rest.partition(end)[2]


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _answers(text: str, results: Results) -> str:
    rows = []
    for name, question in QUESTIONS.items():
        program = f"`benchmarks/{name}.py`"
        if not question.asks:
            continue
        if name in results:
            answer = question.answer(results[name])
        else:
            old = re.search(rf"^\| .*? \| (.*?) \| .*{re.escape(program)} \|$", text, re.MULTILINE)
            answer = old[1] if old else "not measured yet"
        rows.append([question.asks, answer, question.wanted or "–", program])
    return _table(["question", "answer", "wanted", "program"], rows)


def _growth(figures: Figures) -> str:
    by_jobs, by_days = figures["by jobs"], figures["by day files"]
    sizes, days = by_jobs["sizes"], by_days["sizes"]
    heads = [
        "operation",
        f"at {sizes[0]:,} jobs",
        f"at {sizes[-1]:,} jobs{_of_events(by_jobs)}",
        "grows with the power",
        f"in {days[0]:,} day file",
        f"in {days[-1]:,} day files",
        "grows with the power",
    ]
    rows = [
        [
            operation,
            _time(times[0]),
            _time(times[-1]),
            by_jobs["exponent"][operation],
            _time(by_days["median seconds"][operation][0]),
            _time(by_days["median seconds"][operation][-1]),
            by_days["exponent"][operation],
        ]
        for operation, times in by_jobs["median seconds"].items()
    ]
    return _table(heads, rows)


def _of_events(by_jobs: Figures) -> str:
    """Say how many events the largest ledger had, where the results know."""
    known = by_jobs.get("events")
    return f" ({known[-1]:,} events)" if known else ""


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _peers(results: Results) -> str:
    """All that took part, the fastest add first; the bare limit is among them."""
    adding = results["peers"]
    living = results.get("peers_lifecycle", {}).get("lives a second", {})
    syncs = results.get("peers_syncs", {}).get("syncs", {})
    lives = results.get("peers_lifecycle", {}).get("peers", {})
    rate: Mapping[str, int] = adding["adds a second"]
    rows = []
    for name in sorted(rate, key=lambda name: -rate[name]):
        if name == "bare":
            words = ["append and fdatasync of jobledger's lines, nothing else", "three a life"]
            rows.append(
                ["*bare limit*", "", rate[name], 1, "1", living.get(name, "–"), "3", *words]
            )
            continue
        told = adding["peers"][name]
        version = _version(adding, name)
        counted = syncs.get(name, {})
        rows.append(
            [
                _called(name, told),
                version,
                rate[name],
                adding["share of the bare rate"][name],
                counted.get("add", "–"),
                living.get(name, "–"),
                counted.get("life", "–"),
                told["durability"],
                f"{told['remark']}. A life: {lives.get(name, {}).get('life', 'none')}",
            ]
        )
    heads = ["", "version", "adds/s", "of bare", "syncs an add", "lives/s", "syncs a life"]
    table = _table([*heads, "durability", "less than ours, or more"], _with_commas(rows))
    return table + _not_here(adding)


def _called(name: str, told: Mapping[str, Any]) -> str:
    """Ours stands out; a limit is in italics."""
    if name == "jobledger":
        return f"**{name}**"
    return f"*{name}*" if told.get("bare", False) else name


def _slow(figures: Figures) -> str:
    """Whoever lives fastest on the slowest disk is the first."""
    if "why not" in figures:
        return f"Not measured: {figures['why not']}.\n"
    adding, living = figures["adding"], figures["living"]
    lives = living["a second"]
    rows: list[list[Any]] = []
    for name in sorted(adding["a second"], key=lambda name: -lives.get(name, [0])[-1]):
        called = "*bare limit*" if name == "bare" else _called(name, figures["peers"][name])
        nothing = ["–"] * len(figures["milliseconds longer"])
        lived = [living["waits for the disk"].get(name, "–"), *lives.get(name, nothing)]
        added = [adding["waits for the disk"][name], *adding["a second"][name]]
        rows.append([called, *lived, *added])
    disks = [
        f"+{longer} ms" if longer else "this disk" for longer in figures["milliseconds longer"]
    ]
    heads = ["", "waits a life", *(f"lives/s, {disk}" for disk in disks)]
    heads += ["waits an add", *(f"adds/s, {disk}" for disk in disks)]
    return _table(heads, _with_commas(rows)) + _not_here(figures)


def _recurrence(figures: Figures) -> str:
    """All that were asked, in the order in which they were."""
    rows: list[list[Any]] = []
    for name, wrong in figures["wrong windows"].items():
        kinds = figures["wrong by"][name]
        rows.append(
            [
                "**jobledger**" if name == "jobledger" else name,
                _version(figures, name),
                wrong,
                *kinds.values(),
                figures["microseconds a next"][name],
                figures["times jobledger's time"][name],
            ]
        )
    each = figures["wrong by"]["jobledger"]
    heads = ["", "version", f"wrong of {figures['windows']:,}", *each, "µs a next", "times ours"]
    return _table(heads, _with_commas(rows)) + _not_here(figures)


def _not_here(figures: Figures) -> str:
    missing = [f"{name} ({why})" for name, why in figures["not here"].items()]
    return f"\nNot here: {'; '.join(missing)}.\n" if missing else ""


def _with_commas(rows: list[list[Any]]) -> list[list[Any]]:
    return [[f"{each:,}" if isinstance(each, int) else each for each in row] for row in rows]


def _version(figures: Figures, name: str) -> str:
    """Return the version of a peer's package, or of the package of its name; empty for what is
    none."""
    known = {package.lower(): number for package, number in figures["versions"].items()}
    told = figures.get("peers", {}).get(name, {})
    package = next(iter(told.get("packages", ())), name.partition(",")[0])
    return str(known.get(package.lower(), ""))


def _stamp(results: Results) -> str:
    newest = max(results.values(), key=lambda each: str(each["measured_at"]))
    commits = sorted({each["commit"] for each in results.values() if each["commit"]})
    machine, python = newest["machine"], newest["versions"]["python"]
    return (
        f"Last measured {newest['measured_at'][:10]}: {machine['cpus']} cores, {machine['os']}, "
        f"Python {python}, commit {', '.join(commits)}."
    )
