"""Names of columns: what is the same name, and which names are known in other languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ..fields import KEYS, STATE

DATE, TIME = "date", "time"
"""Two columns that are a post's time together."""
KNOWN = frozenset((*KEYS, *STATE))

_ELSEWHERE = {
    "nội_dung": "content", "nội_dung_bài": "content", "nội_dung_bài_post": "content",
    "nội_dung_bài_viết": "content", "nội_dung_bài_đăng": "content",
    "ngày_đăng": DATE, "ngày_đăng_bài": DATE, "giờ_đăng": TIME, "giờ_đăng_bài": TIME,
    "thời_gian_đăng": "scheduled_time", "lịch_đăng": "scheduled_time",
    "trạng_thái": "status", "tài_khoản": "account_id", "nền_tảng": "platform",
}  # fmt: skip


def plain(name: str) -> str:
    """Return a name as it is compared: `Account ID`, `account-id` and `ACCOUNT_ID` are one."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "_", text).strip("_")


def beginnings(name: str) -> list[str]:
    """Return a tool's name for a column, and what is before the explanation behind it."""
    before = re.split(r"\s+-\s+|\s*\((?!s\))", name, maxsplit=1)[0]
    return [plain(name), plain(before)]


def meaning(name: str) -> str | None:
    """Return which field a column's name says it is, if it is one of ours, in any writing."""
    found = plain(name)
    if found in KNOWN or found in (DATE, TIME):
        return found
    return _ELSEWHERE.get(found)


_ALIKE = {
    "account_id": ("account", "profile", "page name", "handle", "tài khoản"),
    "content": ("caption", "text", "post", "message", "copy", "nội dung", "body", "tweet"),
    TIME: ("time", "hour", "clock", "giờ"),
    "status": ("status", "state", "stage", "approv", "trạng thái", "tình trạng", "duyệt"),
    "scheduled_time": ("time", "date", "when", "schedule", "publish", "giờ", "ngày", "due"),
}


def sounds_like(field: str, names: Sequence[str]) -> str | None:
    """Return the name that sounds most like a field: for a hint, never for an import."""
    for word in _ALIKE.get(field, ()):
        for name in names:
            if word in name.casefold():
                return name
    return None
