"""Which command prints what with `--json`: docs/json has the schemas that are made of it."""

from __future__ import annotations

from typing import Any

from ...domain import PlatformRules
from ...eventstore import RunnerSeen
from ...ledger import BackupReport, CopyReport
from ...projections import RebuildReport
from ..commands.stats import FiguresAndFiles
from ..commands.status import Status
from .jobs import (
    Differences,
    Exported,
    Imports,
    PrintedEvent,
    PrintedJob,
    PrintedWhy,
    RanOnce,
    Requeued,
)
from .ledgers import (
    CheckFound,
    ConfigFound,
    CountedText,
    Mirrored,
    NothingToRepair,
    Packed,
    RepairFound,
    Reported,
    SealedDays,
    SealKey,
    Simulated,
    Unpacked,
    VerifyFound,
)
from .schedules import (
    ChangedSchedule,
    FullSchedule,
    Moves,
    PrintedOccurrence,
    PrintedSchedule,
    PrintedSlots,
    QueuedSlot,
)

SHAPES: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "job": (
        PrintedJob,
        "the job",
        (
            "add", "show", "hold", "release", "edit", "reschedule", "cancel", "resolve", "remove",
            "schedule run-now",
        ),
    ),
    "jobs": (list[PrintedJob], "the jobs, as a list", ("list", "replay")),
    "requeue": ((PrintedJob, Requeued), "the job; of many, which they are", ("requeue",)),
    "events": (list[PrintedEvent], "the events of the job, as a list", ("history",)),
    "event": (PrintedEvent, "one event a line: each line is such a document", ("audit",)),
    "why": (PrintedWhy, "the answer, and what it is made of", ("why",)),
    "diff": (Differences, "both moments, and what differs", ("diff",)),
    "run": (RanOnce, "with `--once`: what was run", ("run",)),
    "import": (Imports, "what was imported, or why nothing was", ("import",)),
    "export": (
        Exported,
        "what was written; without a file, the jobs in the form asked for",
        ("export",),
    ),
    "schedules": (list[PrintedSchedule], "the schedules, as a list", ("schedule list",)),
    "schedule": (FullSchedule, "the schedule, and what is to come of it", ("schedule show",)),
    "schedule-change": (
        ChangedSchedule,
        "the schedule, and what became of its jobs",
        (
            "schedule add", "schedule edit", "schedule pause", "schedule resume", "schedule skip",
            "schedule end",
        ),
    ),
    "occurrences": (list[PrintedOccurrence], "when the rule is due", ("schedule preview",)),
    "slots": (
        list[PrintedSlots],
        "the slots of each account that has some, as a list",
        ("slots set", "slots show", "slots clear"),
    ),
    "queue": (list[QueuedSlot], "the coming slots, as a list", ("queue list",)),
    "moves": (Moves, "which jobs moved", ("queue move", "queue shuffle")),
    "status": (Status, "the ledger at one look", ("status",)),
    "check": (CheckFound, "what does not hold, and what was looked at", ("check",)),
    "stats": (FiguresAndFiles, "what was counted", ("stats",)),
    "report": (Reported, "what was written; with `--html -`, the page", ("report",)),
    "verify": (
        VerifyFound,
        "what was read, and what is wrong; with `--export-head -`, that head",
        ("verify",),
    ),
    "seal": ((SealKey, SealedDays), "the key that was made, or what was sealed", ("seal",)),
    "backup": (BackupReport, "what the backup holds", ("backup",)),
    "archive": ((Packed, Unpacked), "the days that were packed, or unpacked", ("archive",)),
    "rebuild": (RebuildReport, "what differed, and was written", ("rebuild",)),
    "repair": ((NothingToRepair, RepairFound), "what is damaged, and what goes", ("repair",)),
    "runners": (list[RunnerSeen], "who runs the ledger's jobs, as a list", ("runners",)),
    "mirror": (Mirrored, "what the mirror holds", ("mirror",)),
    "copy": (CopyReport, "what is at the other place", ("copy",)),
    "config": (ConfigFound, "each value, and where it comes from", ("config show",)),
    "platforms": (
        (PlatformRules, list[PlatformRules], list[CountedText]),
        "the platforms, or the one named; with `--count`, how long the text is on each",
        ("platforms",),
    ),
    "systemd": (dict[str, str], "the text of each unit, by its name", ("systemd",)),
    "simulate": (Simulated, "what the run came to", ("simulate",)),
}  # fmt: skip
"""What a document is (of several, one of them), what to say of it, and which commands print it."""
