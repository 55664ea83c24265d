"""A form that carries a file: its fields and the file, in memory, and no larger than its body."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from .problems import Refusal
from .settings import MAX_UPLOAD_BYTES

KIND = "multipart/form-data"
PATHS = ("/import",)
"""Where such a form may be sent."""
_MOST_FIELDS = 500
_LONGEST_NAME = 80
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""Of a name, what could make it look like another one."""


class Upload(msgspec.Struct, frozen=True):
    """A file that was sent, under the last part of its name."""

    name: str
    data: bytes


class _InMemory(MultiPartParser):
    spool_max_size = MAX_UPLOAD_BYTES + 1  # nothing of what was sent is put on a disk


async def read_form(headers: Headers, body: bytes) -> tuple[list[tuple[str, str]], Upload | None]:
    """Return the fields of a form in order, and its file, if one was chosen.

    Raises:
        Refusal: it cannot be read, or has more than one file.
    """
    parser = _InMemory(
        headers,
        _once(body),
        max_files=1,
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
    upload = None
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            if value.filename or data:  # a browser sends a field without a file, too
                upload = Upload(clean_name(value.filename or ""), data)
        else:
            fields.append((name, value))
    await sent.close()
    return fields, upload


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
