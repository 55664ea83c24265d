"""The chains of one location, each with a handle of its own, and which of them has what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from ..domain import SCHEDULE_KEY, ValidationError
from ..domain import commands as c
from ..eventstore import ClaimsJobs, shard_of
from .newcomers import Newcomer, labelled, used_before
from .queries import no_schedule, not_found

if TYPE_CHECKING:
    from .ledger import Ledger

HandleT = TypeVar("HandleT", bound="Ledger")
_MOST_NAMED = 3


class ShardSet(Generic[HandleT]):
    """The handles on all chains of a location, in order; a call goes to the one of an account or of
    a job, or to all."""

    def __init__(self, handles: Sequence[HandleT]) -> None:
        self.handles = tuple(handles)
        self.numbers = range(1, len(handles) + 1)

    def each(self) -> Iterable[tuple[int, HandleT]]:
        """Return the handles with their numbers."""
        return zip(self.numbers, self.handles, strict=True)

    def refresh(self) -> None:
        """Bring all handles up to their logs."""
        for handle in self.handles:
            handle._store.refresh()

    # -- which one -----------------------------------------------------------------------------

    def number_of(self, account_id: object) -> int:
        """Return the number of the chain that has an account; what is none is refused by any."""
        return shard_of(account_id, len(self.handles)) if isinstance(account_id, str) else 1

    def of_account(self, account_id: object) -> HandleT:
        """Return the handle on the chain that has an account."""
        return self.handles[self.number_of(account_id) - 1]

    def find(self, key: object) -> HandleT | None:
        """Return the handle on the chain that has, or had, a job, or another key of the log; None
        where none has by now."""
        if not isinstance(key, str):
            return None
        return self._known(key) or self._known(key, after=self.refresh)

    def _known(self, key: str, after: Callable[[], object] = lambda: None) -> HandleT | None:
        after()
        return next((each for each in self.handles if each._store.version(key)), None)

    def of_job(self, job_id: object) -> HandleT:
        """Return the handle on the chain that has, or had, a job.

        Raises:
            JobNotFoundError: none has.
        """
        found = self.find(job_id)
        if found is None:
            ids = (key for each in self.handles for key in each._state.board.jobs)
            raise not_found(job_id, ids)
        return found

    def of_schedule(self, schedule_id: object) -> HandleT:
        """Return the handle on the chain that has a schedule.

        Raises:
            JobNotFoundError: none has.
        """
        found = self.find(f"{SCHEDULE_KEY}{schedule_id}")
        if found is None:
            known = (each._state.board.schedules.by_id for each in self.handles)
            raise no_schedule(schedule_id, (key for ids in known for key in ids))
        return found

    def of_any(self, key: str) -> HandleT:
        """Return the handle on the chain of a job, or of `schedule:ID`. Raises as `of_job`."""
        if isinstance(key, str) and key.startswith(SCHEDULE_KEY):
            return self.of_schedule(key.removeprefix(SCHEDULE_KEY))
        return self.of_job(key)

    # -- what is one write ---------------------------------------------------------------------

    def one_of_accounts(self, accounts: Iterable[object]) -> HandleT:
        """Return the handle on the one chain that has all these accounts.

        Raises:
            ValidationError: several have them, and there is no write to several.
        """
        return self._only({self.number_of(account): account for account in accounts})

    def one_of_jobs(self, job_ids: Iterable[str]) -> HandleT:
        """Return the handle on the one chain that has all these jobs. Raises as `of_job`, and as
        `one_of_accounts`."""
        found = {job_id: self.of_job(job_id) for job_id in job_ids}
        return self._only({n: i for i, has in found.items() for n, h in self.each() if h is has})

    def _only(self, some: dict[int, object]) -> HandleT:
        """Return the only handle; `some` names by number one thing that each has."""
        if len(some) > 1:
            named = ", ".join(
                f"{some[number]!r:.40} in shard {number}" for number in sorted(some)[:_MOST_NAMED]
            )
            raise ValidationError(
                f"all or nothing is of one shard, and this is of {len(some)}: {named}",
                field="jobs",
                hint="do it shard by shard, each in a call of its own: shard_of(account_id)",
            )
        return self.handles[next(iter(some), 1) - 1]

    def check_new(self, newcomers: Sequence[Newcomer], home: HandleT) -> None:
        """Check that no other chain has the ids that somebody gave to new jobs.

        What comes to be at the same moment is settled by `OwnIds`.

        Raises:
            ValidationError: one was used before; names it.
        """
        given = [
            (label, command.job_id)
            for label, command in newcomers
            if isinstance(command, c.Import) or command.job.job_id is not None
        ]
        if given:
            self.refresh()
            others = [each for each in self.handles if each is not home]
            for label, job_id in given:
                if isinstance(job_id, str) and any(each._store.version(job_id) for each in others):
                    raise labelled(used_before(job_id), label)

    def claim_schedule(self, schedule_id: str, home: HandleT) -> None:
        """Claim the id of a schedule for the chain of its account.

        Raises:
            ValidationError: another chain has it.
        """
        engine = home._engine
        assert isinstance(engine, ClaimsJobs)
        if engine.claim([f"{SCHEDULE_KEY}{schedule_id}"]):
            raise ValidationError(
                f"schedule_id {schedule_id!r:.60} was used before",
                field="schedule_id",
                hint="for an account of another shard; an id is never used twice",
            )
