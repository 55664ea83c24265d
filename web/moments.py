"""Which moment a page is of: now, or `?at=` an event's number or a time."""

from __future__ import annotations

from datetime import datetime

from .. import Ledger, LedgerView, ValidationError

_FIRST_YEAR, _LAST_YEAR = 2, 9998
"""With room around them for a calendar."""


class Look:
    """A ledger as it is at one moment: `queries` answers for it.

    `seq` is the last event counted, `at` the moment that it stands for; `is_past`: it was asked
    for, so that nothing can be done from here.
    """

    def __init__(self, ledger: Ledger, view: LedgerView | None) -> None:
        if view is None:
            ledger.accounts()  # it is brought up to date: `seq` is of what the page shows
        self.ledger = ledger
        self.view = view
        self.queries: Ledger | LedgerView = ledger if view is None else view
        self.is_past = view is not None
        self.seq = ledger.seq if view is None else view.seq
        self.at = ledger.now() if view is None else view.at or ledger.now()


def look(ledger: Ledger, at: str | None) -> Look:
    """Return the ledger now, or as of `at`: an event's number, or a time in ISO 8601 (naive: in the
    ledger's time zone).

    Raises:
        ValidationError: it is neither, or there is no such event yet.
    """
    if not at:
        return Look(ledger, None)
    moment: datetime | int
    if at.isascii() and at.isdecimal() and len(at) < 16:
        moment = int(at)
    else:
        try:
            moment = datetime.fromisoformat(at.replace(" ", "+") if "T" in at else at)
            if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
                raise ValueError("a page could not show the days around it")
        except ValueError:
            raise ValidationError(
                f"at {at!r} is neither the number of an event nor a time",
                field="at",
                hint="such as 812, or 2026-01-31T09:00",
            ) from None
    try:
        return Look(ledger, ledger.as_of(moment))
    except ValidationError as error:
        raise ValidationError(error.message, field="at", hint=error.hint) from None
