"""Metrics as text, in the format that Prometheus reads (version 0.0.4): a few lines a metric.

The format is small enough that no library is needed for it: what is written here is read in the
tests by Prometheus itself, by its `promtool`, and by the parser of its Python client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from .histogram import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MetricType = Literal["counter", "gauge", "histogram"]
Labels = Mapping[str, str]


class Metric(msgspec.Struct, frozen=True):
    """What a metric is: its name, of which type, what it says, which labels its samples have, and
    for a histogram the upper bounds of its buckets, in seconds."""

    name: str
    type: MetricType
    says: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Sample(msgspec.Struct, frozen=True):
    """One value of a metric. `labels` are the values of those that the metric has, in order."""

    value: float | Histogram
    labels: tuple[str, ...] = ()


def prometheus_text(metrics: Iterable[tuple[Metric, Sequence[Sample]]]) -> str:
    """Return metrics with their samples as text; what has none is named all the same."""
    lines: list[str] = []
    for metric, samples in metrics:
        lines.append(f"# HELP {metric.name} {_help(metric.says)}")
        lines.append(f"# TYPE {metric.name} {metric.type}")
        for sample in samples:
            labels = dict(zip(metric.labels, sample.labels, strict=True))
            lines += _lines(metric, labels, sample.value)
    return "".join(f"{line}\n" for line in lines)


def _lines(metric: Metric, labels: Labels, value: float | Histogram) -> list[str]:
    if not isinstance(value, Histogram):
        return [f"{metric.name}{_labels(labels)} {_number(value)}"]
    lines, count = [], 0
    for bound, more in zip([*map(_number, metric.bounds), "+Inf"], value.counts, strict=True):
        count += more
        lines.append(f"{metric.name}_bucket{_labels({**labels, 'le': bound})} {count}")
    lines.append(f"{metric.name}_sum{_labels(labels)} {_number(value.sum_us / 1e6)}")
    lines.append(f"{metric.name}_count{_labels(labels)} {count}")
    return lines


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    """Return the value of a label as it stands between quotes; of Unicode what is valid."""
    valid = text.encode("utf-8", "replace").decode()
    return valid.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
