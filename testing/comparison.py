"""What a process shows, and what the log has, held against the model.

Each raises Violation where they differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..domain import JobNotFoundError
from ..ledger import Ledger
from .model import Model, must
from .processes import Process, RestlessClock, SimulatedWriter
from .stores import Store


def compare_jobs(model: Model, process: Process, job_ids: Iterable[str]) -> None:
    """Compare these jobs as a process shows them; one that is not open shows nothing."""
    ledger = process.ledger
    touched = sorted(job_ids)
    if ledger is None or not touched:
        return
    for job_id in touched:
        try:
            shown = ledger.get_job(job_id).to_dict()
        except JobNotFoundError:
            shown = None
        model.compare(job_id, shown)
    _compare_seq(model, process.name, ledger)


def compare_all(model: Model, name: str, ledger: Ledger) -> None:
    """Compare every job as a ledger shows it, and how many there are."""
    must(ledger.damage is None, f"damage: {ledger.damage}")
    shown = {job.job_id: job.to_dict() for job in ledger.list_jobs()}
    must(set(shown) == set(model.jobs), "other jobs are shown than there are")
    for job_id, job in shown.items():
        model.compare(job_id, job)
    _compare_seq(model, name, ledger)


def _compare_seq(model: Model, name: str, ledger: Ledger) -> None:
    must(ledger.seq == model.seq, f"{name} is at {ledger.seq}")


def compare_log(model: Model, store: Store) -> None:
    """Verify the whole log and what is derived from it."""
    report = store.verify()
    must(report.ok, f"verify: {report.problems[:2]}")
    must(report.events == model.seq, f"verify has seen {report.events} events")


def compare_reader(model: Model, clock: RestlessClock, store: Store) -> None:
    """Open the ledger to read only, and compare every job that it shows."""
    reader = Process("reader", SimulatedWriter, {"clock": clock, "read_only": True})
    try:
        compare_all(model, reader.name, reader.open(store))
    finally:
        reader.die()
