"""Times as they come from outside, made into the plain ones that are kept."""

from __future__ import annotations

from datetime import UTC, datetime

_PLAIN = (datetime,)
"""The class itself. In a tuple: libraries that freeze the time for tests put a class of their own
in place of every `datetime` that they find among a module's names."""


def in_utc(moment: datetime) -> datetime:
    """Convert an aware time to a plain `datetime` in UTC, whatever subclass it is of.

    A subclass (of freezegun, pandas, pendulum) may hold more than the log does, and what it returns
    is of its own kind again.

    Raises:
        OverflowError: there is no such time in UTC.
    """
    moment = moment.astimezone(UTC)
    plain = _PLAIN[0]
    if type(moment) is plain and not moment.fold:
        return moment
    return plain(
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
        tzinfo=UTC,
    )
