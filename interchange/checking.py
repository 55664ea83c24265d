"""What is wrong with a row, all of it; and what is worth a word although nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ..domain import (
    ImportedJob,
    JobLedgerError,
    JobStatus,
    Post,
    ScheduledJob,
    ValidationError,
    decide,
    encode_data,
)
from ..domain import commands as c
from ..eventstore import ENVELOPE_BYTES
from ..ledger import in_zone
from .doubles import NoPostsYet, PostsAtHand
from .fields import KEYS, NEEDED, STATE, Row, is_plan, own_metadata, stand_in, takes_slot, to_job
from .problems import Refuse
from .understanding.extras import odd_extras
from .understanding.names import sounds_like
from .understanding.reading import RowReading
from .understanding.states import says_not_to_go_out
from .understanding.texts import check_text, hint_for_length, odd_about
from .understanding.times import has_clock, is_relative
from .wishes import Wishes

GRACE = timedelta(minutes=10)
"""How late a post may be that is planned for a time which has passed meanwhile."""
_EXPIRES = timedelta(hours=24)
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED)
_MOST_FAULTS = 30
_OF_A_PLAN = {*NEEDED, "job_id", "priority", "status", "platform", "max_retries", "metadata",
              "post", "publish_timeout_s"}  # fmt: skip
_OF_A_SCHEDULER = tuple(name for name in (*KEYS, *STATE) if name not in _OF_A_PLAN)


class Allowed(msgspec.Struct, frozen=True):
    """What is taken although it is refused otherwise."""

    existing: bool = False
    """Jobs that the ledger has are left out, and not refused."""
    again: bool = False
    """Posts come in anew whose jobs were cancelled or removed."""
    doubles: bool = False
    past: bool = False
    odd_text: bool = False
    lenient: bool = False
    """Whether a text fits, and a name that is nearly one of a platform, is left to the platform."""
    left_out: Collection[str] = ()
    """The ids of jobs that are left out."""
    states: Collection[JobStatus] = tuple(JobStatus)
    """The states that there may be."""
    files: bool = True
    """A post may name files of this machine: who imports is who has them."""
    plans_only: bool = False
    """There may be nothing but what somebody plans: nothing of a job that some scheduler has."""


class Checked(msgspec.Struct):
    """What a row has come to: its job, what is wrong with it, and what is to be told, each with the
    field that it is about. `unread` are its keys that are no fields, `unknown` a word for a state
    that nobody knows, `size` its bytes in the log.
    """

    item: ImportedJob
    faults: list[ValidationError]
    notes: list[tuple[str, str]]
    unread: list[str]
    unknown: list[str]
    size: int = 0


class Checking:
    """Checks the rows of an import, as the ledger will and as people would."""

    def __init__(
        self,
        zone: ZoneInfo,
        now: datetime,
        wishes: Wishes,
        posts: PostsAtHand = NoPostsYet(),
        since: datetime | None = None,
    ) -> None:
        self._zone = zone
        self._posts = posts
        self._now = now
        self._since = since or now
        self._wishes = wishes

    def reason_to_leave_out(self, row: Row) -> str:
        """Return why a row is to be left out, if somebody has said so of its state."""
        word = row.values.get("status")
        if not self._wishes.states or word is None:
            return ""
        return f"state {word}" if self._reading().leaves_out(word) else ""

    def check(self, row: Row, allowed: Allowed) -> Checked:
        """Make the job of a row, and find all that is wrong with it."""
        reading = self._reading()
        faults = list(row.faults)
        said = {fault.field for fault in faults}
        if "time" in said:
            said.add("scheduled_time")

        def refuse(error: ValidationError) -> None:
            error = _with_hint(error, row.values, self._wishes)
            if error.field is None or error.field not in said:
                said.add(error.field)
                faults.append(error)

        kind = row.values.get("job_type")
        if kind not in (None, "", "post"):
            refuse(ValidationError(
                f"job_type is {kind!r:.40}: it is no post, and its content"
                f" {row.values.get('content')!r:.40} would go out as one",
                field="job_type",
            ))  # fmt: skip
        next_slot = self._wishes.slots and takes_slot(row.values)
        values = {**row.values, "scheduled_time": "now"} if next_slot else row.values
        job = to_job(values, reading, refuse)
        if next_slot:
            self._check_slot(row, job, refuse)
        if self._wishes.drafts and job.status is JobStatus.SCHEDULED:
            job = msgspec.structs.replace(job, status=JobStatus.PENDING)
        _check_allowed(row, job, allowed, refuse)
        if job.post is not None:
            _check_files(job.post, allowed, refuse)
        found = Checked(
            ImportedJob(job, row.source, row.line, next_slot, allowed.lenient),
            faults,
            reading.notes,
            own_metadata(row.values),
            reading.unknown,
        )
        found.notes += row.notes
        found.size = self._as_the_ledger(found.item, reading, refuse)
        if is_plan(row.values):
            self._as_people(row, job, allowed, found, refuse)
        found.notes += [("metadata", note) for note in odd_extras(job.metadata)]
        return found

    def _check_slot(self, row: Row, job: ScheduledJob, refuse: Refuse) -> None:
        """Check that a post may take a slot: it waits, it has no time under a name that is not
        known, and its account has slots."""
        extras = own_metadata(row.values)
        said = {name: row.values[name] for name in extras if row.values[name] not in (None, "")}
        meant = sounds_like("scheduled_time", [*said])
        if job.status not in _OPEN:
            refuse(ValidationError(
                f"scheduled_time is missing, and a post that is {job.status} takes no slot",
                field="scheduled_time",
            ))  # fmt: skip
        elif meant is not None and re.search(r"\d", str(said[meant])):
            refuse(ValidationError(  # rule: no-slot-over-a-time
                f"scheduled_time is missing, and {meant!r:.40} is {said[meant]!r:.40}",
                field="scheduled_time",
                hint="if that is its time:"
                f" {self._wishes.hint('--map', f'scheduled_time={meant}')}; if it is not, give the"
                " column another name",
            ))  # fmt: skip
        elif isinstance(job.account_id, str) and not self._posts.has_slots(job.account_id):
            words = ["slots", "set", job.account_id, "mon-fri", "9:00,12:30"]
            way = self._wishes.other(*words, *([] if self._posts.is_there else ["--create"]))
            refuse(ValidationError(
                f"scheduled_time is missing, and account {job.account_id:.60} has no slots",
                field="scheduled_time",
                hint=f"give it some{f', such as {way}' if way else ''}, or put a time there",
            ))  # fmt: skip

    def _reading(self) -> RowReading:
        return RowReading(self._since, self._wishes.zone or self._zone, self._wishes)

    def _as_the_ledger(self, item: ImportedJob, reading: RowReading, refuse: Refuse) -> int:
        """Check a job as the ledger will, each of its fields; how many bytes it takes, about."""
        replaced: set[str] = set()
        for _ in range(_MOST_FAULTS):
            command = in_zone(c.Import(job_id=item.job.job_id, job=item), self._zone)
            try:
                (data,) = decide(None, command, self._now)
            except ValidationError as error:
                refuse(error)
                name = (error.field or "").partition(".")[0]
                if name in replaced or name not in ScheduledJob.__struct_fields__:
                    return 0
                replaced.add(name)
                value = "-" if name == "job_id" else stand_in(name, reading, item.job)
                job = msgspec.structs.replace(item.job, **{name: value})
                item = msgspec.structs.replace(item, job=job)
            except JobLedgerError as error:
                refuse(ValidationError(error.message, hint=error.hint))
                return 0
            else:
                return len(encode_data(data)) + ENVELOPE_BYTES
        return 0

    def _check_may_go_out(self, row: Row, refuse: Refuse) -> None:
        """Check that no column which is not known as the state says that a post is a draft, or was
        rejected, or is out already."""
        if row.values.get("status") is not None:
            return
        held = {name: row.values[name] for name in own_metadata(row.values)}
        name = says_not_to_go_out(held)
        if name is None:
            return
        ways = (
            f"if it is the state: {self._wishes.hint('--map', f'status={name}')}",
            f"to keep it in the metadata alone: {self._wishes.hint('--map', f'note={name}')}",
        )
        refuse(ValidationError(  # rule: no-draft-goes-out
            f"{name!r:.40} is {held[name]!r:.40}, and no column is status: the post would go out",
            field="status",
            hint="; ".join(ways),
        ))  # fmt: skip

    def _as_people(
        self, row: Row, job: ScheduledJob, allowed: Allowed, found: Checked, refuse: Refuse
    ) -> None:
        """Look at a post that somebody plans: its text, whether it is to go out, and whether its
        time is still to come."""
        self._check_may_go_out(row, refuse)
        if isinstance(job.content, str) and not allowed.odd_text:
            check_text(job.content, self._wishes, refuse)
        odd = odd_about(job.content) if isinstance(job.content, str) else None
        if odd is not None:
            found.notes.append(("content", odd))
        written = str(row.values.get("scheduled_time") or "")
        if job.status is not JobStatus.SCHEDULED or not written:
            return
        if not has_clock(written):
            found.notes.append(
                ("scheduled_time", f"{written!r:.40} has no time of day: it is taken as 00:00")
            )
        late = self._now - job.scheduled_time.astimezone(self._now.tzinfo)
        if late <= GRACE or is_relative(written):
            return
        expires = late > _EXPIRES
        follows = "it will expire" if expires else "it would be posted at once"
        if expires or allowed.past:  # rule: no-burst-of-the-past
            found.notes.append(("scheduled_time", f"{written!r:.40} is past: {follows}"))
            return
        refuse(
            ValidationError(
                f"scheduled_time {written!r:.40} is past: {follows}",
                field="scheduled_time",
                hint=f"take such rows away; {self._wishes.hint('--allow-past')} takes them as they"
                " are",
            )
        )


def _check_files(post: Post, allowed: Allowed, refuse: Refuse) -> None:
    """Check that each medium which is a file is there, and may be one."""
    for index, part in enumerate(post.parts):
        for number, media in enumerate(part.media):
            field = f"post.parts[{index}].media[{number}].source"
            if media.is_address or not isinstance(media.source, str):
                continue
            if not allowed.files:  # rule: no-file-of-the-server
                refuse(ValidationError(
                    f"{field} {media.source!r:.60} must be an address: a page has no files",
                    field=field,
                    hint="https://…, or import the table by the command line",
                ))  # fmt: skip
            elif not (media.file or "://" in media.source or Path(media.source).is_file()):
                refuse(ValidationError(
                    f"{field}: there is no file {media.source!r:.80}",
                    field=field,
                    hint="a file is looked for from where the table is",
                ))  # fmt: skip


def _check_allowed(row: Row, job: ScheduledJob, allowed: Allowed, refuse: Refuse) -> None:
    """Check that a row has no more than whoever imports it may bring in."""
    if job.status not in allowed.states:  # rule: states-that-may-be-brought
        states = ", ".join(each.value for each in JobStatus if each in allowed.states)
        said = f"status is {job.status.value}, and {states} may be brought in"
        refuse(ValidationError(said, field="status", hint="take the row out"))
    if not allowed.plans_only:
        return
    for name in _OF_A_SCHEDULER:
        if row.values.get(name) not in (None, ""):  # rule: nothing-but-plans
            refuse(ValidationError(
                f"{name} is of a job that some scheduler has, and posts alone may be brought in",
                field=name,
                hint="take the column away",
            ))  # fmt: skip


def _with_hint(
    error: ValidationError, values: Mapping[str, Any], wishes: Wishes
) -> ValidationError:
    """Return an error with what can be done about it, where that is not said yet."""
    hint, content = "", values.get("content")
    if error.message.endswith(" is missing") and error.field in NEEDED:
        meant = sounds_like(error.field, own_metadata(values))
        if meant is not None:
            hint = f"if {meant!r:.40} is meant: {wishes.hint('--map', f'{error.field}={meant}')}"
        elif error.field == "scheduled_time":
            hint = (
                "each post has a time here, and none is chosen for it: put it there; or"
                f" {wishes.hint('--slots')}, and it takes the next free slot of its account"
            )
        elif error.field == "account_id":
            hint = wishes.hint("--set", "account_id=my-account") + " where all are of one account"
    elif error.remedy == "leave_it":
        ways = [error.advice or ""]
        if error.field == "content" and isinstance(content, str):
            ways.append(hint_for_length(content, str(values.get("platform") or "threads")))
        if wishes.labels is None:  # which a page has no field for
            ways.append(f"{wishes.option('--lenient')} leaves it to the platform")
        return ValidationError(
            error.message, field=error.field, hint="; ".join(filter(None, ways)) or None
        )
    return ValidationError(error.message, field=error.field, hint=hint) if hint else error
