"""Whether two names of time zones mean the same: `Asia/Saigon` is `Asia/Ho_Chi_Minh`.

A ledger's zone is recorded by its name. Another name for it is no other zone: what counts is the
time that clocks show there, as far back as computers reckon and further ahead than jobs are set.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..domain import ValidationError

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_STEP = timedelta(hours=12)
"""No zone has changed its clocks twice within so little time."""
_FINEST = timedelta(seconds=1)


@cache
def have_same_rules(first: str, second: str) -> bool:
    """Tell whether clocks show the same in both zones, from 1970 to 2060; to the second.

    A name that is not known is only the same as itself.
    """
    if first == second:
        return True
    try:
        one, other = ZoneInfo(first), ZoneInfo(second)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return _changes(one) == _changes(other)


def _changes(zone: ZoneInfo) -> list[tuple[datetime, timedelta | None]]:
    """Return the offset at the beginning, and every change of it with its moment."""
    moment, offset = _FIRST, _FIRST.astimezone(zone).utcoffset()
    found = [(moment, offset)]
    while moment < _LAST:
        before, moment = moment, moment + _STEP
        if moment.astimezone(zone).utcoffset() != offset:
            found.append(_first_after(zone, before, moment, offset))
            moment, offset = found[-1]
    return found


def _first_after(
    zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta | None
) -> tuple[datetime, timedelta | None]:
    """Find the first moment between two at which the offset is another one, and that one."""
    while after - before > _FINEST:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after, after.astimezone(zone).utcoffset()


def check_same_zone(asked: str | None, recorded: str) -> None:
    """Check that a zone that is asked for, if any, has the rules of the recorded one.

    Raises:
        ValidationError: a zone is asked for whose rules are others than those of the recorded one.
    """
    if asked is not None and not have_same_rules(asked, recorded):
        raise ValidationError(
            f"timezone is {asked!r}, but this ledger was created with {recorded!r}",
            field="timezone",
            hint="leave it out, or give the one that the ledger has",
        )
