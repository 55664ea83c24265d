"""For `verify`: what is derived and stands for more than the log has.

Files are never derived from what is not on disk yet. So where they stand for more than the log has,
its end was cut off, or an older log was put in its place: they are the last to know of what was
lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..eventstore.engines.files import FileSystem
from ..projections import Marker, MarkerError, marker_path, read_marker
from .chain import ChainCheck
from .findings import Findings

_NAME = re.compile(r"snapshot_(.+)\.json")
_ADVICE = "restore the log from a copy, and keep this until then"

Markers = dict[Path, Marker]


def read_markers(
    fs: FileSystem, directory: Path, names: Iterable[str], findings: Findings
) -> Markers:
    """Return the markers in a directory that has files of these `names`."""
    found: Markers = {}
    for match in filter(None, map(_NAME.fullmatch, names)):
        path = marker_path(directory, match[1])
        try:
            marker = read_marker(fs, directory, match[1])
        except MarkerError as error:
            findings.note(f"{path} will not be used: {error.message}")
            continue
        if marker is not None:
            found[path] = marker
    return found


def check_markers(markers: Markers, chain: ChainCheck, findings: Findings) -> set[Path]:
    """Check a sound log against what derived files stand for; the markers that are witnesses."""
    ahead = set()
    for path, marker in markers.items():
        if chain.first is None or marker.ledger != chain.first.ledger:
            findings.note(f"{path} will not be used: it is of another ledger")
            continue
        places = chain.found.get(marker.seq, [])
        if marker.seq > chain.seq:
            fault = (
                f"the files that it is about stand for event {marker.seq}, and the log ends at"
                f" event {chain.seq}: its end was cut off, or an older one was put in its place"
            )
        elif marker.hash and all(place.hash != marker.hash for place in places):
            fault = (
                f"the files that it is about stand for another event {marker.seq} than the log has:"
                " another one was put in its place"
            )
        else:
            continue
        ahead.add(path)
        findings.add("ahead", path, f"{fault}; {_ADVICE}", remedy="rebuild")
    return ahead
