"""How the plots of docs/performance.md are drawn: axes, labels, legends, and SVG that asks for
nothing else.

pygal draws them; scripts, comments and what only its scripts use are taken out. Axes are
logarithmic unless they show a share: a straight line of slope 1 is growth in proportion.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, floor, log10
from typing import Any
from xml.etree import ElementTree

import pygal  # type: ignore[import-untyped]  # it has no types
from pygal.style import Style  # type: ignore[import-untyped]  # nor has this

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
        "#56b4e9", "#000000", "#8c6d31", "#7f7f7f", "#882255", "#44aa99",
    ),
)  # fmt: skip

Points = Sequence[tuple[float, float]]


def settings(title: str) -> dict[str, Any]:
    return {
        "title": title, "width": WIDTH, "height": HEIGHT, "style": _STYLE, "js": (),
        "legend_at_bottom": True, "truncate_legend": -1,
        "truncate_label": -1, "dots_size": 3, "margin": 16,
    }  # fmt: skip


def bars(
    title: str,
    names: Sequence[str],
    series: Mapping[str, Mapping[str, float]],
    *,
    slanted: Iterable[str] = (),
    scale: Sequence[float] = (),
) -> Any:
    """Lying bars, one of each series for each name; on a logarithmic axis where there is a `scale`
    to put at it. Names that are limits and no competitors are `slanted`."""
    chart = pygal.HorizontalBar(**settings(title))
    chart.x_labels = list(names)
    chart.slanted = frozenset(slanted)
    chart.print_values, chart.print_values_position = True, "top"
    if scale:
        first = place_of(scale[0])
        chart.formatter = lambda value: "" if value is None else number(10 ** (value + first - 20))
        chart.y_labels = [
            {"label": number(step), "value": place_of(step) - first} for step in scale
        ]
        for what, values in series.items():
            chart.add(what, [_above(values.get(name), first) for name in names])
        chart.range = (0, place_of(scale[-1]) - first)
    else:
        chart.formatter = lambda value: "" if value is None else number(value)
        for what, values in series.items():
            chart.add(what, [values.get(name) for name in names])
        chart.range = (0, 1.1 * max(max(values.values()) for values in series.values()))
    with_legend(chart, series)
    chart.height = 120 + (18 * len(series) + 8) * len(names)
    return chart


def _above(value: float | None, first: float) -> float | None:
    return place_of(value) - first if value else None


def xy(title: str) -> Any:
    return pygal.XY(**settings(title))


def logarithmic(
    title: str,
    x_title: str,
    y_title: str,
    series: Mapping[str, Points],
    x_steps: Callable[[float, float], list[float]] | None = None,
    *,
    seconds: bool = False,
) -> Any:
    chart = xy(title)
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    across, up = (x_steps or steps)(min(xs), max(xs)), steps(min(ys), max(ys))
    chart.x_title, chart.y_title = x_title, y_title
    chart.x_labels, chart.xrange = labels(across, number), range_of(across)
    chart.y_labels, chart.range = labels(up, duration if seconds else number), range_of(up)
    for name, points in series.items():
        chart.add(name, [(place_of(x), place_of(y)) for x, y in points])
    return with_legend(chart, series)


def steps(least: float, most: float) -> list[float]:
    """Return the powers of ten around, with 2 and 5 between them where there are few."""
    first, last = floor(log10(least)), ceil(log10(most))
    powers = [10.0**n for n in range(first, max(last, first + 1) + 1)]
    if len(powers) > 3:
        return powers
    return [m * power for power in powers[:-1] for m in (1, 2, 5)] + powers[-1:]


def powers_of_two(least: float, most: float) -> list[float]:
    return [2.0**n for n in range(int(most).bit_length())]


def labels(steps: Iterable[float], text: Callable[[float], str]) -> list[dict[str, Any]]:
    return [{"label": text(step), "value": place_of(step)} for step in steps]


def range_of(steps: Sequence[float]) -> tuple[float, float]:
    return place_of(steps[0]), place_of(steps[-1])


def place_of(value: float) -> float:
    """Where on a logarithmic axis; never at 0, where pygal would draw an axis of its own."""
    return log10(value) + 20


def with_legend(chart: Any, names: Iterable[str]) -> Any:
    """As many columns as there is room for; pygal needs all rows to be full."""
    names = list(names)
    fit = WIDTH // (30 + 7 * max(map(len, names)))
    columns = max((n for n in range(1, fit + 1) if len(names) % n == 0), default=1)
    chart.legend_at_bottom_columns = columns
    chart.height = HEIGHT + 20 * (len(names) // columns)
    return chart


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.999 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds * 1e9:,.0f} ns"


def pairs(by_size: Mapping[str, float]) -> Points:
    return [(int(size), value) for size, value in by_size.items()]


def zipped(sizes: Sequence[float], values: Sequence[float]) -> Points:
    return list(zip(sizes, values, strict=True))


def svg(chart: Any, name: str, says: str) -> bytes:
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
    slanted = getattr(chart, "slanted", ())
    for label in root.iter("text"):
        if label.text in slanted:
            label.set("style", "font-style: italic")
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
