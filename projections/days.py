"""Days: which day of a time zone a moment belongs to, without asking the zone each time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MOST = 4096
_LAST = timedelta(days=1) - timedelta(microseconds=1)

_Parted = tuple[datetime, str, str]


class Days:
    """Names the days of `zone`. Within a day of UTC the zone's offset mostly stays the same; then
    one moment parts its days, and is remembered."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._parted: dict[int, _Parted | None] = {}
        """By day of UTC: the moment at which the zone's next day begins, and the two days' names.
        None where the zone's offset changes."""

    def name(self, moment: datetime) -> str:
        """Return the day of a moment in UTC, as `YYYY-MM-DD`."""
        ordinal = moment.toordinal()
        try:
            parted = self._parted[ordinal]
        except KeyError:
            if len(self._parted) >= _MOST:
                self._parted.clear()
            parted = self._parted[ordinal] = self._part(moment)
        if parted is None:
            return self._slowly(moment)
        begin, before, after = parted
        return before if moment < begin else after

    def span(self, moment: datetime) -> tuple[datetime, datetime, str]:
        """Return a span of time that a moment in UTC is in, from its beginning to before its end,
        and the day that all of it belongs to. It may be empty, where only the day is sure."""
        name = self.name(moment)
        parted = self._parted[moment.toordinal()]
        if parted is None or moment.tzinfo is not UTC:
            return moment, moment, name
        begin = datetime.combine(moment, time(), UTC)
        return (begin, parted[0], name) if moment < parted[0] else (parted[0], begin + _LAST, name)

    def _slowly(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).date().isoformat()

    def _part(self, moment: datetime) -> _Parted | None:
        first = datetime.combine(moment, time(), UTC)
        try:
            last = first + _LAST
            offset = first.astimezone(self._zone).utcoffset()
            if offset is None or offset != last.astimezone(self._zone).utcoffset():
                return None
            before, after = self._slowly(first), self._slowly(last)
            begin = datetime.combine((last + offset).date(), time(), UTC) - offset
        except OverflowError:  # at the end of time
            return None
        return begin, before, after
