"""What exported heads and seals prove of a log that was just read, and what they disprove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ..eventstore.engines.files import FileSystem
from .chain import ChainCheck, LinePlace
from .findings import Findings
from .heads import ExportedHead
from .seals import Seal, SealError, TrustedKeys, read_seal, seal_file, sealed_days

Seals = Mapping[str, Seal | SealError]
"""By day; an error where the file holds no seal."""


def load_seals(fs: FileSystem, directory: Path, names: Sequence[str]) -> Seals:
    """All seals of a directory that has files of these `names`."""
    seals: dict[str, Seal | SealError] = {}
    for day in sealed_days(names):
        try:
            seals[day] = read_seal(fs, directory, day)
        except SealError as error:
            seals[day] = error
    return seals


def check_heads(
    heads: Sequence[ExportedHead],
    chain: ChainCheck,
    paths: Sequence[Path],
    findings: Findings,
    *,
    sound: bool,
) -> None:
    """Compare the log with heads that were exported from it earlier.

    Of a log that is not `sound` a head that is still there proves nothing.
    """
    for head in heads:
        what = f"the head exported at {_position(head.seq, head.at)}"
        place = _event(chain, head.seq)
        if chain.first is None:
            findings.note(f"{what} cannot be compared: the log has no readable beginning")
        elif chain.first.ledger != head.ledger:
            findings.add(
                "ledger",
                paths[0],
                f"the log is of ledger {chain.first.ledger}, {what} of {head.ledger}",
                line=1,
                offset=0,
            )
        elif place is None:
            _miss(what, head.seq, chain, paths[-1], findings)
        elif place.hash != head.hash:
            findings.add(
                "rewritten",
                place.path,
                f"{_line(head.seq)} is not the one of {what}: it, or something before it, was"
                " rewritten",
                line=place.line,
                offset=place.offset,
            )
        elif sound:
            findings.proven.append(_unchanged(place, "when the head was exported", chain))
        else:
            findings.note(f"{what} is in the log, and proves nothing of a damaged one")


def _miss(what: str, seq: int, chain: ChainCheck, newest: Path, findings: Findings) -> None:
    if chain.seq < seq:
        last = chain.last
        findings.add(
            "truncated",
            newest,
            f"the log ends at record {chain.seq}, before {what}",
            offset=0 if last is None or last.path != newest else last.end,
        )
    else:
        findings.note(f"{what} cannot be compared: what stands in its place is not readable")


def check_seals(
    seals: Seals,
    keys: TrustedKeys,
    chain: ChainCheck,
    directory: Path,
    findings: Findings,
    *,
    sound: bool,
) -> None:
    """Check every seal's signature, and what it says, against the log."""
    if not seals:
        findings.add("seal", directory, "there is no seal, though a public key was given")
        return
    good: list[tuple[Seal, LinePlace]] = []
    for day, seal in seals.items():
        try:
            if isinstance(seal, SealError):
                raise seal
            keys.check(seal)
            good.append((seal, sealed_place(seal, chain)))
        except SealError as error:
            findings.add("seal", seal_file(directory, day), str(error))
    if not good:
        return
    if not sound:
        findings.note("seals prove nothing of a damaged log")
        return
    seal, place = max(good, key=lambda pair: pair[1].seq)
    findings.proven.append(_unchanged(place, f"when they were sealed at {seal.sealed_at}", chain))
    _note_gaps(place, {each.day for each, _ in good}, chain, findings)


def sealed_place(seal: Seal, chain: ChainCheck) -> LinePlace:
    """Where the log has what a seal says.

    Raises:
        SealError: it has something else there, or nothing.
    """
    if chain.first is None or chain.first.ledger != seal.ledger:
        raise SealError(f"it is of another ledger, {seal.ledger}")
    place = _event(chain, seal.seq)
    if place is None:
        raise SealError(f"record {seal.seq}, which it seals, is not in the log")
    if place.hash != seal.hash:
        raise SealError(
            f"record {seal.seq} is not the one that was sealed: it, or something before it, was"
            f" rewritten after {seal.sealed_at}"
        )
    if place.day != seal.day:
        raise SealError(f"record {seal.seq}, which it seals, is not of its day")
    return place


def _note_gaps(last: LinePlace, sealed: set[str], chain: ChainCheck, findings: Findings) -> None:
    missing = [end.day for end in chain.day_ends if end.seq < last.seq and end.day not in sealed]
    if missing:
        one = len(missing) == 1
        which = missing[0] if one else f"{len(missing)} days, {missing[0]} to {missing[-1]},"
        findings.note(
            f"{which} {'has' if one else 'have'} no seal of {'its' if one else 'their'} own;"
            f" that of {last.day} covers {'it' if one else 'them'}"
        )


def _event(chain: ChainCheck, seq: int) -> LinePlace | None:
    """Return the line of an event, or of the log's first header for 0."""
    return next(iter(chain.found.get(seq, [])), None)


def _unchanged(place: LinePlace, when: str, chain: ChainCheck) -> str:
    new = chain.seq - place.seq
    later = "none is" if new == 0 else "1 is" if new == 1 else f"{new} are"
    if place.seq == 0:
        return f"the ledger is what it was {when}, before its first event; {later} new since"
    events = "1 event" if place.seq == 1 else f"{place.seq} events"
    verb = "is what it was" if place.seq == 1 else "are what they were"
    return f"{events} up to {_short(place.at)} {verb} {when}; {later} new since"


def _position(seq: int, at: datetime | None) -> str:
    return "the beginning" if at is None else f"record {seq}, {_short(at)},"


def _line(seq: int) -> str:
    return "the log's first line" if seq == 0 else f"record {seq}"


def _short(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
