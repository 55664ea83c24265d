"""What a file is that is no list of posts: said by its name, with what could be done."""

from __future__ import annotations

import re
from typing import Any

from ...domain import ValidationError

_MAGIC = (
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of the old kind (.xls)", "save it as .xlsx or CSV UTF-8"),
    (b"SQLite format 3\0", "a database (SQLite)", "export its table as CSV, or as JSON lines"),
    (b"%PDF-", "a PDF", "export what it was made of as CSV or .xlsx"),
    (b"\x1f\x8b", "packed (gzip)", "unpack it with gunzip first"),
    (b"\x80\x04", "a pickle of a Python program", "write its jobs as JSON lines from there"),
)
_CRON = re.compile(
    r"\s*(?:@(?:yearly|monthly|weekly|daily|hourly|reboot)|[\d*][\d*,/-]*(?:\s+[\w*,/-]+){4})\s+\S"
)
_NEEDED = "write each post as a line of JSON with account_id, content and scheduled_time"


def is_zip(data: bytes) -> bool:
    """Whether it begins as a workbook does, and other packed files."""
    return data.startswith(b"PK\x03\x04")


def check_bytes(data: bytes, name: str) -> None:
    """Check that a file is none of those that have another kind of bytes.

    Raises:
        ValidationError: it is one, and its name is said.
    """
    for magic, kind, way in _MAGIC:
        if data.startswith(magic):
            raise ValidationError(f"{name} is {kind}", field="file", hint=way)
    if is_zip(data) and b"opendocument.spreadsheet" in data[:200]:
        raise ValidationError(
            f"{name} is a spreadsheet of another kind (.ods)",
            field="file",
            hint="save it as .xlsx or CSV UTF-8",
        )


def check_text(text: str, name: str) -> None:
    """Check that a text is none of those that have no posts in them.

    Raises:
        ValidationError: it is one, and its name is said.
    """
    lines = [line for line in text[:4000].splitlines() if line.strip() and line[0] != "#"]
    rules = [line for line in lines if _CRON.match(line)]
    settings = [line for line in lines if re.match(r"\s*\w+\s*=", line)]
    if rules and len(rules) + len(settings) == len(lines):
        rule = " ".join(rules[0].split()[:5])
        raise ValidationError(
            f"{name} is a crontab: rules that start programs, and no posts",
            field="file",
            hint=f"`jobledger schedule add NAME '{rule}' --account ACCOUNT --content TEXT` makes"
            " posts by such a rule; `jobledger schedule preview` shows when it is due",
        )
    if re.match(r"\s*<(?:!doctype|html|\?xml)", text[:200], re.I):
        raise ValidationError(
            f"{name} is a page (HTML or XML)", field="file", hint="export it as CSV or .xlsx"
        )


def check_document(document: Any, name: str) -> None:
    """Check that a JSON document is none of another program's.

    Raises:
        ValidationError: it is one, and its name is said.
    """
    first = _first_of(document, "jobs")
    if first is not None and "func" in first and {"trigger", "next_run_time"} & first.keys():
        raise ValidationError(
            f"{name} is an export of APScheduler: its jobs call functions"
            f" ({first['func']!r:.60}), and only that program knows what they post",
            field="file",
            hint=f"{_NEEDED} from there (run_date is the time), and import that",
        )
    if first is not None and "task" in first and "schedule" in first:
        raise ValidationError(
            f"{name} is a list of periodic tasks (Celery): rules that call functions, and no posts",
            field="file",
            hint=f"{_NEEDED} from there, and import that",
        )


def _first_of(document: Any, key: str) -> dict[str, Any] | None:
    items = document.get(key) if isinstance(document, dict) else document
    if isinstance(items, list) and items and isinstance(items[0], dict):
        return items[0]
    return None
