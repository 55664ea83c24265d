"""Every rule about what a job may be, with the field that its refusal names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.domain import NOON, new

from jobledger import (
    InvalidScheduleTimeError,
    JobPriority,
    NewJob,
    ValidationError,
)
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.domain.validation import check_content, check_job_id, check_metadata, clean_text

YEAR = timedelta(days=365)
TICK = timedelta(microseconds=1)


def nested(depth: int) -> dict[str, Any]:
    """Make a dict of that many levels."""
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"k": value}
    return value


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["me"] = value
    return value


def checked(job: NewJob, now: datetime) -> Any:
    """Return what is kept of a new job, in the event that adds it."""
    job_id = "a" if job.job_id is None else job.job_id
    added = decide(None, c.Add(job_id=job_id, job=job), now)
    return added[0]


ACCEPTED: list[dict[str, Any]] = [
    {"content": "x" * 500},
    {"content": "😀" * 125},
    {"content": "😀" * 300, "platform": "bluesky"},
    {"content": "😀" * 500, "platform": "mine"},
    {"content": "x" * 63_206, "platform": "facebook"},
    {"content": "x" * 100_000, "lenient": True},
    {"platform": "Twitter", "lenient": True},
    {"content": "\n x \u2028"},
    {"account_id": "x" * 256},
    {"scheduled_time": NOON + YEAR},
    {"scheduled_time": NOON - YEAR},
    {"priority": JobPriority.URGENT},
    {"max_retries": 0},
    {"metadata": nested(32)},
    {"metadata": {"x": "é" * 32_000}},
    {"metadata": {"": [None, True, -(2**63), 2**64 - 1, 1.5, "\x00", {}]}},
    {"metadata": None},
    {"job_id": "A-z.0_9"},
    {"job_id": "x" * 64},
]


@pytest.mark.parametrize("fields", ACCEPTED, ids=lambda fields: next(iter(fields)))
def test_what_is_acceptable_comes_through(fields: dict[str, Any]) -> None:
    """Up to the very limits."""
    job = checked(new(**fields), NOON)
    for name, value in fields.items():
        if name not in ("job_id", "lenient"):  # which the event does not repeat
            assert getattr(job, name) == ({} if name == "metadata" and value is None else value)


REFUSED: list[tuple[str, Any, str]] = [
    ("content", "", "must not be empty"),
    ("content", " \n\t\u3000", "only white space"),
    ("content", "x" * 501, "at most 500 characters, not 501"),
    ("content", "😀" * 126, "at most 500 characters, not 504, as Threads counts: an emoji is its"),
    ("content", "\u200b\ufeff\u00ad", "nothing that can be seen, only zero width space"),
    ("content", "\u2800\u3164 \ufe0f", "nothing that can be seen"),
    ("content", "\x00\x1f", "nothing that can be seen"),
    ("content", " ".join(f"https://a.vn/{n}" for n in range(6)), "5 different links on Threads"),
    ("content", None, "must be text"),
    ("content", b"x", "must be text"),
    ("content", "a\ud800", "not valid Unicode: a lone surrogate at character 1"),
    ("account_id", "", "must not be empty"),
    ("account_id", "  ", "only white space"),
    ("account_id", 7, "must be text, not 7 (int)"),
    ("account_id", "\udfff", "not valid Unicode"),
    ("account_id", "x" * 257, "at most 256"),
    ("platform", "", "must not be empty"),
    ("platform", "Threads", "is likely to be 'threads'"),
    ("platform", "twitter", "write 'x'; lenient=True leaves it to the platform"),
    ("platform", "FB", "is likely to be 'facebook'"),
    ("platform", "Linked In", "is likely to be 'linkedin'"),
    ("priority", 2, "must be one of JobPriority.LOW"),
    ("priority", "high", "must be one of"),
    ("priority", None, "must be one of"),
    ("max_retries", -1, "must be from 0"),
    ("max_retries", True, "must be an int, not True (bool)"),
    ("max_retries", 1.0, "must be an int"),
    ("max_retries", "3", "must be an int"),
    ("hold", 1, "must be a bool"),
    ("metadata", [], "must be a dict"),
    ("metadata", {1: 2}, "a key that is not text"),
    ("metadata", {"a": {"b": [float("nan")]}}, "nan at metadata.a.b[0]"),
    ("metadata", {"a": float("inf")}, "inf at metadata.a"),
    ("metadata", {"a": {1}}, "has a set at metadata.a"),
    ("metadata", {"a": b"x"}, "has a bytes"),
    ("metadata", {"a": NOON}, "has a datetime"),
    ("metadata", {"a": 2**64}, "more than 64 bits"),
    ("metadata", {"a\ud800": 1}, "not valid Unicode"),
    ("metadata", {"a": ["\ud800"]}, "not valid Unicode"),
    ("metadata", nested(33), "32 levels"),
    ("metadata", nested(100_000), "32 levels"),
    ("metadata", cyclic(), "32 levels"),
    ("metadata", {"x": "y" * 65_536}, "at most 65536 bytes"),
    ("job_id", "", "1 to 64"),
    ("job_id", "x" * 65, "1 to 64"),
    ("job_id", "a\n", "1 to 64"),
    ("job_id", "a b", "1 to 64"),
    ("job_id", "../x", "1 to 64"),
    ("job_id", "é", "1 to 64"),
    ("job_id", 5, "1 to 64"),
]


@pytest.mark.parametrize(("field", "value", "says"), REFUSED)
def test_what_is_not_acceptable_names_field_and_fault(field: str, value: Any, says: str) -> None:
    """As attribute and in a message of one line."""
    with pytest.raises(ValidationError) as caught:
        checked(new(**{field: value}), NOON)
    assert caught.value.field == field
    assert str(caught.value).startswith(field)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "moment",
    [
        NOON + YEAR + TICK,
        NOON - YEAR - TICK,
        datetime(2026, 3, 2),  # noqa: DTZ001 - naive on purpose
        "2026-03-02",
        None,
        0,
        NOON.date(),
        datetime.max.replace(tzinfo=NOON.tzinfo),
        datetime.min.replace(tzinfo=NOON.tzinfo),
    ],
)
def test_a_time_that_is_none_or_too_far_is_refused(moment: Any) -> None:
    """InvalidScheduleTimeError, which is a ValidationError and a ValueError."""
    with pytest.raises(InvalidScheduleTimeError) as caught:
        checked(new(scheduled_time=moment), NOON)
    assert isinstance(caught.value, ValueError)
    assert caught.value.field == "scheduled_time"


def test_metadata_is_copied_and_made_of_plain_values() -> None:
    """Tuples become lists, subclasses their base; nothing is shared with the caller."""

    class Text(str):
        __slots__ = ()

    given = {"a": (1, [2]), "b": Text("x")}
    copy = check_metadata(given)
    assert copy == {"a": [1, [2]], "b": "x"}
    assert type(copy["b"]) is str
    assert copy["a"][1] is not given["a"][1]


def test_an_id_with_a_hostile_repr_is_still_refused() -> None:
    """The message does without it."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ValidationError, match=r"\? \(Hostile\)"):
        check_job_id(Hostile())


