"""Files for the tools that are known: the posts that wait, in the columns that a tool has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from ...domain import JobStatus, ScheduledJob, ValidationError
from ..understanding.presets import PRESETS
from ..wishes import DateOrder
from .csv_form import encoded

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)
_DATES: Mapping[DateOrder, str] = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_PLATFORM = "platform="


class WrittenForTool(msgspec.Struct, frozen=True):
    """A file for a tool: the jobs that are in it, and what it does not have, with how many."""

    data: bytes
    jobs: list[ScheduledJob]
    left_out: Mapping[str, int]


def write_for(
    tool: str, jobs: Sequence[ScheduledJob], zone: ZoneInfo, dates: DateOrder | None
) -> WrittenForTool:
    """Write the jobs that wait, with their times in this zone.

    Raises:
        ValidationError: the tool takes no file, the jobs are of several accounts, or it has dates
            in two orders and none was said.
    """
    writes = PRESETS[tool].writes
    if not writes:
        raise ValidationError(f"{tool} takes no file of posts", field="like")
    if dates is None and any(form.startswith("DATE") for form in writes.values()):
        raise ValidationError(
            f"{tool} has dates with the year last, in the order that is set there",
            field="dates",
            hint="say which: --dates dmy or --dates mdy",
        )
    left_out: Counter[str] = Counter()
    chosen = [*_chosen(jobs, writes, left_out)]
    accounts = sorted({job.account_id for job in chosen})
    if len(accounts) > 1:
        raise ValidationError(
            f"the posts are of {len(accounts)} accounts, and a file for {tool} is of one",
            field="account_id",
            hint=f"write one for each: --account-id {accounts[0]!r}",
        )
    rows = [[_cell(job, form, zone, dates) for form in writes.values()] for job in chosen]
    table = rows if PRESETS[tool].order else [[*writes], *rows]
    return WrittenForTool(encoded(table), chosen, left_out)


def _chosen(
    jobs: Sequence[ScheduledJob], writes: Mapping[str, str], left_out: Counter[str]
) -> Iterator[ScheduledJob]:
    """Yield the jobs that the tool may have; what they have besides is counted."""
    platforms = {form for form in writes.values() if form.startswith(_PLATFORM)}
    for job in jobs:
        if job.status not in _OPEN:
            left_out[f"posts that are {job.status}"] += 1
        elif job.status is JobStatus.PENDING and "draft" not in writes.values():
            left_out["drafts, which it would post"] += 1
        elif platforms and _PLATFORM + job.platform not in platforms:
            left_out[f"posts for {job.platform}"] += 1
        else:
            for key in job.metadata:
                has_media = "media" in writes.values() and key in ("image_url", "video_url")
                if key not in writes.values() and not has_media:
                    left_out[f"values of {key}"] += 1
            for field in () if job.post is None else job.post.beyond_its_text:
                if not (field == "post.parts[0].media" and "media" in writes.values()):
                    left_out[field] += 1
            yield job


def _cell(job: ScheduledJob, form: str, zone: ZoneInfo, dates: DateOrder | None) -> str:
    if form == "content":
        return job.content
    if form == "draft":
        return str(job.status is JobStatus.PENDING).upper()
    if form.startswith(_PLATFORM):
        return str(form == _PLATFORM + job.platform).upper()
    if form == "media" and job.post is not None:
        return ", ".join(media.source for media in job.post.parts[0].media)
    if form == "media":
        return str(job.metadata.get("video_url") or job.metadata.get("image_url") or "")
    if "%" in form or form == "DATE":
        form = form if dates is None else form.replace("DATE", _DATES[dates])
        return job.scheduled_time.astimezone(zone).strftime(form)
    return str(job.metadata.get(form) or "")
