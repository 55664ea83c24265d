"""Libraries that say when a cron text is due next in a zone, each asked as its users ask it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

Step = Callable[[], datetime]
"""Gives the next moment at each call."""
Begin = Callable[[str, ZoneInfo, datetime], Step]
"""Begin behind a moment, with a cron text in a zone."""


def jobledger() -> Begin:
    from jobledger import Cron
    from jobledger.domain.schedule.local_time import ZoneClock
    from jobledger.domain.schedule.recurrence import Recurrence

    clocks = {}

    def begin(text, zone, moment):
        clock = clocks.get(zone) or clocks.setdefault(zone, ZoneClock(zone))
        recurrence = Recurrence(Cron(text), clock)

        def step():
            nonlocal moment
            moment = recurrence.next(moment).at
            return moment

        return step

    return begin


def cronsim() -> Begin:
    from cronsim import CronSim

    return lambda text, zone, moment: CronSim(text, moment.astimezone(zone)).__next__


def apscheduler() -> Begin:
    from apscheduler.triggers.cron import CronTrigger

    def begin(text, zone, moment):
        trigger = CronTrigger.from_crontab(text, timezone=zone)
        now, before = moment.astimezone(zone), None

        def step():
            nonlocal now, before
            # As its scheduler asks: with the time that it has just run at.
            now = before = trigger.get_next_fire_time(before, now)
            return now

        return step

    return begin


def croniter() -> Begin:
    from croniter import croniter

    def begin(text, zone, moment):
        found = croniter(text, moment.astimezone(zone), ret_type=datetime)
        return found.get_next

    return begin


RULES: dict[str, Callable[[], Begin]] = {
    "jobledger": jobledger,
    "cronsim": cronsim,
    "APScheduler": apscheduler,
    "croniter": croniter,
}
"""By the name of the distribution. Calling one raises ImportError where it is not installed."""