def test_text_from_outside_is_made_fit_not_refused() -> None:
    """Surrogates are replaced, length is cut."""
    assert clean_text("a\ud800b") == "a?b"
    assert clean_text("x" * 3000) == "x" * 1999 + "…"
    assert clean_text(None) == "None"


class Account(str, Enum):  # noqa: UP042 - its str() is not its value, which is the point
    MAIN = "main"


class Shouting(str):
    """Text that prints as something else."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Level(IntEnum):
    TWO = 2


@pytest.mark.parametrize("field", ["content", "account_id", "platform", "job_id"])
@pytest.mark.parametrize("value", [Account.MAIN, Shouting("main")], ids=["enum", "subclass"])
def test_a_subclass_of_str_counts_as_the_text_that_it_is(field: str, value: str) -> None:
    """It becomes plain text of the same characters, whatever its own `__str__` says."""
    if field == "job_id":
        kept = check_job_id(value)
    else:
        kept = getattr(checked(new(**{field: value}), NOON), field)
    assert type(kept) is str
    assert kept == "main"


def test_subclasses_inside_metadata_become_the_plain_values_that_they_are() -> None:
    """Keys, texts and numbers."""
    kept = check_metadata({Shouting("key"): Account.MAIN, "n": Level.TWO})
    assert kept == {"key": "main", "n": 2}
    assert [type(key) for key in kept] == [str, str]
    assert [type(value) for value in kept.values()] == [str, int]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_too_long_to_print_is_refused_like_any_other(sign: int) -> None:
    """Python refuses to write more than 4,300 digits; the message must not need them."""
    with pytest.raises(ValidationError) as caught:
        checked(new(max_retries=sign * 10**5000), NOON)
    assert caught.value.field == "max_retries"


@pytest.mark.parametrize("key", ["a\nb", "a\r", "a\u2028b", "a\x1b[2Jb"])
def test_a_refusal_is_one_printable_line_whatever_the_keys_are(key: str) -> None:
    """A key with a line break, or with an order to the terminal, is shown, not obeyed."""
    for metadata in ({key: float("nan")}, {key: {1: 2}}, {"x": [{key: b""}]}):
        with pytest.raises(ValidationError) as caught:
            check_metadata(metadata)
        assert str(caught.value).isprintable()


class Counted(list[Any]):
    """A list that counts how often one of its kind is gone through."""

    walks = 0

    def __iter__(self) -> Any:
        type(self).walks += 1
        return super().__iter__()


def test_metadata_that_unfolds_into_more_than_64_kib_is_refused_on_the_way() -> None:
    """A few objects that hold each other twice over are huge as JSON: nobody spells that out."""
    Counted.walks = 0
    value: Any = Counted()
    for _ in range(18):
        value = [value, value]
    with pytest.raises(ValidationError, match="at most 65536 bytes"):
        check_metadata({"k": value})
    assert Counted.walks <= 65_536


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York"])
@pytest.mark.parametrize("moment", [datetime.min, datetime.max])  # noqa: DTZ901 - zoned below
def test_the_ends_of_the_calendar_are_too_far_not_a_crash(moment: datetime, zone: str) -> None:
    """Where converting to UTC would overflow."""
    with pytest.raises(InvalidScheduleTimeError):
        checked(new(scheduled_time=moment.replace(tzinfo=ZoneInfo(zone))), NOON)


def test_a_time_is_kept_as_the_same_instant_in_utc() -> None:
    """Whatever zone it came in."""
    hanoi = NOON.astimezone(timezone(timedelta(hours=7)))
    kept = checked(new(scheduled_time=hanoi), NOON).scheduled_time
    assert kept == NOON
    assert kept.tzinfo is UTC


@pytest.mark.parametrize("piece", ["a", "☕", "👩‍👩‍👧", "🇻🇳", "ệ", "e\u0302\u0323", "\n", "𝒜"])
def test_a_text_is_counted_as_it_is_judged(piece: str) -> None:
    most = NewJob.characters_left("")
    for length in range(most // 8, most + 2):
        text = ("." + piece * length)[:length]
        left = NewJob.characters_left(text)
        if left >= 0:
            assert check_content(text, "threads") == text
        else:
            with pytest.raises(ValidationError, match=f"{most} characters, not {most - left}"):
                check_content(text, "threads")
