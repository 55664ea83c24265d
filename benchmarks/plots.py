"""The plots of docs/performance.md, drawn from saved results as SVG that asks for nothing else.

    python benchmarks --draw

pygal draws them; scripts, comments and what only its scripts use are taken out. Axes are
logarithmic unless they show a share: a straight line of slope 1 is growth in proportion.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pygal  # type: ignore[import-untyped]  # it has no types
from pygal.style import Style  # type: ignore[import-untyped]  # nor has this
from questions import Figures

# As in tools/report/charts.py: pygal leaves a finder behind that Python no longer calls.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

WIDTH, HEIGHT = 800, 440
_SVG = "http://www.w3.org/2000/svg"
_LEFT_OUT = {"tooltip-overlay"}
_STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#333333",
    foreground_strong="#111111",
    foreground_subtle="#777777",
    font_family="DejaVu Sans, Verdana, Helvetica, sans-serif",
    title_font_size=17,
    label_font_size=13,
    value_font_size=11,
    value_font_family="DejaVu Sans, Verdana, Helvetica, sans-serif",
    major_label_font_size=13,
    legend_font_size=13,
    stroke_width="2",
    guide_stroke_color="#bbbbbb",
    major_guide_stroke_color="#bbbbbb",
    # Told apart by people who see few colours too (Okabe and Ito).
    colors=(
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
        "#56b4e9", "#000000", "#8c6d31", "#7f7f7f",
    ),
)  # fmt: skip

Points = Sequence[tuple[float, float]]


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
            path = directory / f"{name}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_svg(chart, name, plot.says))
            drawn.append(path)
    return drawn


# -- what is drawn ---------------------------------------------------------------------------------


def _callers(threads: Figures, publishers: Figures, adding: Figures) -> Any:
    bare = adding["adds"] / sorted(adding["seconds"]["bare"])[len(adding["seconds"]["bare"]) // 2]
    most = max(map(int, threads["adds a second"]))
    return _logarithmic(
        "Jobs a second by how many callers at a time",
        "threads that add, or publishers at a time",
        "a second",
        {
            "threads adding, each add durable": _pairs(threads["adds a second"]),
            "async publishers, start and end durable": _pairs(publishers["jobs a second"]),
            "one bare append and fdatasync after another": [(1, bare), (most, bare)],
        },
        _powers_of_two,
    )


def _replay(figures: Figures) -> Any:
    sizes = figures["events"]
    return _logarithmic(
        "A full replay by the length of the history",
        "events",
        "events a second",
        {
            "replayed into the board, verified": _zipped(sizes, figures["events a second"]),
            "hashed, decoded and kept, nothing else": _zipped(
                sizes, figures["events a second of the bare loop"]
            ),
        },
    )


def _opening(figures: Figures) -> Any:
    rest = figures["on a tenth of the history"]
    series = {
        f"{how}, by events": _zipped(figures["events"], figures["median seconds"][how])
        for how in ("reading all", "from the snapshot")
    }
    for what, seconds in rest["median seconds"].items():
        series[f"from the snapshot, by {what}"] = _zipped(rest["counts"], seconds)
    title = "Opening by the length of the history"
    return _logarithmic(title, "events, or open jobs", "time", series, seconds=True)


def _latency(figures: Figures) -> Any:
    series = {}
    for who, late in figures["every millisecond late"].items():
        ordered = sorted(max(value, 0.01) for value in late)
        series[who] = [
            (value, 100 * (rank + 1) / len(ordered)) for rank, value in enumerate(ordered)
        ]
    xs = [x for points in series.values() for x, _ in points]
    chart = _xy("How late jobs are called: the share of calls that were no later")
    chart.config.show_dots = False
    chart.x_title, chart.y_title = "milliseconds after the job's time", "% of calls"
    chart.x_labels = _labels(_steps(min(xs), max(xs)), _number)
    chart.xrange = _range(_steps(min(xs), max(xs)))
    chart.y_labels = [{"label": f"{share}", "value": share} for share in (0, 25, 50, 75, 90, 99)]
    chart.range = (0, 100)
    for name, points in series.items():
        chart.add(name, [(_place(x), y) for x, y in points])
    return _with_legend(chart, series)


def _growing(figures: Figures, what: str, title: str) -> Any:
    by = figures[what]
    return _logarithmic(
        title,
        what.removeprefix("by "),
        "time of one",
        {
            f"{operation} ({by['exponent'][operation]})": _zipped(by["sizes"], seconds)
            for operation, seconds in by["median seconds"].items()
        },
        seconds=True,
    )


def _peers(adding: Figures, living: Figures) -> Any:
    names = sorted(adding["adds a second"], key=lambda name: adding["adds a second"][name])
    chart = pygal.HorizontalBar(**_settings("One after another, a second"))
    chart.x_labels = ["the bare limit" if name == "bare" else name for name in names]
    chart.print_values, chart.print_values_position = True, "top"
    chart.formatter = lambda value: "" if value is None else f"{value:,.0f}"
    rates = {
        "adds": adding["adds a second"],
        "whole lives": living["lives a second"],
    }
    for title, rate in rates.items():
        chart.add(title, [rate.get(name) for name in names])
    chart.range = (0, 1.1 * max(max(rate.values()) for rate in rates.values()))
    _with_legend(chart, rates)
    chart.height = 120 + 44 * len(names)
    return chart


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
}


# -- how it is drawn -------------------------------------------------------------------------------


def _settings(title: str) -> dict[str, Any]:
    return {
        "title": title, "width": WIDTH, "height": HEIGHT, "style": _STYLE, "js": (),
        "legend_at_bottom": True, "truncate_legend": -1,
        "truncate_label": -1, "dots_size": 3, "margin": 16,
    }  # fmt: skip


def _xy(title: str) -> Any:
    return pygal.XY(**_settings(title))


def _logarithmic(
    title: str,
    x_title: str,
    y_title: str,
    series: Mapping[str, Points],
    x_steps: Callable[[float, float], list[float]] | None = None,
    *,
    seconds: bool = False,
) -> Any:
    chart = _xy(title)
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    across, up = (x_steps or _steps)(min(xs), max(xs)), _steps(min(ys), max(ys))
    chart.x_title, chart.y_title = x_title, y_title
    chart.x_labels, chart.xrange = _labels(across, _number), _range(across)
    chart.y_labels, chart.range = _labels(up, _duration if seconds else _number), _range(up)
    for name, points in series.items():
        chart.add(name, [(_place(x), _place(y)) for x, y in points])
    return _with_legend(chart, series)


def _steps(least: float, most: float) -> list[float]:
    """Return the powers of ten around, with 2 and 5 between them where there are few."""
    first, last = floor(log10(least)), ceil(log10(most))
    powers = [10.0**n for n in range(first, max(last, first + 1) + 1)]
    if len(powers) > 3:
        return powers
    return [m * power for power in powers[:-1] for m in (1, 2, 5)] + powers[-1:]


def _powers_of_two(least: float, most: float) -> list[float]:
    return [2.0**n for n in range(int(most).bit_length())]


def _labels(steps: Iterable[float], text: Callable[[float], str]) -> list[dict[str, Any]]:
    return [{"label": text(step), "value": _place(step)} for step in steps]


def _range(steps: Sequence[float]) -> tuple[float, float]:
    return _place(steps[0]), _place(steps[-1])


def _place(value: float) -> float:
    """Where on a logarithmic axis; never at 0, where pygal would draw an axis of its own."""
    return log10(value) + 20


def _with_legend(chart: Any, names: Iterable[str]) -> Any:
    """As many columns as there is room for; pygal needs all rows to be full."""
    names = list(names)
    fit = WIDTH // (30 + 7 * max(map(len, names)))
    columns = max((n for n in range(1, fit + 1) if len(names) % n == 0), default=1)
    chart.legend_at_bottom_columns = columns
    chart.height = HEIGHT + 20 * (len(names) // columns)
    return chart


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.999 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds * 1e9:,.0f} ns"


def _pairs(by_size: Mapping[str, float]) -> Points:
    return [(int(size), value) for size, value in by_size.items()]


def _zipped(sizes: Sequence[float], values: Sequence[float]) -> Points:
    return list(zip(sizes, values, strict=True))


def _svg(chart: Any, name: str, says: str) -> bytes:
    """Write the chart as a file: no script, no comment, no address but the name of its own
    language. The same results give the same bytes."""
    ElementTree.register_namespace("", _SVG)
    root = chart.render_tree()
    _strip(root)
    for group in root.iter("g"):
        if "text-overlay" in (group.get("class") or ""):
            for value in group.iter("text"):  # beside the end of its bar, not across it
                value.set("style", "text-anchor: start")
                value.set("dx", "6")
    root.set("role", "img")
    root.set("aria-label", says)
    root.set("xmlns", _SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"{text.replace(str(chart.uuid), name)}\n".encode()


def _strip(element: ElementTree.Element) -> None:
    for child in list(element):
        classes = set((child.get("class") or "").split())
        if not isinstance(child.tag, str) or child.tag in ("script", "desc") or _LEFT_OUT & classes:
            element.remove(child)
        else:
            _strip(child)
