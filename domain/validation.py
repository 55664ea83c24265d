"""What is acceptable as a job. Every refusal names the field and what is wrong with its value."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

import msgspec

from .errors import InvalidScheduleTimeError, ValidationError
from .platforms.tables import (
    LONGEST_EVER,
    PLATFORMS,
    check_fits,
    check_name,
    length_of,
    longest,
)
from .text import is_visible, names_of
from .times import in_utc, is_naive, is_plain

EnumT = TypeVar("EnumT", bound=Enum)

MAX_ACCOUNT_CHARS = 256
_TABLES = frozenset(PLATFORMS)
_SHORT = min(each.longest for each in PLATFORMS.values())
MAX_PLATFORM_CHARS = 64
MAX_METADATA_BYTES = 64 * 1024
MAX_METADATA_DEPTH = 32
MAX_RETRIES = 1_000_000
SCHEDULE_WINDOW = timedelta(days=365)
LONGEST_TIMEOUT = timedelta(days=366)

_JOB_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BY = re.compile(r"[A-Za-z0-9._:@/-]{1,64}")


def check_job_id(value: object) -> str:
    """1 to 64 of `A-Z a-z 0-9 . _ -`."""
    if type(value) is str and _JOB_ID.fullmatch(value):
        return value
    if not isinstance(value, str) or not _JOB_ID.fullmatch(value):
        raise _refuse("job_id", f"must be 1 to 64 of A-Z a-z 0-9 . _ -, not {_shown(value)}")
    return _plain(value)


def check_by(value: object) -> str:
    """Who causes a change, as a record has it: 1 to 64 of `A-Z a-z 0-9 . _ - : @ /`."""
    if not isinstance(value, str) or not _BY.fullmatch(value):
        raise ValidationError(
            f"by must be 1 to 64 of A-Z a-z 0-9 . _ - : @ /, not {_shown(value)}",
            field="by",
            hint="such as cli:mai, web:lan or api:n8n",
        )
    return _plain(value)


def check_account(value: object) -> str:
    """Not empty, not only white space, at most 256 characters."""
    return _text("account_id", value, MAX_ACCOUNT_CHARS)


def check_platform(value: object, *, lenient: bool = False) -> str:
    """Not empty, not only white space, at most 64 characters; and, unless it is lenient, not nearly
    the name of a platform that has a table."""
    if type(value) is str and value in _TABLES:
        return value  # nearly always
    name = _text("platform", value, MAX_PLATFORM_CHARS)
    if name not in _TABLES and not lenient:
        check_name(name)  # rule: no-near-miss-of-a-platform
    return name


def check_content(value: object, platform: str | None) -> str:
    """Something that can be seen, and what its platform takes; None: whatever it takes, up to
    100,000 characters."""
    if type(value) is str and len(value) <= _SHORT and _is_plain(value):
        return value  # most of them: short wherever it goes, and without a link
    text = _text("content", value, LONGEST_EVER)
    if platform is None:
        return text
    if not is_visible(text):
        raise ValidationError(
            f"content has nothing that can be seen, only {names_of(text)}",
            field="content",
            remedy="leave_it",
        )
    check_fits(text, platform)  # rule: fits-its-platform
    return text


def _is_plain(value: str) -> bool:
    """Whether it is of printable ASCII without a dot, and not only spaces."""
    return value.isascii() and value.isprintable() and "." not in value and value.strip() != ""


def characters_left(content: str, platform: str) -> int:
    """Return how many characters a text has left on a platform, as that counts; negative: so many
    too many."""
    sound = content if content.isascii() else content.encode("utf-8", "replace").decode()
    return longest(platform) - length_of(sound, platform)


def check_optional_text(value: object, field: str, longest: int) -> str | None:
    """Any text of at most so many characters, the empty one too, or None."""
    return None if value is None else plain_text(value, field, longest)


def check_count(value: object, field: str) -> int:
    """Check an int from 0 to a million, and return it; a bool is none."""
    if type(value) is int and 0 <= value <= MAX_RETRIES:
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse(field, f"must be an int, not {_shown(value)}")
    if not 0 <= value <= MAX_RETRIES:
        raise _refuse(field, f"must be from 0 to {MAX_RETRIES}, not {_shown(value)}")
    return int(value)  # a plain one, whatever an Enum, say, is besides


def check_number(value: object, field: str, most: int) -> int:
    """Check an int from 1 to `most`, and return it; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise _refuse(field, f"must be from 1 to {most}, not {_shown(value)}")
    return int(value)


def check_flag(value: object, field: str) -> bool:
    """Check a bool, and return it."""
    if not isinstance(value, bool):
        raise _refuse(field, f"must be a bool, not {_shown(value)}")
    return value


def check_member(value: object, kind: type[EnumT], field: str) -> EnumT:
    """Check a member of an enumeration, and return it; its bare value is refused, since a priority
    of 1 could mean first or lowest."""
    if not isinstance(value, kind):
        names = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
        raise _refuse(field, f"must be one of {names}, not {_shown(value)}")
    return value


