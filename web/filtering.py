"""Which jobs are asked for on a page: read from an address or a form, and selected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, get_args

from .. import JobStatus, Ledger, LedgerView, ScheduledJob, ValidationError
from .local_time import day_in

JobOrder = Literal["rank", "time", "latest"]


class JobFilter(NamedTuple):
    """What is asked for; what is empty is left open. `due_from` and `due_to`, both inclusive, are
    days of the ledger's time zone."""

    statuses: tuple[JobStatus, ...] = ()
    account_id: str = ""
    text: str = ""
    due_from: date | None = None
    due_to: date | None = None
    order: JobOrder = "rank"

    def select(
        self, queries: Ledger | LedgerView, *, limit: int, after: str | None = None
    ) -> list[ScheduledJob]:
        """Return the jobs that match: as many as there may be, behind a cursor.

        Raises:
            ValidationError: `after` is no cursor.
        """
        first, last = self.due_from, self.due_to
        return queries.list_jobs(
            self.account_id or None,
            self.statuses or None,
            due_from=None if first is None else datetime.combine(first, time()),
            due_to=None if last is None else datetime.combine(last + timedelta(days=1), time()),
            text=self.text or None,
            order=self.order,
            after=after,
            limit=limit,
        )

    @property
    def query(self) -> dict[str, Any]:
        """The filter as an address has it, without what is usual."""
        return {
            "status": [status.value for status in self.statuses],
            "account_id": self.account_id,
            "text": self.text,
            "due_from": self.due_from,
            "due_to": self.due_to,
            "order": "" if self.order == "rank" else self.order,
        }

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out anything at all."""
        return self._replace(order="rank") != JobFilter()


def read_filter(values: Callable[[str], list[str]]) -> JobFilter:
    """Return the filter that an address or a form has; `values` gives all values of a name.

    Raises:
        ValidationError: one of them is none; `field` says which.
    """
    given = {name: _one(values, name) for name in ("account_id", "text", "due_from", "due_to")}
    first, last = day_in(given, "due_from"), day_in(given, "due_to")
    if first is not None and last is not None and last < first:
        raise ValidationError(f"due_to {last} is before due_from {first}", field="due_to")
    order = _one(values, "order") or "rank"
    if order not in get_args(JobOrder):
        raise ValidationError(
            f"order {order!r:.40} is none", field="order", hint=", ".join(get_args(JobOrder))
        )
    wished = [text for text in values("status") if text]
    for text in wished:
        if text not in list(JobStatus):
            hint = ", ".join(JobStatus)
            raise ValidationError(f"status {text!r:.40} is none", field="status", hint=hint)
    statuses = tuple(status for status in JobStatus if status.value in wished)
    return JobFilter(statuses, given["account_id"], given["text"], first, last, order)  # type: ignore[arg-type]  # it is one of them


def _one(values: Callable[[str], list[str]], name: str) -> str:
    """Return the last value of a name, as a form of one field has it."""
    return (values(name) or [""])[-1]
