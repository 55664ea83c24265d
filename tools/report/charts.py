"""Charts as inline SVG: drawn by pygal, then stripped of all that a page at rest has no use for.

What stays are shapes and texts with classes for the page's own style, so a chart follows the
page's light and dark, and holds no script, style, comment or address.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pygal  # type: ignore[import-untyped]  # it has no types
from markupsafe import Markup

from ...projections import Day

# pygal leaves a finder for its plugins behind, of a kind that Python no longer calls: every later
# import of the process would warn of it. Nothing here has plugins.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

WIDTH, HEIGHT = 420, 220
LEAST_DAYS, MOST_DAYS = 14, 31

OUTCOMES = ("completed", "retried", "failed", "unknown", "expired", "cancelled")
WAITING_BOUNDS_S = (1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0)
_WAITING_LABELS = ("<1 s", "<10 s", "<1 min", "<10 min", "<1 h", "<6 h", "more")

_LEFT_OUT = {"titles", "overlay", "text-overlay", "tooltip-overlay", "legends"}
"""The groups of a chart that only pygal's own script and style make use of."""


def posts_a_day(days: Sequence[Day]) -> Markup:
    """How each of the last days ended, stacked by outcome; empty where none did.

    A day on which nothing ended has its place, and there are at least fourteen: so bars of a young
    ledger are no wider than others, and a gap is a gap.
    """
    shown, counts = _each_day(days)
    names = [name for name in OUTCOMES if any(count[name] for count in counts)]
    if not names:
        return Markup()
    chart = pygal.StackedBar(**_settings(max((sum(c.values()) for c in counts), default=0)))
    labels = [f"{day:%m-%d}" for day in shown]
    every = max(-(-len(labels) // 7), 1)
    chart.x_labels = labels
    chart.x_labels_major = labels[::every]
    chart.show_minor_x_labels = False
    for name in names:
        chart.add(name, [count[name] for count in counts])
    return _svg(chart, f"Posts by day, {shown[0]} to {shown[-1]}", names)


def _each_day(days: Sequence[Day]) -> tuple[list[date], list[dict[str, int]]]:
    """Return the days to show, in order, and what ended on each."""
    found = {date.fromisoformat(day.day): day.tally.outcomes() for day in days}
    if not found:
        return [], []
    last = max(found)
    count = min(max((last - min(found)).days + 1, LEAST_DAYS), MOST_DAYS)
    shown = [last - timedelta(days=n) for n in reversed(range(count))]
    return shown, [found.get(day, dict.fromkeys(OUTCOMES, 0)) for day in shown]


def waiting_times(histogram: Sequence[int]) -> Markup:
    """How long attempts waited after they were due, from `Stats.waiting_histogram`; or empty."""
    if not any(histogram):
        return Markup()
    chart = pygal.Bar(**_settings(max(histogram, default=0)))
    chart.x_labels = _WAITING_LABELS
    chart.add("attempts", list(histogram))
    return _svg(chart, "Attempts by the time they waited after they were due", ["waiting"])


def _settings(most: int) -> dict[str, Any]:
    step = max(1, -(-most // 4))
    for nice in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500):
        if step <= nice:
            step = nice
            break
    else:
        step = -(-step // 1000) * 1000
    labels = list(range(0, most + step, step)) or [0]
    return {
        "width": WIDTH, "height": HEIGHT, "margin": 4, "spacing": 4, "show_legend": False,
        "js": (), "css": (), "print_values": False,
        "y_labels": labels, "range": (0, labels[-1] or 1), "formatter": lambda n: f"{n:.0f}",
        "truncate_label": -1,
    }  # fmt: skip


def _svg(chart: Any, title: str, series: Sequence[str]) -> Markup:
    root = chart.render_tree()
    _strip(root)
    for number, name in enumerate(series):
        for group in root.iter("g"):
            if f"serie-{number}" in _classes(group):
                group.set("class", f"s-{name}")
                _describe(group, "attempts" if name == "waiting" else name)
    view = root.get("viewBox")
    root.attrib.clear()
    root.attrib.update({"viewBox": view, "role": "img", "aria-label": title, "class": "chart"})
    heading = ElementTree.Element("title")
    heading.text = title
    root.insert(0, heading)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # etree has escaped the texts


def _strip(element: ElementTree.Element) -> None:
    """Drop comments, scripts, styles, titles and what only they use, here and below."""
    element.attrib.pop("id", None)
    for child in list(element):
        if (
            not isinstance(child.tag, str)
            or child.tag in ("defs", "script", "style", "title")
            or _LEFT_OUT & _classes(child)
        ):
            element.remove(child)
        else:
            _strip(child)


def _describe(series: ElementTree.Element, name: str) -> None:
    """Each bar gets one title instead of pygal's descriptions; bars of nothing go."""
    for bars in series.iter("g"):
        for bar in [child for child in bars if "bar" in _classes(child)]:
            facts = {desc.get("class"): desc.text or "" for desc in bar.iter("desc")}
            for desc in bar.findall("desc"):
                bar.remove(desc)
            if facts.get("value") in ("0", "", None):
                bars.remove(bar)
                continue
            ElementTree.SubElement(
                bar, "title"
            ).text = f"{facts.get('x_label', '')}: {facts['value']} {name}"


def _classes(element: ElementTree.Element) -> set[str]:
    return set((element.get("class") or "").split())
