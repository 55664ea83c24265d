"""What `verify` finds: problems with their place, notes, and what an outside witness proves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from ..domain import WORDS, LedgerCorruptError, Remedy
from .heads import ExportedHead

ProblemKind = Literal[
    "missing", "header", "unreadable", "form", "hash", "sequence", "chain", "version",
    "incomplete", "truncated", "head", "event", "transition", "projection", "ahead", "format",
    "ledger", "rewritten", "lost", "seal", "repair", "media", "packed",
]  # fmt: skip


class Broken(Exception):
    """Something is not what should stand there: a line, or what is packed."""

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which file, on which line (from 1), at which byte.

    `remedy` is what to do about it, where it is not to bring back a copy.
    """

    kind: ProblemKind
    path: str
    line: int | None
    offset: int | None
    message: str
    remedy: Remedy | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it with the keys that `jobledger verify --json` prints; the message says what to
        do, too."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        del document["remedy"]
        if self.remedy is not None:
            document["message"] = f"{self.message}; {WORDS[self.remedy]}"
        return document


class VerifyReport(msgspec.Struct, frozen=True):
    """What was read and what is wrong with it. `head` is the last sound record's place and hash.

    `notes` are worth knowing and not wrong: an unacknowledged tail that the next open cuts off.
    `proven` says, a sentence for each exported head and one for the seals, which part of the past
    is as it was when they were made. `exported_head` is the position to hand out now; None where
    anything is wrong.
    """

    ok: bool
    events: int
    files: int
    head: dict[str, Any]
    problems: list[Problem]
    notes: list[str] = []
    proven: list[str] = []
    exported_head: ExportedHead | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the report with the keys that `jobledger verify --json` prints."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        document["problems"] = [problem.to_dict() for problem in self.problems]
        for name in ("notes", "proven", "exported_head"):
            del document[name]
        return document


def error_of(
    problem: Problem, *, hint: str, remedy: Remedy | None = None, message: str | None = None
) -> LedgerCorruptError:
    """Return a problem as the error for who needs a sound ledger; what it says begins with the
    path, unless it has a `message` of its own."""
    return LedgerCorruptError(
        message or f"{problem.path}: {problem.message}",
        path=problem.path,
        line=problem.line,
        offset=problem.offset,
        kind=problem.kind,
        hint=hint,
        remedy=remedy,
    )


def head_of(report: VerifyReport) -> ExportedHead:
    """Return the position that a report gives out.

    Raises:
        LedgerCorruptError: something is wrong.
    """
    if report.exported_head is not None:
        return report.exported_head
    raise error_of(report.problems[0], hint="only the head of a sound log is exported")


class Findings:
    """Collects what one verification finds."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.proven: list[str] = []

    def add(
        self,
        kind: ProblemKind,
        path: Path,
        message: str,
        *,
        line: int | None = None,
        offset: int | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        """One more problem, after those found so far."""
        self.problems.append(Problem(kind, str(path), line, offset, message, remedy))

    def note(self, text: str) -> None:
        """Something worth knowing that is not wrong."""
        self.notes.append(text)
