"""A form that carries files: its fields and the files, in memory, and no larger than its body."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import NamedTuple

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from .problems import Refusal
from .settings import MAX_MEDIA_BYTES, MAX_UPLOAD_BYTES

KIND = "multipart/form-data"
_MOST_FIELDS = 2000
_OF_A_POST = re.compile(r"/jobs/(new|[^/]+/edit)")
_LONGEST_NAME = 80
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""Of a name, what could make it look like another one."""


class Upload(msgspec.Struct, frozen=True):
    """A file that was sent, under the last part of its name."""

    name: str
    data: bytes


class FormBounds(NamedTuple):
    """How much a form with files may have."""

    most_bytes: int
    most_files: int


def bounds_of(path: str) -> FormBounds | None:
    """Return how much a form may have that is sent to this path; None where it has no files."""
    if path == "/import":
        return FormBounds(MAX_UPLOAD_BYTES, 1)
    # A browser sends a field without a file, too: one for each part of a post.
    return FormBounds(MAX_MEDIA_BYTES, 120) if _OF_A_POST.fullmatch(path) else None


class _InMemory(MultiPartParser):
    spool_max_size = MAX_MEDIA_BYTES + 1  # nothing of what was sent is put on a disk


async def read_form(
    headers: Headers, body: bytes, most_files: int
) -> tuple[list[tuple[str, str]], list[tuple[str, Upload]]]:
    """Return the fields of a form in order, and the files that were chosen, each with its field.

    Raises:
        Refusal: it cannot be read, or has more files.
    """
    parser = _InMemory(
        headers,
        _once(body),
        max_files=most_files,
        max_fields=_MOST_FIELDS,
        max_part_size=MAX_UPLOAD_BYTES,
    )
    try:
        sent = await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, f"the form cannot be read: {error.message}") from None
    except (LookupError, ValueError):  # of its charset, say
        raise Refusal(400, "the form cannot be read") from None
    fields: list[tuple[str, str]] = []
    uploads: list[tuple[str, Upload]] = []
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            if value.filename or data:  # a browser sends a field without a file, too
                uploads.append((name, Upload(clean_name(value.filename or ""), data)))
        else:
            fields.append((name, value))
    await sent.close()
    return fields, uploads


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def clean_name(name: str) -> str:
    """Return the last part of a file's name, short enough to be shown, without what is not seen."""
    last = _ODD.sub("", re.split(r"[/\\]", name)[-1]).strip()
    if len(last) > _LONGEST_NAME:
        stem, dot, kind = last.rpartition(".")
        kind = f"{dot}{kind}" if stem and len(kind) < 8 else ""
        last = f"{last[: _LONGEST_NAME - len(kind) - 1]}…{kind}"
    return last if last.strip(".") else "file"
