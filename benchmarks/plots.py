"""The plots of docs/performance.md, drawn from saved results.

    python benchmarks --draw

What each of them shows is said here; how it is drawn, in `charts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from charts import (
    bars,
    labels,
    logarithmic,
    number,
    pairs,
    place_of,
    powers_of_two,
    range_of,
    steps,
    svg,
    with_legend,
    xy,
    zipped,
)  # fmt: skip
from questions import Figures


class Plot(NamedTuple):
    """A plot, by the results that it needs; `says` is what it shows to those who cannot see it."""

    says: str
    needs: tuple[str, ...]
    make: Callable[..., Any]


def draw(results: Mapping[str, Figures], directory: Path) -> list[Path]:
    """Draw every plot whose results are there; answers with the files."""
    drawn = []
    for name, plot in PLOTS.items():
        if all(need in results for need in plot.needs):
            chart = plot.make(*(results[need] for need in plot.needs))
            if chart is None:
                continue  # it was not measured, and the table says why
            path = directory / f"{name}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(svg(chart, name, plot.says))
            drawn.append(path)
    return drawn


# -- what is drawn ---------------------------------------------------------------------------------


def _callers(threads: Figures, publishers: Figures, adding: Figures) -> Any:
    bare = adding["adds"] / sorted(adding["seconds"]["bare"])[len(adding["seconds"]["bare"]) // 2]
    most = max(map(int, threads["adds a second"]))
    return logarithmic(
        "Jobs a second by how many callers at a time",
        "threads that add, or publishers at a time",
        "a second",
        {
            "threads adding, each add durable": pairs(threads["adds a second"]),
            "async publishers, start and end durable": pairs(publishers["jobs a second"]),
            "one bare append and fdatasync after another": [(1, bare), (most, bare)],
        },
        powers_of_two,
    )


def _replay(figures: Figures) -> Any:
    sizes = figures["events"]
    return logarithmic(
        "A full replay by the length of the history",
        "events",
        "events a second",
        {
            "replayed into the board, verified": zipped(sizes, figures["events a second"]),
            "hashed, decoded and kept, nothing else": zipped(
                sizes, figures["events a second of the bare loop"]
            ),
        },
    )


def _opening(figures: Figures) -> Any:
    rest = figures["on a tenth of the history"]
    series = {
        f"{how}, by events": zipped(figures["events"], figures["median seconds"][how])
        for how in ("reading all", "from the snapshot")
    }
    for what, seconds in rest["median seconds"].items():
        series[f"from the snapshot, by {what}"] = zipped(rest["counts"], seconds)
    title = "Opening by the length of the history"
    return logarithmic(title, "events, or open jobs", "time", series, seconds=True)


def _latency(figures: Figures) -> Any:
    series = {}
    for who, late in figures["every millisecond late"].items():
        ordered = sorted(max(value, 0.01) for value in late)
        series[who] = [
            (value, 100 * (rank + 1) / len(ordered)) for rank, value in enumerate(ordered)
        ]
    xs = [x for points in series.values() for x, _ in points]
    chart = xy("How late jobs are called: the share of calls that were no later")
    chart.config.show_dots = False
    chart.x_title, chart.y_title = "milliseconds after the job's time", "% of calls"
    chart.x_labels = labels(steps(min(xs), max(xs)), number)
    chart.xrange = range_of(steps(min(xs), max(xs)))
    chart.y_labels = [{"label": f"{share}", "value": share} for share in (0, 25, 50, 75, 90, 99)]
    chart.range = (0, 100)
    for name, points in series.items():
        chart.add(name, [(place_of(x), y) for x, y in points])
    return with_legend(chart, series)


def _growing(figures: Figures, what: str, title: str) -> Any:
    by = figures[what]
    return logarithmic(
        title,
        what.removeprefix("by "),
        "time of one",
        {
            f"{operation} ({by['exponent'][operation]})": zipped(by["sizes"], seconds)
            for operation, seconds in by["median seconds"].items()
        },
        seconds=True,
    )


def _peers(adding: Figures, living: Figures) -> Any:
    rates = {"adds": adding["adds a second"], "whole lives": living["lives a second"]}
    return _of_peers("One after another, a second", rates, adding["peers"])


def _slow(figures: Figures, what: str, title: str) -> Any:
    if "why not" in figures:
        return None
    rates = {
        f"{longer} ms longer" if longer else "the disk as it is": {
            name: rate[number] for name, rate in figures[what]["a second"].items()
        }
        for number, longer in enumerate(figures["milliseconds longer"])
    }
    scale = steps(1, 1.5 * max(max(rate.values()) for rate in rates.values()))
    return _of_peers(title, rates, figures["peers"], scale)


def _of_peers(
    title: str,
    rates: dict[str, dict[str, float]],
    peers: Mapping[str, Figures],
    scale: Sequence[float] = (),
) -> Any:
    """Draw bars by the last of the rates, the highest at the top; limits are slanted."""
    last = list(rates.values())[-1]
    called = {
        name: "the bare limit" if name == "bare" else name
        for name in sorted(last, key=lambda name: last[name])
    }
    return bars(
        title,
        list(called.values()),
        {what: {called[n]: rate for n, rate in each.items()} for what, each in rates.items()},
        slanted=[
            name for own, name in called.items() if own == "bare" or peers[own].get("bare", False)
        ],
        scale=scale,
    )


PLOTS: dict[str, Plot] = {
    "callers": Plot(
        "Jobs a second by the number of concurrent callers: threads that add, and async publishers"
        " at a time, next to one bare durable append after another.",
        ("callers", "concurrency", "adding"),
        _callers,
    ),
    "replay": Plot(
        "Events a second of a full verified replay, by the length of the history, next to a loop"
        " that only hashes, decodes and keeps.",
        ("replay",),
        _replay,
    ),
    "opening": Plot(
        "The time to open a ledger by the length of its history: in proportion when all is read;"
        " from the snapshot it grows with the open jobs and with the events after it.",
        ("opening",),
        _opening,
    ),
    "latency": Plot(
        "The distribution of how late a publisher is called: of a job of the same process, of one"
        " that another process adds, and of a bare timer.",
        ("latency",),
        _latency,
    ),
    "growth_jobs": Plot(
        "The time of each operation by the jobs of the ledger, both axes logarithmic; in brackets"
        " the power that it grows with.",
        ("growth",),
        lambda f: _growing(f, "by jobs", "Each operation by the jobs of the ledger"),
    ),
    "growth_days": Plot(
        "The time of each operation by the day files that the same jobs are spread over; in"
        " brackets the power that it grows with.",
        ("growth",),
        lambda f: _growing(f, "by day files", "Each operation by the day files of the log"),
    ),
    "peers": Plot(
        "Adds and whole lives (add, start, complete) a second of each library, next to bare durable"
        " appends; all are durable but the one that is named as not synced.",
        ("peers", "peers_lifecycle"),
        _peers,
    ),
    "slow_adds": Plot(
        "Adds a second of each library on the disk that is here, and with each wait for the disk 1"
        " and 5 ms longer, on a logarithmic axis: there the count of syncs decides.",
        ("peers_slow",),
        lambda f: _slow(f, "adding", "Adds a second, where each sync takes so much longer"),
    ),
    "slow_lives": Plot(
        "Whole lives (add, start, complete) a second of each library on the disk that is here, and"
        " with each wait for the disk 1 and 5 ms longer, on a logarithmic axis.",
        ("peers_slow",),
        lambda f: _slow(f, "living", "Whole lives a second, where each sync takes so much longer"),
    ),
}
