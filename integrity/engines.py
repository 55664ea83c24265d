"""Verifying a ledger on whatever engine it is.

The second reader reads day files, by the words of docs/log-format.md. An engine of another kind has
the same bytes: they are written out for it, as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..eventstore import Engine, HasPlace
from ..eventstore.engines.files import as_day_files
from ..instrumentation import Progress
from .findings import VerifyReport
from .heads import ExportedHead
from .replay_check import NO_DAILY_FILES
from .verify import ELSEWHERE, verify_directory


def verify_engine(
    engine: Engine,
    *,
    progress: Progress = lambda done, total: None,
    since_heads: Sequence[ExportedHead] = (),
    public_keys: Sequence[str | bytes] = (),
    media: Path | None = None,
) -> VerifyReport:
    """Check a whole ledger; it takes no lock and changes nothing. As `verify_directory`.

    What the report calls a day's file is a place in the engine where it has no files; what it has
    in a directory for files is checked there.
    """
    with as_day_files(engine) as (place, is_copy):
        report = verify_directory(
            place.directory,
            fs=place.fs,
            progress=progress,
            since_heads=since_heads,
            public_keys=public_keys,
            media=ELSEWHERE if is_copy and media is None else media,
        )
    return _of_engine(report, engine, place.directory) if is_copy else report


def _of_engine(report: VerifyReport, engine: Engine, copy: Path) -> VerifyReport:
    """Return the report with the names of the engine's own places."""
    lines, location = f"{copy}/events_", f"{engine.location}#events_"
    before = f"{copy}/"
    beside = f"{engine.place.directory}/" if isinstance(engine, HasPlace) else f"{engine.location}#"
    replace = msgspec.structs.replace

    def named(text: str) -> str:
        return text.replace(lines, location).replace(before, beside)

    return replace(
        report,
        problems=[
            replace(
                problem,
                # The copy has all of it: it is the engine that has less than it had.
                kind="lost" if problem.kind == "truncated" else problem.kind,
                path=named(problem.path),
                message=named(problem.message),
            )
            for problem in report.problems
        ],
        # What was written out to be verified is the log, and no daily files.
        notes=[named(note) for note in report.notes if note != NO_DAILY_FILES],
    )
