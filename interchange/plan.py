"""What an import would do, checked to the last row before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from math import ceil
from pathlib import PurePath
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from ..domain import ImportedJob, JobStatus, Pacing, ScheduledJob, ValidationError
from ..eventstore import MAX_APPEND_BYTES
from ..instrumentation import Progress
from ..ledger import used_before
from .checking import Allowed, Checked, Checking
from .crowding import crowded
from .doubles import (
    WITHDRAWN,
    NoPostsYet,
    PostsAtHand,
    another_id,
    in_the_ledger,
    is_same_file,
    made_id,
    made_id_in_slot,
)
from .fields import Row, is_plan
from .problems import RowProblem, problem_of
from .rows import Told, read_rows
from .slots import in_slots
from .sources import Source
from .understanding.extras import near_miss, unread
from .wishes import Wishes


class Target(msgspec.Struct, frozen=True):
    """The ledger that is imported into: its zone, the ids that it has ever had, its posts, and how
    fast they may go out where that is known."""

    zone: ZoneInfo
    known_ids: Collection[str] = ()
    posts: PostsAtHand = NoPostsYet()
    pacing: Pacing | None = None


class PlannedJob(msgspec.Struct, frozen=True):
    """A job that would be imported, and its time as it stands in the file."""

    item: ImportedJob
    written: str
    given_id: str | None


class ImportPlan(msgspec.Struct):
    """The jobs to import in order, or what is wrong with the rows, and what else is worth saying.

    `skipped` counts jobs that the ledger knows, and `left_out` rows by the reason. `repeated` has
    the posts that the ledger has already from an import, of which `withdrawn` counts those that
    were cancelled or removed there. `unread` says which columns no publisher reads.
    """

    planned: list[PlannedJob] = []
    problems: list[RowProblem] = []
    warnings: list[RowProblem] = []
    unread: list[RowProblem] = []
    skipped: int = 0
    repeated: list[str] = []
    withdrawn: Counter[str] = msgspec.field(default_factory=Counter)
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    told: Told = msgspec.field(default_factory=Told)
    metadata_keys: dict[str, str] = {}
    """Keys that are no fields, with the file where each is found first."""
    unknown_states: dict[str, str] = {}
    """Words for states that nobody has said the meaning of, each with where it is found first."""

    @property
    def jobs(self) -> list[ImportedJob]:
        return [each.item for each in self.planned]

    def take_times(self, jobs: Mapping[str, ScheduledJob]) -> None:
        """Have the times of the slots that the jobs really took."""
        replace = msgspec.structs.replace
        for number, each in enumerate(self.planned):
            if each.item.next_slot:
                job = jobs[each.item.job.job_id]
                there = replace(each.item.job, scheduled_time=job.scheduled_time)
                self.planned[number] = replace(each, item=replace(each.item, job=there))

    def slots_taken(self, zone: ZoneInfo) -> str:
        """Say how many posts take slots, the first and the last of them; empty where none does."""
        times = [each.item.job.scheduled_time for each in self.planned if each.item.next_slot]
        if not times:
            return ""
        first, last = (
            f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in (min(times), max(times))
        )
        count = f"{len(times)} job{'' if len(times) == 1 else 's'}"
        return f"{count}, {first}" + (f" to {last}" if len(times) > 1 else "")

    def by_status(self) -> dict[str, int]:
        """How many jobs there are in each state that any is in."""
        found = Counter(each.item.job.status for each in self.planned)
        return {status.value: found[status] for status in JobStatus if found[status]}


def make_plan(
    sources: Sequence[Source],
    target: Target,
    now: datetime,
    *,
    since: datetime | None = None,
    wishes: Wishes = Wishes(),
    allowed: Allowed = Allowed(),
    progress: Progress = lambda done, total: None,
    new_id: Callable[[], str] = lambda: str(uuid4()),
) -> ImportPlan:
    """Read everything and check every row as the ledger will.

    Times such as `+2h` are counted from `since`, or from now. `new_id` makes the ids of posts
    whose own are used up.

    Raises:
        StorageError: a file cannot be read.
        ValidationError: there are more rows than are to be read, or all of them are acceptable,
            and too much for one write.
    """
    plan = ImportPlan()
    checking = Checking(target.zone, now, wishes, target.posts, since)
    taking = _Taking(plan, target, wishes, allowed, checking, new_id)
    for number, row in enumerate(read_rows(sources, wishes, plan.told), 1):
        progress(number, max(number, plan.told.expected))
        if number > wishes.most.rows:  # rule: no-more-rows-than-said
            raise ValidationError(
                f"there are more than {wishes.most.rows} rows", field="file", hint="split the file"
            )
        if isinstance(row, RowProblem):
            plan.problems.append(row)
        else:
            taking.take(row)
    taking.look_at_all()
    return plan


class _Taking:
    """Takes one row after another into a plan: as a job, as problems, or left out."""

    def __init__(
        self,
        plan: ImportPlan,
        target: Target,
        wishes: Wishes,
        allowed: Allowed,
        checking: Checking,
        new_id: Callable[[], str],
    ) -> None:
        self._plan = plan
        self._target = target
        self._wishes = wishes
        self._allowed = allowed
        self._checking = checking
        self._new_id = new_id
        self._places: dict[str, str] = {}
        self._count: Counter[str] = Counter()
        self._texts: dict[tuple[str, str, str], tuple[str, bool]] = {}
        self._size = 0

    def take(self, row: Row) -> None:
        """Take a row in."""
        plan, job_id = self._plan, row.values.get("job_id")
        reason = row.left_out or self._checking.reason_to_leave_out(row)
        if isinstance(job_id, str) and job_id in self._allowed.left_out:
            reason = "by its id"
        if reason:
            plan.left_out[reason] += 1
            return
        if isinstance(job_id, str) and self._is_known(row, job_id):
            return
        found = self._checking.check(row, self._allowed)
        job = found.item.job
        self._look_for_its_text(row, found)
        if job_id is None and not found.faults:
            with_id = self._with_own_id(row, found)
            if with_id is None:
                return
            job = with_id
        for word in found.unknown:
            plan.unknown_states.setdefault(word, row.place)
        if found.faults:
            plan.problems += [self._problem(each, row) for each in found.faults]
            return
        item = msgspec.structs.replace(found.item, job=job)
        written = str(row.values.get("scheduled_time") or "")
        plan.planned.append(PlannedJob(item, written, None if job_id is None else job.job_id))
        plan.warnings += [
            RowProblem(row.source, row.line, said, field) for field, said in found.notes
        ]
        for key in found.unread:
            plan.metadata_keys.setdefault(key, row.source)
        self._size += found.size

    def _problem(self, fault: ValidationError, row: Row) -> RowProblem:
        problem = problem_of(fault, row.source, row.line)
        job_id = row.values.get("job_id")
        if not isinstance(job_id, str) or is_plan(row.values) or fault.field == "job_id":
            return problem
        way = f"{self._wishes.hint('--leave-out', job_id)} leaves the job out"
        return msgspec.structs.replace(
            problem, hint=f"{problem.hint}; {way}" if problem.hint else way
        )

    def _is_known(self, row: Row, job_id: str) -> bool:
        """Whether the id is there already, in the files or in the ledger."""
        if job_id in self._places:
            fault = f"job_id {job_id!r} is there twice: also in {self._places[job_id]}"
            self._plan.problems.append(RowProblem(row.source, row.line, fault, "job_id"))
            return True
        self._places[job_id] = row.place
        if job_id not in self._target.known_ids:
            return False
        if self._allowed.existing:
            self._plan.skipped += 1
            return True
        error = used_before(job_id)
        skip = f"{self._wishes.hint('--skip-existing')} leaves such rows out"
        hint = f"{error.hint}; {skip}" if error.hint else skip
        self._plan.problems.append(RowProblem(row.source, row.line, error.message, "job_id", hint))
        return True

    def _with_own_id(self, row: Row, found: Checked) -> ScheduledJob | None:
        """Return a post that has no id with one that is made of it; None where the ledger has it
        already from an import, and there with a fault where it is in the files twice."""
        job, plan, known_ids = found.item.job, self._plan, self._target.known_ids
        first = made_id_in_slot(job) if found.item.next_slot else made_id(job)
        place = self._places.setdefault(first, row.place)
        made = another_id(first, self._count[first])  # rule: id-made-of-the-post
        self._count[first] += 1
        if self._allowed.doubles and made in known_ids and not self._is_of(made, row.source):
            made = another_id(made, PurePath(row.source).name)
        is_second = made != first and made not in known_ids
        if is_second and not self._allowed.doubles:  # rule: same-post-once-in-files
            found.faults.append(_twice(place, self._wishes))
            return job
        self._places[made] = row.place
        if made in known_ids:
            if not self._allowed.again or self._target.posts.state(made) not in WITHDRAWN:
                plan.repeated.append(made)
                return None
            made = self._new_id()  # its own is used up
        return msgspec.structs.replace(job, job_id=made)

    def _is_of(self, job_id: str, source: str) -> bool:
        """Whether a job was imported from a file of this name."""
        return is_same_file(self._target.posts.origin(job_id), source)

    def _look_for_its_text(self, row: Row, found: Checked) -> None:
        """Refuse a post that takes a slot where another row has its text, whatever time that has,
        and the other way round."""
        job, in_slot = found.item.job, found.item.next_slot
        if self._allowed.doubles or not self._wishes.slots or found.faults:
            return
        key = job.account_id, job.platform, job.content
        place, was_in_slot = self._texts.setdefault(key, (row.place, in_slot))
        if in_slot != was_in_slot:  # rule: same-text-once-in-slots
            found.faults.append(_twice(place, self._wishes))

    def look_at_all(self) -> None:
        """Say what has to do with all rows together.

        Raises:
            ValidationError: they are acceptable, and too much for one write.
        """
        plan = self._plan
        plan.warnings += plan.told.passed_over
        states = Counter(self._target.posts.state(job_id) for job_id in plan.repeated)
        plan.withdrawn.update({state: states[state] for state in WITHDRAWN if states[state]})
        for key, source in plan.metadata_keys.items():
            near, said = near_miss(key, self._wishes), unread(key)
            if near is not None:
                plan.warnings.append(RowProblem(source, None, near, "metadata"))
            elif said is not None:
                plan.unread.append(RowProblem(source, None, said, "metadata"))
        if plan.problems:
            return
        if not self._allowed.doubles:
            self._compare_with_the_ledger()
        if not plan.problems and self._wishes.slots:
            self._give_slots()
        if not plan.problems:
            target = self._target
            zone = self._wishes.zone or target.zone
            plan.warnings += crowded(plan.jobs, target.posts, target.pacing, zone)
            _check_size(len(plan.planned), self._size)

    def _give_slots(self) -> None:
        """Have each post that takes a slot at the time of the one that it would take now."""
        plan = self._plan
        items, plan.problems = in_slots(plan.jobs, self._target.posts)
        if not plan.problems:
            plan.planned = [
                msgspec.structs.replace(each, item=item)
                for each, item in zip(plan.planned, items, strict=True)
            ]

    def _compare_with_the_ledger(self) -> None:
        plan = self._plan
        new = [each.item for each in plan.planned if each.given_id is None]
        found = in_the_ledger(
            new,
            {*self._places},
            self._target.posts,
            self._wishes,
            but=(JobStatus.CANCELLED,) if self._allowed.again else (),
        )
        plan.problems += found.changed
        plan.repeated += found.repeated.values()
        out = {*found.repeated}
        if self._allowed.existing:
            plan.skipped += len(found.same)
            out |= {(each.source, each.line) for each in found.same}
        else:
            plan.problems += found.same
        plan.planned = [
            each for each in plan.planned if (each.item.source, each.item.line) not in out
        ]


def _twice(place: str, wishes: Wishes) -> ValidationError:
    return ValidationError(
        f"the same post is in {place}",
        field="content",
        hint=f"take one away; {wishes.option('--allow-doubles')} posts both",
    )


def _check_size(count: int, size: int) -> None:
    if size > MAX_APPEND_BYTES:
        parts = ceil(size / MAX_APPEND_BYTES)
        raise ValidationError(
            f"{count} jobs are about {size / 1e6:.0f} MB in the log, and one import may be"
            f" {MAX_APPEND_BYTES / 1e6:.0f} MB at most, since it is all or nothing",
            field="file",
            hint=f"split them into {parts} files or more and import one after another; it is safe"
            " to repeat one",
        )
