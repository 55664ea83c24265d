"""Figures of a log as one handle has it: for those who watch, not for those who decide."""

from __future__ import annotations

from typing import NamedTuple

from ..instrumentation import Histogram

APPEND_BOUNDS_S = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
)  # fmt: skip
"""By what the writes are counted."""


class LogFigures(NamedTuple):
    """How many bytes all lines have, headers included; and, by `APPEND_BOUNDS_S`, how long the
    writes of this handle took, from the wait for the turn to the answer."""

    size_bytes: int
    append_took: Histogram
