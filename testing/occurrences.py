"""What a schedule is to have, said a second time: its occurrences, and the jobs of them.

It reads what a schedule says as the log has it, walks through days (`walking`), and imports nothing
of the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from .walking import DAY, WalkedMoment, due_by_days, rule_of

DEFAULTS: dict[str, Any] = {
    "order": "turns", "priority": 2, "max_retries": 3, "platform": "threads", "metadata": {},
    "hold": False, "gap": "shift", "fold": "first", "misfire": "latest", "grace_s": 600.0,
    "catch_up": 3, "until": None, "max_count": None, "jitter_s": 0.0, "overlap": "queue",
}  # fmt: skip
"""What is meant where a schedule does not say it."""
AHEAD, MOST_AHEAD = timedelta(days=14), 2_500
_SPAN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_TICK = timedelta(microseconds=1)


class ExpectedPost(NamedTuple):
    """An occurrence as its job has to be."""

    job_id: str
    occurs: datetime
    at: datetime
    local: datetime


def moment(text: str) -> datetime:
    """Return a moment, as the log writes one."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def span(text: str) -> timedelta:
    """Return a length of time, as the log writes one."""
    found = _SPAN.fullmatch(text)
    assert found is not None, text
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def due_between(
    schedule_id: str, said: dict[str, Any], begin: datetime, end: datetime
) -> Iterator[ExpectedPost]:
    """Yield what comes of a schedule behind one moment and up to another."""
    until = None if said["until"] is None else datetime.fromisoformat(said["until"])
    for one in _found(said, begin, end + _TICK):
        if until is not None and one.local.replace(fold=0) > until:
            continue
        job_id = f"{schedule_id}.{name_of(one.local)}"
        yield ExpectedPost(job_id, one.at, one.at + later_by(said, job_id), one.local)


def name_of(local: datetime) -> str:
    """Return what the id of a job says of its occurrence."""
    seconds = f"{local:%S}" if local.second else ""
    return f"{local:%Y%m%dT%H%M}{seconds}" + ("b" if local.fold else "")


def later_by(said: dict[str, Any], job_id: str) -> timedelta:
    """Return how much later than its occurrence a job is due, by its schedule's jitter."""
    if said["jitter_s"] < 1:
        return timedelta(0)
    number = int(sha256(job_id.encode()).hexdigest()[:16], 16)
    return timedelta(seconds=number % int(said["jitter_s"]))


def horizon_of(said: dict[str, Any]) -> timedelta:
    """Return how far ahead jobs are made at least, whatever comes of the rule."""
    rule = said["rule"]
    if rule["kind"] == "every":
        return min(AHEAD, MOST_AHEAD * span(rule["interval"]))
    times = [time for text in _as_crons(rule) for time in rule_of(text).times]
    return min(AHEAD, MOST_AHEAD * DAY / len(set(times)))


def texts_of(said: dict[str, Any], number: int, local: datetime) -> set[str]:
    """Return the texts that the post of this number may have: it is known which, if they are not
    shuffled."""
    texts = said["content"]
    given = texts if said["order"] == "shuffle" else [texts[(number - 1) % len(texts)]]
    return {text.format(n=number, account=said["account_id"], date=_Day(local)) for text in given}


class _Day:
    """A local time as a text names it."""

    def __init__(self, local: datetime) -> None:
        self._local = local

    def __format__(self, form: str) -> str:
        return self._local.strftime(form or "%Y-%m-%d")


def _found(said: dict[str, Any], begin: datetime, end: datetime) -> Iterable[WalkedMoment]:
    rule, zone = said["rule"], ZoneInfo(said["zone"])
    if rule["kind"] == "every":
        return _of_interval(moment(rule["anchor"]), span(rule["interval"]), zone, begin, end)
    moments: dict[datetime, WalkedMoment] = {}
    for text in _as_crons(rule):
        for one in due_by_days(text, zone, begin, end, gap=said["gap"], fold=said["fold"]):
            before = moments.get(one.at)
            if before is None or _comes_first(one, before):
                moments[one.at] = one
    return [moments[at] for at in sorted(moments)]


def _comes_first(one: WalkedMoment, other: WalkedMoment) -> bool:
    """Of two on one moment the one that clocks show, else the one with the earlier local time."""
    return (one.moved, one.local) < (other.moved, other.local)


def _of_interval(
    anchor: datetime, interval: timedelta, zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[WalkedMoment]:
    at = anchor
    if begin > at:
        at += interval * ((begin - at) // interval)
    while at < end:
        if at > begin:
            yield WalkedMoment(at, at.astimezone(zone).replace(tzinfo=None), False, False)
        at += interval


def _as_crons(rule: dict[str, Any]) -> Iterator[str]:
    if rule["kind"] == "cron":
        yield rule["text"]
        return
    for at in rule["times"]:
        hour, minute, second = map(int, at.split(":"))
        yield f"{second} {minute} {hour} * * {','.join(rule.get('weekdays', ())) or '*'}"
