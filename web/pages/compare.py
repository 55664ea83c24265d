"""Two moments: which jobs are not the same in both, and in what they differ."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import msgspec
from starlette.responses import Response

from ... import (
    JobDifference,
    Ledger,
    ScheduledJob,
    ValidationError,
    differences,
)
from ..api.answers import number_of
from ..moments import Look, look
from ..page import render
from ..site import Call

PAGE = 50
MOST_READ = 2_000
"""So many events at most are looked at for one page."""
FIELDS = {
    "status": "State",
    "content": "Text",
    "scheduled_time": "Time",
    "priority": "Priority",
    "account_id": "Account",
    "platform": "Platform",
    "retry_count": "Retries so far",
    "max_retries": "Retries at most",
    "started_at": "Begun at",
    "completed_at": "Posted at",
    "thread_id": "Id of the post",
    "error": "Error",
    "metadata": "Further facts",
    "post": "Parts and media",
}
"""The fields that are shown, each by its name for people; the rest is said by these, too."""
_MOST_SEQ = 10**15


class Differing(msgspec.Struct, frozen=True):
    """A job that is not the same in both moments, as it is in the later one that has it; its fields
    by name, before and after."""

    job: ScheduledJob
    before: ScheduledJob | None
    change: str
    fields: list[tuple[str, Any, Any]]


def compare(call: Call) -> Response:
    """Show what differs between two moments: since today's midnight, where none is given."""
    old, new = _moment(call, "from"), _moment(call, "to")
    if old.seq > new.seq:
        old, new = new, old
    after = max(number_of(call, "after", old.seq, 0, _MOST_SEQ), old.seq)
    found, following, read = _differing(call.site.ledger, old, new, after)
    return render(
        call,
        "compare.html",
        old=old,
        new=new,
        from_given=call.query.get("from") or str(old.seq),
        found=found,
        fields=FIELDS,
        following=following,
        looked_at=read,
    )


def _moment(call: Call, name: str) -> Look:
    """Return a moment of the address; where it is not there, the beginning of the day, or the
    moment that the page is of.

    Raises:
        ValidationError: it is none.
    """
    ledger, zone = call.site.ledger, call.site.zone
    given = call.query.get(name)
    if not given:
        if name == "to":
            return call.look
        today = call.look.at.astimezone(zone).date()
        given = datetime.combine(today, time()).isoformat()
    try:
        return look(ledger, given)
    except ValidationError as error:
        raise ValidationError(error.message, field=name, hint=error.hint) from None


def _differing(
    ledger: Ledger, old: Look, new: Look, after: int
) -> tuple[list[Differing], int | None, int]:
    """Return the jobs that differ and have their first event since `old` behind a number, in the
    order of that event; the number to go on behind, and how many events were looked at."""
    found: list[Differing] = []
    read = 0
    for event in ledger.events(after):
        if event.seq > new.seq:
            break
        if len(found) == PAGE or read == MOST_READ:
            return found, after, read
        read, after = read + 1, event.seq
        before = old.queries.get_jobs([event.job_id])
        version = next((job.version for job in before.values()), 0)
        if event.version == version + 1:
            after_it = new.queries.get_jobs([event.job_id])
            differing = map(_in_words, differences(before.values(), after_it.values()))
            found += [one for one in differing if one.fields or one.change != "changed"]
    return found, None, read


def _in_words(difference: JobDifference) -> Differing:
    before, after = difference.before, difference.after
    job = after or before
    assert job is not None
    fields = [
        (name, getattr(before, name), getattr(after, name))
        for name in FIELDS
        if difference.change == "changed" and name in difference.fields
    ]
    return Differing(job, before, difference.change, fields)
