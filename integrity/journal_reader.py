"""The second reader of JOURNAL, from docs/log-format.md: what a power cut took from the log's end.

Nothing here is shared with the writer. What the journal keeps counts as the log's where the day's
file has the same, or where its lines are sound and follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..eventstore.engines.files import FileSystem
from .findings import Findings
from .packed_reader import ENDING
from .second_reader import (
    Broken,
    HeadValues,
    KeptBytes,
    Line,
    cut_lines,
    parse_head,
    parse_header,
    parse_record,
)

JOURNAL_NAME = "JOURNAL"
_HEAD_BYTES = 320
_LONGEST_HEADER = 1024 * 1024


class _Entry(msgspec.Struct, frozen=True):
    head: HeadValues
    lines: bytes


def read_kept(
    fs: FileSystem, directory: Path, names: Sequence[str], paths: Sequence[Path], findings: Findings
) -> KeptBytes | None:
    """Return what JOURNAL keeps of the newest day's file and that lacks; None where it is nothing.

    A journal that says that the log was longer before it began is a finding.

    Raises:
        OSError: it cannot be read.
    """
    if JOURNAL_NAME not in names or not paths or paths[-1].suffix == ENDING:
        return None
    path, newest = directory / JOURNAL_NAME, paths[-1]
    entries = _entries(fs.read_file(path))
    if not entries:
        return None
    first, day = entries[0].head, newest.stem.removeprefix("events_")
    begin = first.offset - len(entries[0].lines)
    if first.day < day:
        return None
    if first.day > day:
        lost = directory / f"events_{first.day}.jsonl"
        if lost.name in fs.list_directory(directory):
            return None  # it was begun since the others were listed
        findings.add("missing", lost, f"JOURNAL says that it was there before record {first.seq}")
        return None
    fd = fs.open_read(newest)
    try:
        size, start = fs.size(fd), fs.read_at(fd, _LONGEST_HEADER, 0)
        there = fs.read_at(fd, entries[-1].head.offset - begin, begin)
    finally:
        fs.close(fd)
    if not _is_of(first.ledger, start):
        findings.add("head", path, f"JOURNAL is of ledger {first.ledger}")
        return None
    kept = _kept(entries, there)
    if kept and size < begin:
        message = f"JOURNAL says that it had {begin} bytes before record {first.seq}"
        findings.add("truncated", newest, message, offset=size)
        return None
    if there[: len(kept)] == kept:
        return None
    findings.note(
        f"the end of {newest} is in JOURNAL alone, from byte {begin} on: the power failed, and the"
        " next opening for writing puts it back"
    )
    return KeptBytes(path=newest, begin=begin, data=kept)


def _is_of(ledger: str, start: bytes) -> bool:
    """Whether the header that a file starts with is of this ledger, or there is none to tell."""
    lines, rest = cut_lines(start)
    data = lines[0] if lines else rest
    try:
        return bool(parse_header(Line(1, 0, data, len(data) + 1, bool(lines))).ledger == ledger)
    except Broken:
        return True  # which is met where the file is read


def _entries(data: bytes) -> list[_Entry]:
    entries: list[_Entry] = []
    at = 0
    while head := parse_head(data[at : at + _HEAD_BYTES]):
        begin = at + _HEAD_BYTES
        if head.journal is None or not begin < head.journal <= len(data):
            break
        entry = _Entry(head, data[begin : head.journal])
        if entries:
            last = entries[-1].head
            follows = head.offset - len(entry.lines) == last.offset and head.seq > last.seq
            if not follows or (head.ledger, head.day) != (last.ledger, last.day):
                break
        entries.append(entry)
        at = head.journal
    return entries


def _kept(entries: Sequence[_Entry], there: bytes) -> bytes:
    """Return the lines of the entries up to the first that are neither in the file nor sound."""
    kept, before = b"", None
    for entry in entries:
        same = there[len(kept) : len(kept) + len(entry.lines)] == entry.lines
        if not same and not _is_sound(entry, before):
            break
        kept, before = kept + entry.lines, entry.head
    return kept


def _is_sound(entry: _Entry, before: HeadValues | None) -> bool:
    lines, rest = cut_lines(entry.lines)
    if rest or not lines:
        return False
    seq, prev, more = (None, None, 0) if before is None else (before.seq, before.hash, 0)
    for data in lines:
        try:
            record = parse_record(Line(1, 0, data, len(data) + 1))
        except Broken:
            return False
        if seq is not None and (record.seq, record.prev) != (seq + 1, prev):
            return False
        seq, prev, more = record.seq, record.hash, record.more
    return more == 0 and (seq, prev) == (entry.head.seq, entry.head.hash)
