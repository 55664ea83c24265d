"""Images and videos of posts, out of the ledger's own store; what is elsewhere is never fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from starlette.responses import FileResponse, Response

from .. import MediaFile, ScheduledJob, StorageError
from .guard import ASKED_AGAIN
from .problems import Refusal
from .roles import ADD_DRAFT
from .sent_files import kept_of
from .site import Call

_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}
"""By what a file is: the ledger knows it by its bytes."""


def of_job(call: Call) -> Response:
    """Answer with a file of a job as it is at the moment that is looked at.

    Raises:
        JobNotFoundError: there is no such job.
        Refusal: it has no such file, or that was removed.
    """
    job, name = call.look.queries.get_job(call.path("job_id")), call.path("sha256")
    for file in _files_of(job):
        if file.sha256 == name:  # rule: files-of-jobs-alone
            return _answer(call, file)
    raise Refusal(404, f"job {job.job_id} has no such file")


def of_form(call: Call) -> Response:
    """Answer with a file that a form of this visitor carries, and which no job may have yet.

    Raises:
        Refusal: it carries none, the visitor may not write, or the file was removed.
    """
    call.must_be(ADD_DRAFT)
    media = kept_of(call, call.query.get("file", ""))
    if media is None or media.file is None:
        raise Refusal(404, "there is no such file")
    return _answer(call, media.file)


def kept_files(call: Call, job: ScheduledJob | None) -> set[str]:
    """Return which files of a job are there, by their SHA-256: others were removed meanwhile."""
    found = set()
    for file in _files_of(job):
        with suppress(StorageError):
            call.site.ledger.media_path(file.sha256)
            found.add(file.sha256)
    return found


def _files_of(job: ScheduledJob | None) -> Iterator[MediaFile]:
    for media in job.post.media if job is not None and job.post is not None else ():
        if media.file is not None:
            yield media.file


def _answer(call: Call, file: MediaFile) -> Response:
    try:
        path = call.site.ledger.media_path(file.sha256)
        found = os.stat(path)
    except (StorageError, FileNotFoundError):
        raise Refusal(
            404,
            "the file is not in the ledger's store any more",
            hint="files are removed some time after the last job that has them is closed",
        ) from None
    tag = f'"{file.sha256}"'
    headers = {
        "etag": tag,
        "cache-control": ASKED_AGAIN,
        "content-disposition": f'inline; filename="{file.sha256[:16]}.{file.kind}"',
    }
    if tag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=_TYPES[file.kind], stat_result=found)
