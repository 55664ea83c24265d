"""Sealing: signing what the finished days of a sound log are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ..domain import LedgerCorruptError, timestamp
from ..eventstore.engines.files import FileSystem, located
from ..instrumentation import Progress
from .chain import LinePlace
from .findings import error_of
from .proofs import sealed_place
from .seals import Seal, SealError, SigningKey, seal_file, write_seal
from .verify import Verification


def seal_days(
    directory: Path,
    key: SigningKey,
    *,
    at: datetime,
    today: bool = False,
    fs: FileSystem | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Seal]:
    """Seal every finished day of a ledger that has no seal yet, and return the new seals.

    The whole log is verified first, and the seals that are there have to fit it. A day is finished
    when there is a newer one; with `today` the newest is sealed as well, as far as it is on disk,
    and again when it has gone on since. `at` is the time that the seals say they were made.

    Raises:
        LedgerCorruptError: the log, or a seal that is there, does not verify; nothing was sealed.
        StorageError: there is no ledger, or a file cannot be read or written.
    """
    fs = fs or FileSystem()
    directory = located(fs, directory)
    verification = Verification(directory, fs=fs)
    report = verification.run(progress=progress, daily_files=False)
    if report.problems:
        raise error_of(report.problems[0], hint="only a sound log is sealed", remedy="verify")
    ends = _ends(verification, today)
    ledger = str(verification.chain.first.ledger) if verification.chain.first else ""
    made = []
    for day, place in ends.items():
        if is_sealed(verification, directory, place):
            continue
        seal = key.seal(
            ledger=ledger,
            day=day,
            seq=place.seq,
            digest=place.hash,
            sealed_at=timestamp(at),
        )
        write_seal(fs, directory, seal)
        made.append(seal)
    return made


def _ends(verification: Verification, today: bool) -> dict[str, LinePlace]:
    """Return the position to seal of each day."""
    newest, last = verification.paths[-1], verification.durable()
    ends = {place.day: place for place in verification.chain.day_ends if place.path != newest}
    if today and last is not None and last.at is not None:
        ends[last.day] = last
    return dict(sorted(ends.items()))


def is_sealed(verification: Verification, directory: Path, place: LinePlace) -> bool:
    """Whether a day has a seal that reaches as far as it goes.

    Raises:
        LedgerCorruptError: it has one that does not fit the log.
    """
    seal = verification.seals.get(place.day)
    if seal is None:
        return False
    path = seal_file(directory, place.day)
    try:
        if isinstance(seal, SealError):
            raise seal
        sealed_place(seal, verification.chain)
    except SealError as error:
        raise LedgerCorruptError(
            f"{path}: {error}",
            path=str(path),
            kind="seal",
            hint="find out why before you seal anything",
            remedy="check_seals",
        ) from None
    return seal.seq >= place.seq