def check_schedule(value: object, now: datetime) -> datetime:
    """Check an aware time within a year (365 days) of now, either way; return it in UTC."""
    if not isinstance(value, datetime):
        raise InvalidScheduleTimeError(
            f"scheduled_time must be a datetime, not {_shown(value)}", field="scheduled_time"
        )
    moment: datetime | None = value
    if not is_plain(value):  # seldom
        if is_naive(value):
            raise InvalidScheduleTimeError(
                "scheduled_time has no time zone", field="scheduled_time", hint="give it a tzinfo"
            )
        try:
            moment = in_utc(value)
        except ValueError:
            moment = None
    if moment is None or abs(moment - now) > SCHEDULE_WINDOW:
        raise InvalidScheduleTimeError(
            f"scheduled_time must be within a year of now ({now:%Y-%m-%d %H:%M} UTC),"
            f" not {_iso(value)}",
            field="scheduled_time",
        )
    return moment


def _iso(value: datetime) -> str:
    try:
        return value.isoformat()
    except Exception:  # noqa: BLE001 - it is foreign code
        return _shown(value)


def check_timeout(value: object, field: str = "publish_timeout") -> timedelta:
    """Check a positive timedelta of at most a year, and return it."""
    if not isinstance(value, timedelta):
        raise _refuse(field, f"must be a timedelta, not {_shown(value)}")
    if not timedelta(0) < value <= LONGEST_TIMEOUT:
        raise _refuse(field, f"must be more than 0 and at most a year, not {value}")
    return value


def check_metadata(value: object, field: str = "metadata") -> dict[str, Any]:
    """Check a dict of JSON values, and return a copy: at most 64 KiB as JSON and 32 levels deep;
    None is `{}`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refuse(field, f"must be a dict, not {_shown(value)}")
    copy: dict[str, Any] = check_json(value, field)
    return copy


def check_json(value: object, field: str) -> Any:
    """Copy a JSON value (tuples become lists); refuse it where the log could not keep it."""
    if not value and isinstance(value, dict):
        return {}
    copy = _json_copy(value, field, field, 1, [MAX_METADATA_BYTES])
    size = len(msgspec.json.encode(copy))
    if size > MAX_METADATA_BYTES:
        raise _refuse(field, f"must be at most {MAX_METADATA_BYTES} bytes as JSON, not {size}")
    return copy


def check_checkpoint_name(value: object, field: str = "name") -> str:
    """1 to 100 printable characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= 100 or not value.isprintable():
        raise _refuse(field, f"must be 1 to 100 printable characters, not {_shown(value)}")
    return value


def _json_copy(value: object, field: str, where: str, depth: int, left: list[int]) -> Any:
    left[0] -= 1  # every value is at least a byte
    if left[0] < 0:
        raise _refuse(field, f"must be at most {MAX_METADATA_BYTES} bytes as JSON")
    if depth > MAX_METADATA_DEPTH:
        raise _refuse(field, f"must be at most {MAX_METADATA_DEPTH} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _unicode(field, value, where)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise _refuse(field, f"has an integer of more than 64 bits at {where}")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refuse(field, f"has {value} at {where}, which JSON cannot hold")
        return float(value)
    if isinstance(value, list | tuple):
        return [
            _json_copy(item, field, f"{where}[{index}]", depth + 1, left)
            for index, item in enumerate(value)
        ]
    if isinstance(value, dict):
        copy: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise _refuse(field, f"has a key that is not text at {where}: {_shown(key)}")
            name = _unicode(field, key, where)
            copy[name] = _json_copy(item, field, f"{where}.{_key(name)}", depth + 1, left)
        return copy
    raise _refuse(field, f"has a {type(value).__name__} at {where}, which JSON cannot hold")


def plain_text(value: object, field: str, longest: int) -> str:
    """Check any text of at most so many characters, the empty one too, and return it."""
    if not isinstance(value, str):
        raise _refuse(field, f"must be text, not {_shown(value)}")
    if len(value) > longest:
        raise _refuse(field, f"must be at most {longest} characters, not {len(value)}")
    return _unicode(field, value, field)


def _text(field: str, value: object, longest: int) -> str:
    if type(value) is str and len(value) <= longest and value.isascii() and value.strip():
        return value  # most of them
    if not isinstance(value, str):
        raise _refuse(field, f"must be text, not {_shown(value)}")
    if not value.strip():
        raise _refuse(field, "must not be " + ("only white space" if value else "empty"))
    if len(value) > longest:
        raise _refuse(field, f"must be at most {longest} characters, not {len(value)}")
    return _unicode(field, value, field)


def _unicode(field: str, value: str, where: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            fault = f"is not valid Unicode: a lone surrogate at character {error.start} of {where}"
            raise _refuse(field, fault) from None
    return _plain(value)


def _plain(value: str) -> str:
    """Plain text, whatever a subclass (an Enum, say) prints as."""
    return value if type(value) is str else str.__str__(value)


def clean_text(value: object, longest: int = 2000) -> str:
    """Text from outside (a publisher's error, say) made fit for the log: never refused."""
    plain = str.__str__(value) if isinstance(value, str) else str(value)
    if len(plain) > longest:  # before it is copied: it may have megabytes
        plain = plain[: longest - 1] + "…"
    return plain if plain.isascii() else plain.encode("utf-8", "replace").decode()


def _key(name: str) -> str:
    return name[:40] if name[:40].isprintable() else ascii(name[:40])


def _shown(value: object) -> str:
    try:
        text = ascii(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything
        text = "?"
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{text} ({type(value).__name__})"


def _refuse(field: str, fault: str) -> ValidationError:
    return ValidationError(f"{field} {fault}", field=field)
