"""Exported heads: a position of the log, kept where whoever can rewrite the log cannot reach.

Every line names the hash of the line before it, so one hash stands for everything up to it. A
ledger can be rewritten from end to end and be sound in itself; it then no longer has the record of
a head that was exported before. See docs/proofs.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

import msgspec

from ..domain import Moment, ValidationError, timestamp

HEAD_FORMAT = 1

LedgerId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z-]{1,64}\Z")]
Day = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d{2}-\d{2}\Z")]
LineHash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Aware = Annotated[Moment, msgspec.Meta(tz=True)]


class ExportedHead(msgspec.Struct, frozen=True, kw_only=True):
    """The position after the event `seq` of one ledger, made by `Ledger.export_head`.

    `hash` is that of the event's line, or of the log's first line where there is no event yet
    (`seq` 0, `at` None). `events` and `files` count what was verified up to there, `day` is the
    day of the file that the line is in.
    """

    format: int = HEAD_FORMAT
    ledger: LedgerId
    timezone: str
    seq: Count
    hash: LineHash
    at: Aware | None
    events: Count
    files: Count
    day: Day

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `jobledger verify --export-head` writes."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        document["at"] = None if self.at is None else timestamp(self.at)
        return document

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the head of a document; keys that are not known are left alone.

        Raises:
            ValidationError: it is no exported head, or a newer release wrote it.
        """
        known = document.get("format") if isinstance(document, dict) else None
        if isinstance(known, int) and known > HEAD_FORMAT:
            raise ValidationError(
                f"an exported head of format {known} is not known to this release",
                field="format",
                remedy="upgrade",
            )
        try:
            return msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise ValidationError(f"not an exported head: {error}", field="head") from None
