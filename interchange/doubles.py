"""The same post twice: in the files, in the ledger, and where a row was changed after its import.

A post without an id gets one that is made of it: account, platform, text and time. So the ledger
itself refuses it a second time, whoever imports it meanwhile, and also when the job was edited,
moved, cancelled or removed there: a file that is imported again adds nothing.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Protocol
from uuid import UUID, uuid5

import msgspec

from ..domain import ImportedJob, JobStatus, ScheduledJob
from .problems import RowProblem
from .wishes import Wishes

_NAMESPACE = UUID("6b1d7c3e-9a55-5b0e-8c61-0d5a4c1f2e77")
REMOVED = "removed"
WITHDRAWN = (JobStatus.CANCELLED.value, REMOVED)
"""States of jobs that somebody has taken back."""
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)
Key = tuple[str, str, str, datetime]


class PostsAtHand(Protocol):
    """What is asked of the ledger that is imported into."""

    @property
    def is_there(self) -> bool:
        """Whether there is a ledger yet."""

    def between(self, first: datetime, last: datetime) -> Iterable[ScheduledJob]:
        """Yield the jobs that are due from the first time to the last, both of them too."""

    def waiting(self, account_id: str) -> Iterable[ScheduledJob]:
        """Yield the jobs of an account that have not been started."""

    def running(self, account_id: str) -> Iterable[ScheduledJob]:
        """Yield the jobs of an account that run just now."""

    def has_slots(self, account_id: str) -> bool:
        """Whether an account has slots."""

    def free_slots(self, account_id: str, but: Iterable[datetime]) -> Iterator[datetime]:
        """Yield the coming slots of an account that no job has, without those in some minutes."""

    def origin(self, job_id: str) -> tuple[str, int | None] | None:
        """Return the file that a job was imported from, and the line."""

    def state(self, job_id: str) -> str:
        """Return the state of a job whose id the ledger knows: `removed` where it is gone."""


class NoPostsYet:
    """A ledger that is not there yet."""

    is_there = False

    def between(self, first: datetime, last: datetime) -> Iterable[ScheduledJob]:
        return ()

    def waiting(self, account_id: str) -> Iterable[ScheduledJob]:
        return ()

    def running(self, account_id: str) -> Iterable[ScheduledJob]:
        return ()

    def has_slots(self, account_id: str) -> bool:
        return False

    def free_slots(self, account_id: str, but: Iterable[datetime]) -> Iterator[datetime]:
        return iter(())

    def origin(self, job_id: str) -> tuple[str, int | None] | None:
        return None

    def state(self, job_id: str) -> str:
        return REMOVED


def made_id(job: ScheduledJob) -> str:
    """Return the id of a post that has none: the same for the same post."""
    account_id, platform, content, moment = key_of(job)
    said = json.dumps(
        [account_id, platform, content, moment.isoformat(), *_beside_its_text(job)],
        ensure_ascii=True,
    )
    return str(uuid5(_NAMESPACE, said))


def made_id_in_slot(job: ScheduledJob) -> str:
    """Return the id of a post that takes the next slot: the same for the same post, whichever slot
    that is."""
    said = json.dumps(
        [job.account_id, job.platform, job.content, "slot", *_beside_its_text(job)],
        ensure_ascii=True,
    )
    return str(uuid5(_NAMESPACE, said))


def _beside_its_text(job: ScheduledJob) -> list[object]:
    """Return what a post has besides its text; nothing for one that is a text, whose id is what it
    was before there was anything else."""
    return [] if job.post is None else [job.post.to_dict()]


def another_id(made: str, which: int | str) -> str:
    """Return the id of the same post where it is meant once more: the n-th in the files, or that of
    another file; the same whenever they are imported."""
    return str(uuid5(_NAMESPACE, f"{made} {which}")) if which else made


def key_of(job: ScheduledJob) -> Key:
    """Return what makes two jobs the same post."""
    return job.account_id, job.platform, job.content, job.scheduled_time.astimezone(UTC)


class FoundInLedger(msgspec.Struct):
    """Which rows the ledger has, in which way.

    `repeated` are those of the same file, with the ids of their jobs; `same` and `changed` what is
    to be said of posts that were made elsewhere, and of rows that were changed since their import.
    """

    repeated: dict[tuple[str, int | None], str] = {}
    same: list[RowProblem] = []
    changed: list[RowProblem] = []


def in_the_ledger(
    items: Sequence[ImportedJob],
    all_ids: set[str],
    posts: PostsAtHand,
    wishes: Wishes,
    *,
    but: Collection[JobStatus] = (),
) -> FoundInLedger:
    """Find those that the ledger has under another id, and those that it has as they were before
    they were changed.

    `all_ids` are those of all rows of the files, also of those that the ledger knows. Jobs in the
    states `but` stand in nobody's way.
    """
    found = FoundInLedger()
    if not items:
        return found
    times = [item.job.scheduled_time for item in items if not item.next_slot]
    there = posts.between(min(times), max(times)) if times else ()
    keys = {key_of(job): job for job in there if job.status not in but}
    waiting = _waiting(items, posts)
    rest, matched = [], set(all_ids)
    for item in items:
        if item.next_slot:
            job = item.job
            other = waiting.get((job.account_id, job.platform, job.content))
        else:
            other = keys.get(key_of(item.job))  # rule: same-post-once-in-the-ledger
        if other is None:
            rest.append(item)
            continue
        matched.add(other.job_id)
        if is_same_file(posts.origin(other.job_id), item.source):
            found.repeated[item.source, item.line] = other.job_id
            continue
        found.same.append(RowProblem(
            item.source, item.line,
            f"the ledger has this post already: job {other.job_id} is {other.status.upper()}",
            "content",
            f"{wishes.hint('--skip-existing')} leaves such rows out;"
            f" {wishes.option('--allow-doubles')} posts them again",
        ))  # fmt: skip
    timed = [item for item in rest if not item.next_slot]
    in_slots = [item for item in rest if item.next_slot]
    found.changed = _changed(timed, matched, posts, wishes)
    found.changed += _edited_in_slots(in_slots, matched, posts, wishes)
    return found


def _waiting(
    items: Sequence[ImportedJob], posts: PostsAtHand
) -> dict[tuple[str, str, str], ScheduledJob]:
    """Return the open jobs of the accounts of posts that take slots, by what makes two of them the
    same: such a post has no time, so any that is still to go out with its text is one."""
    return {
        (job.account_id, job.platform, job.content): job
        for account_id in {item.job.account_id for item in items if item.next_slot}
        for job in (*posts.running(account_id), *posts.waiting(account_id))
    }


def _changed(
    items: Sequence[ImportedJob], all_ids: set[str], posts: PostsAtHand, wishes: Wishes
) -> list[RowProblem]:
    """Find rows that are probably those of jobs which wait in the ledger: of the same file, with
    the same text or the same time, and what was there is no longer in the file."""
    problems = []
    for account_id in {item.job.account_id for item in items}:
        by_text: dict[tuple[str, str], ScheduledJob] = {}
        by_time: dict[tuple[str, datetime], ScheduledJob] = {}
        for job in posts.waiting(account_id):
            if job.job_id not in all_ids:
                by_text[job.platform, job.content] = job
                by_time[job.platform, job.scheduled_time] = job
        if not by_text:
            continue
        for item in items:
            if item.job.account_id != account_id or item.job.status not in _OPEN:
                continue
            platform = item.job.platform
            moved = by_text.get((platform, item.job.content))
            edited = by_time.get((platform, item.job.scheduled_time.astimezone(UTC)))
            other = moved or edited
            if other is None or not is_same_file(posts.origin(other.job_id), item.source):
                continue
            # rule: changed-row-is-no-new-post
            problems.append(_changed_since(item, other, wishes, was_moved=moved is not None))
    return problems


def _edited_in_slots(
    items: Sequence[ImportedJob], all_ids: set[str], posts: PostsAtHand, wishes: Wishes
) -> list[RowProblem]:
    """Find rows without a time whose text was probably edited: a job waits that is of the same
    file, and no longer in it, and stood on the same line or has nearly the same text."""
    problems = []
    for account_id in {item.job.account_id for item in items}:
        gone = [
            (job, origin)
            for job in posts.waiting(account_id)
            if job.job_id not in all_ids and (origin := posts.origin(job.job_id)) is not None
        ]
        for item in items:
            if item.job.account_id != account_id:
                continue
            same = [
                (job, line)
                for job, (source, line) in gone
                if job.platform == item.job.platform and is_same_file((source, line), item.source)
            ]
            other = next((job for job, line in same if line == item.line is not None), None)
            other = other or _nearest(item.job.content, [job for job, _ in same])
            if other is not None:
                # rule: edited-row-is-no-new-post
                problems.append(_changed_since(item, other, wishes, was_moved=False))
    return problems


def _nearest(content: str, jobs: Sequence[ScheduledJob]) -> ScheduledJob | None:
    by_text = {job.content: job for job in jobs}
    nearest = difflib.get_close_matches(content, by_text, n=1)
    return by_text[nearest[0]] if nearest else None


def _changed_since(
    item: ImportedJob, other: ScheduledJob, wishes: Wishes, *, was_moved: bool
) -> RowProblem:
    change = "time" if was_moved else "text"
    words = (
        ("reschedule", other.job_id, item.job.scheduled_time.isoformat())
        if was_moved
        else ("edit", other.job_id, "--content", item.job.content)
    )
    way = wishes.other(*words)
    return RowProblem(
        item.source,
        item.line,
        f"the ledger has this post with another {change}, from this file: job {other.job_id} is"
        f" {other.status.upper()}, and both would go out",
        "scheduled_time" if was_moved else "content",
        f"change it there{f', {way}' if way else ''};"
        f" {wishes.option('--allow-doubles')} adds the row besides",
    )


def is_same_file(one: tuple[str, int | None] | None, other: str) -> bool:
    """Whether a job's origin is a file of this name."""
    return one is not None and PurePath(one[0]).name == PurePath(other).name
