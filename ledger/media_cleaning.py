"""Removing the files that no job needs any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from ..domain import JobStatus, ScheduledJob
from ..eventstore.engines.files import storage_errors
from .history import History
from .media_store import MARK_NAME, MediaStore
from .state import State

_YOUNG_S = 24 * 3600.0
"""What no job has is left alone for so long: somebody may be about to add one."""
_AT_ONCE = 500
"""So many jobs are looked at before others have their turn."""
_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)


class MediaCleaning:
    """Finds and removes what the jobs of one ledger do not need. `now` is the ledger's clock."""

    def __init__(
        self,
        store: MediaStore,
        state: State,
        history: History,
        refresh: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._state = state
        self._history = history
        self._refresh = refresh
        self._now = now

    def run(self, keep: timedelta) -> list[str]:
        """Remove the files of jobs that were closed longer ago than `keep`, and those of no job;
        return the names of what was removed. Where somebody is just adding a file, nothing is.

        Raises:
            StorageError: the log or the store cannot be read or written.
        """
        store = self._store
        before = self._now() - keep
        if not self._removable(before):
            return []  # as mostly: nobody has to wait for that
        with store.alone() as is_mine:
            if not is_mine:
                return []
            # Again: what was added meanwhile is in the log by now.
            names = self._removable(before)  # rule: needed-media-stays
            with storage_errors("write", store.directory):
                self._mark(before)
            for name in names:
                with storage_errors("remove", store.path_of(name)), suppress(FileNotFoundError):
                    store.fs.remove(store.path_of(name))
            self._remove_rests()
        return names

    def _removable(self, before: datetime) -> list[str]:
        needed, closed = self._used()
        return [
            name
            for name in self._store.names()
            if name not in needed
            and (
                all(self._closed_at(job_id) < before for job_id in closed[name])
                if name in closed
                else self._is_old(name)
            )
        ]

    def _used(self) -> tuple[set[str], dict[str, list[str]]]:
        """Return the files that are needed, and those of jobs that are closed, with these."""
        self._refresh()
        state, needed, closed = self._state, set[str](), dict[str, list[str]]()
        with state.lock:
            ids = iter(list(state.board.jobs))
        while some := list(islice(ids, _AT_ONCE)):
            with state.lock:
                jobs = state.board.jobs.collect(
                    job_id for job_id in some if job_id in state.board.jobs
                )
            for job in jobs:
                for name in names_of(job):
                    if job.status in _OPEN or job.outcome_unknown:
                        needed.add(name)
                    else:
                        closed.setdefault(name, []).append(job.job_id)
        return needed, closed

    def _closed_at(self, job_id: str) -> datetime:
        return self._history.of_job(job_id)[-1].at

    def _is_old(self, name: str) -> bool:
        path = self._store.path_of(name.removeprefix("."))
        path = path.with_name(name)
        with storage_errors("look at", path), suppress(FileNotFoundError):
            return self._store.fs.age_s(path) > _YOUNG_S
        return False

    def _mark(self, before: datetime) -> None:
        """Say that files of jobs closed before this may be gone, before any of them is."""
        fs, path = self._store.fs, self._store.directory / MARK_NAME
        known = ""
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            known = str(json.loads(fs.read_file(path))["closed_before"])
        text = before.isoformat(timespec="microseconds")
        if text > known:
            fs.write_file_durably(path, json.dumps({"closed_before": text}).encode())

    def _remove_rests(self) -> None:
        """Remove what somebody left who was stopped while writing."""
        for name in self._store.entries():
            if name.startswith(".") and self._is_old(name):
                path = self._store.path_of(name.removeprefix(".")).with_name(name)
                with suppress(OSError):
                    self._store.fs.remove(path)


def names_of(job: ScheduledJob) -> list[str]:
    """Return the names of the files that a job has."""
    if job.post is None:
        return []
    return [media.file.sha256 for media in job.post.media if media.file is not None]
