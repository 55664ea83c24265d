"""Whether the files of posts are there, with the bytes that their names say.

By the words of docs/media.md, and nothing of those who write: a job that is not closed has its
files, and so has one that was closed after the time up to which files may have been removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from ..domain import JobStatus, ScheduledJob
from ..eventstore.engines.files import FileSystem, is_no_file, storage_errors
from .findings import Findings

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)
_CHUNK = 1024 * 1024
_ADVICE = "put it back from a backup, or edit or cancel the job"


class MediaCheck:
    """Checks the files in one directory for media."""

    def __init__(self, fs: FileSystem, directory: Path, findings: Findings) -> None:
        self._fs = fs
        self._directory = directory
        self._findings = findings

    def run(self, jobs: Iterable[tuple[ScheduledJob, datetime]]) -> None:
        """Check the files of these jobs, each with the time of its last event.

        Raises:
            StorageError: the directory cannot be read.
        """
        known: dict[str, str] = {}
        required: dict[str, str] = {}
        marked = self._closed_before()
        for job, at in jobs:
            for media in job.post.media if job.post is not None else ():
                if media.file is None:
                    continue
                name = media.file.sha256
                known.setdefault(name, job.job_id)
                if job.status in _OPEN or marked is None or at >= marked:
                    required.setdefault(name, job.job_id)
        for name, job_id in required.items():
            path = self._directory / name[:2] / name
            fault = self._fault_of(path)
            if fault is None:
                continue
            if self._closed_before() != marked:
                self._findings.note("files were removed while they were verified: verify again")
                return
            self._findings.add("media", path, f"the file of job {job_id} {fault}; {_ADVICE}")
        self._tell_of_others(known)

    def _closed_before(self) -> datetime | None:
        """Return before which time a job was closed whose files may have been removed."""
        path = self._directory / "removed.json"
        with storage_errors("read", path), suppress(FileNotFoundError):
            with suppress(ValueError, KeyError, TypeError):
                return datetime.fromisoformat(json.loads(self._fs.read_file(path))["closed_before"])
            self._findings.note(f"{path} is not readable and was not used")
        return None

    def _fault_of(self, path: Path) -> str | None:
        digest, offset = sha256(), 0
        try:
            fd = self._fs.open_read(path)
        except (FileNotFoundError, NotADirectoryError):
            return "is not there"
        except OSError as error:
            if is_no_file(error):
                return f"is no file: {error.strerror or error}"
            with storage_errors("read", path):
                raise
        try:
            with storage_errors("read", path):
                while part := self._fs.read_at(fd, _CHUNK, offset):
                    digest.update(part)
                    offset += len(part)
        finally:
            self._fs.close(fd)
        return None if digest.hexdigest() == path.name else "has other bytes than its name says"

    def _tell_of_others(self, known: dict[str, str]) -> None:
        with storage_errors("read", self._directory):
            if not self._fs.is_directory(self._directory):
                return
            folders = self._fs.list_directory(self._directory)
            names = [
                name
                for folder in folders
                if len(folder) == 2
                for name in self._fs.list_directory(self._directory / folder)
            ]
        others = sum(name not in known for name in names)
        if others:
            self._findings.note(
                f"{others} of {len(names)} files in {self._directory} are of no job: a clean-up"
                " removes them"
            )
