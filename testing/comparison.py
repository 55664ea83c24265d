"""What a process shows, and what the log has, held against the model.

Each raises Violation where they differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..domain import FromSchedule, JobNotFoundError, Schedule
from ..integrity import VerifyReport
from ..ledger import Ledger
from .model import Model
from .processes import Process, RestlessClock, SimulatedWriter
from .stores import Store
from .violation import must


def compare_jobs(model: Model, process: Process, job_ids: Iterable[str]) -> None:
    """Compare these jobs as a process shows them; one that is not open shows nothing."""
    ledger = process.ledger
    touched = sorted(job_ids)
    if ledger is None or not touched:
        return
    for job_id in touched:
        try:
            job = ledger.get_job(job_id)
        except JobNotFoundError:
            model.compare(job_id, None)
        else:
            model.compare(job_id, job.to_dict())
            _compare_origin(model, job_id, job.schedule)
    if any(job_id.startswith("schedule:") for job_id in touched):
        compare_schedules(model, ledger)
    _compare_seq(model, process.name, ledger)


def compare_schedules(model: Model, ledger: Ledger) -> None:
    """Compare every schedule as a ledger shows it."""
    shown = {schedule.schedule_id: schedule for schedule in ledger.schedules()}
    mine = model.schedules.by_id
    must(list(shown) == list(mine), f"the schedules {list(shown)} are shown, not {list(mine)}")
    for schedule_id, schedule in shown.items():
        _compare_schedule(model, schedule_id, schedule)


def _compare_schedule(model: Model, schedule_id: str, schedule: Schedule) -> None:
    own = model.schedules.by_id[schedule_id]
    expected = {
        "status": own.status,
        "version": own.version,
        "since": own.since,
        "planned_until": own.planned_until,
        "made": own.made,
        "given_back": tuple(own.free),
        "end_reason": own.end_reason,
    }
    for name, value in expected.items():
        found = getattr(schedule, name)
        must(found == value, f"{name} of {schedule_id} is shown as {found}, not as {value}")
    said = msgspec.json.decode(msgspec.json.encode(schedule.definition))
    must(said == own.definition, f"{schedule_id} is shown as {said}, not as {own.definition}")
    names = {f"{schedule_id}.{name}" for name in schedule.skipped}
    must(names <= own.skipped, f"{names - own.skipped} are shown as skipped")


def _compare_origin(model: Model, job_id: str, origin: FromSchedule | None) -> None:
    mine = model.jobs[job_id]["origin"]
    shown = None if origin is None else msgspec.structs.astuple(origin)
    expected = None if mine is None else mine.shown
    must(shown == expected, f"{job_id} is shown as of {shown}, not of {expected}")


def compare_all(model: Model, name: str, ledger: Ledger) -> None:
    """Compare every job as a ledger shows it, and how many there are."""
    must(ledger.damage is None, f"damage: {ledger.damage}")
    shown = {job.job_id: job for job in ledger.list_jobs()}
    must(set(shown) == set(model.jobs), "other jobs are shown than there are")
    for job_id, job in shown.items():
        model.compare(job_id, job.to_dict())
        _compare_origin(model, job_id, job.schedule)
    compare_schedules(model, ledger)
    _compare_seq(model, name, ledger)


def _compare_seq(model: Model, name: str, ledger: Ledger) -> None:
    must(ledger.seq == model.seq, f"{name} is at {ledger.seq}")


def compare_log(model: Model, store: Store) -> None:
    """Verify the whole log and what is derived from it."""
    compare_report(model, store.verify())


def compare_report(model: Model, report: VerifyReport) -> None:
    """Compare what has come of verifying the whole log."""
    must(report.ok, f"verify: {report.problems[:2]}")
    must(report.events == model.seq, f"verify has seen {report.events} events")


def compare_reader(model: Model, clock: RestlessClock, store: Store) -> None:
    """Open the ledger to read only, and compare every job that it shows."""
    reader = Process("reader", SimulatedWriter, {"clock": clock, "read_only": True})
    try:
        compare_all(model, reader.name, reader.open(store))
    finally:
        reader.die()
