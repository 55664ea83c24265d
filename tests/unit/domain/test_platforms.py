"""What the platforms allow: their tables, and what is checked against them when a job is added."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.domain import NOON, Life, elsewhere, new

from jobledger import (
    PLATFORMS,
    At,
    ImportedJob,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    PlatformRules,
    ValidationError,
    length_of,
    longest,
)
from jobledger.domain import LONGEST_EVER, commands, decide, meant_platform
from jobledger.domain.validation import check_content

NAMES = sorted(PLATFORMS)


@dataclass
class Pair:
    """A text that just fits, and one that does not."""

    fits: str
    over: str


AT_THE_LIMIT = {
    "threads": Pair("😀" * 125, "😀" * 125 + "!"),
    "instagram": Pair("ế" * 2200, "ế" * 2201),
    "facebook": Pair("ế" * 63_206, "ế" * 63_207),
    "bluesky": Pair("👩‍👩‍👧" * 166 + "ế" * 2, "ế" * 301),
    "mastodon": Pair("👩‍👩‍👧" * 477 + "https://a.vn/" + "b" * 200, "👩‍👩‍👧" * 501),
    "x": Pair("ế" * 128 + " https://a.vn/" + "b" * 200, "ế" * 141),
    "linkedin": Pair("😀" * 1500, "😀" * 1500 + "!"),
    "telegram": Pair("😀" * 2048, "😀" * 2048 + "!"),
    "discord": Pair("x" * 2000, "x" * 2001),
}


def added(**said: Any) -> Any:
    return decide(None, commands.Add(job_id="a", job=new(**said)), NOON)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_when_and_where_it_was_read(name: str) -> None:
    rules = PLATFORMS[name]
    assert rules.name == name
    assert date(2026, 1, 1) <= rules.as_of
    assert rules.sources
    assert all(each.startswith("https://") for each in rules.sources + rules.second_hand)
    assert len({*rules.sources, *rules.second_hand}) == len(rules.sources + rules.second_hand)
    assert rules.longest == longest(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_a_value(name: str) -> None:
    """Nobody changes it under others, and it goes to JSON and back."""
    rules = PLATFORMS[name]
    with pytest.raises(AttributeError):
        rules.longest = 7  # type: ignore[misc]  # that is what is tried
    assert msgspec.json.decode(msgspec.json.encode(rules), type=PlatformRules) == rules
    assert isinstance(hash(rules), int)


@pytest.mark.parametrize("name", NAMES)
def test_a_text_may_have_what_its_platform_takes_and_no_more(name: str) -> None:
    pair = AT_THE_LIMIT[name]
    assert added(content=pair.fits, platform=name).content == pair.fits
    with pytest.raises(ValidationError) as refused:
        added(content=pair.over, platform=name)
    count, most = length_of(pair.over, name), longest(name)
    assert refused.value.field == "content"
    assert f"at most {most} characters, not {count}, as" in refused.value.message
    assert PLATFORMS[name].counting.words in refused.value.message
    assert added(content=pair.over, platform=name, lenient=True).content == pair.over


def test_bluesky_has_a_second_limit_in_bytes() -> None:
    """Few emoji of many parts are more than it takes, though not many to look at."""
    family = "👩‍👩‍👧‍👦" * 121
    assert length_of(family, "bluesky") == 121
    with pytest.raises(ValidationError, match="at most 3000 bytes of UTF-8 on Bluesky, not 3025"):
        added(content=family, platform="bluesky")


def test_instagram_takes_so_many_hashtags() -> None:
    tags = " ".join(f"#tag{n}" for n in range(30))
    assert added(content=tags, platform="instagram")
    with pytest.raises(ValidationError, match="at most 30 hashtags on Instagram, not 31"):
        added(content=f"{tags} #một", platform="instagram")
    assert added(content=tags[:400] + " #một", platform="mastodon")


def test_what_is_lenient_is_bounded_all_the_same() -> None:
    """And it is no white space."""
    assert added(content="x" * LONGEST_EVER, lenient=True)
    with pytest.raises(ValidationError, match="at most 100000 characters, not 100001"):
        added(content="x" * (LONGEST_EVER + 1), lenient=True)
    with pytest.raises(ValidationError, match="nothing that can be seen"):
        added(content="\u200b")
    assert added(content="\u200b", lenient=True), "a picture may go out without a text"
    with pytest.raises(ValidationError, match="only white space"):
        added(content=" \u3000", lenient=True)
    with pytest.raises(ValidationError, match="lenient must be a bool"):
        added(lenient=1)


@given(st.sampled_from([*NAMES, "mine"]), st.text(st.characters(codec="utf-8"), max_size=400))
def test_what_is_taken_is_no_longer_than_the_platform_takes(name: str, text: str) -> None:
    """However it is found out: short plain texts are not counted at all."""
    with suppress(ValidationError):
        check_content(text, name)
        assert 0 < length_of(text, name) <= longest(name)


@given(
    st.lists(
        st.sampled_from(["a", "!", "~", "#", ".", "/", ":", "x.vn", "https://"]), max_size=290
    ).map("".join)
)
def test_a_text_that_is_not_counted_would_have_been_short(text: str) -> None:
    for name in NAMES:
        if length_of(text, name) > longest(name):
            with pytest.raises(ValidationError):
                check_content(text, name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Threads", "threads"), ("thread", "threads"), (" threads", "threads"),
        ("THREADS", "threads"), ("IG", "instagram"), ("Instagram Business", "instagram"),
        ("fb", "facebook"), ("Facebook Page", "facebook"), ("Twitter", "x"), ("X", "x"),
        ("Twitter/X", "x"), ("x.com", "x"), ("bsky", "bluesky"), ("Blue-Sky", "bluesky"),
        ("LinkedIn", "linkedin"), ("tg", "telegram"), ("masto", "mastodon"), ("Discord", "discord"),
        ("threads", None), ("x", None), ("zalo", None), ("threads-vn", None), ("my blog", None),
        ("tiktok", None), ("", None), ("🧵", None),
    ],
)  # fmt: skip
def test_a_name_that_is_nearly_one_of_a_table_is_known(name: str, meant: str | None) -> None:
    assert meant_platform(name) == meant


def test_a_near_miss_is_refused_and_can_be_a_platform_of_ones_own() -> None:
    """Otherwise nobody would count for it, and the publisher of that platform would not know it."""
    with pytest.raises(ValidationError, match=r"'Twitter' is likely to be 'x'.*write 'x'"):
        added(platform="Twitter")
    assert added(platform="Twitter", content="x" * 501, lenient=True).platform == "Twitter"
    assert added(platform="zalo").platform == "zalo"


def test_an_edited_text_is_counted_for_the_platform_of_its_job() -> None:
    life = Life(platform="bluesky", content="chào")
    with pytest.raises(ValidationError, match="300 characters, not 301, as Bluesky counts"):
        decide(life.job, commands.Edit(content="ế" * 301), NOON)
    (edited,) = decide(life.job, commands.Edit(content="ế" * 301, lenient=True), NOON)
    assert edited.content == "ế" * 301  # type: ignore[union-attr]  # of a JobEdited


def test_a_text_that_stays_is_not_looked_at_again() -> None:
    """A form sends it along with what is changed, however long it was when it was accepted."""
    job = Life(platform="bluesky", content="ế" * 301, lenient=True).job
    assert job is not None
    same = commands.Edit(content=job.content, priority=JobPriority.HIGH)
    assert decide(job, same, NOON)
    with pytest.raises(ValidationError, match="not 302"):
        decide(job, commands.Edit(content=job.content + "!"), NOON)


@pytest.mark.parametrize("status", JobStatus)
def test_what_is_over_is_history_and_not_refused(status: JobStatus) -> None:
    """A post that is out was posted, whatever its platform takes by now."""
    more = {"completed_at": NOON} if status is JobStatus.COMPLETED else {}
    item = elsewhere(content="😀" * 126, status=status, **more)
    taken = commands.Import(job_id="a", job=item)
    if status not in (JobStatus.PENDING, JobStatus.SCHEDULED):
        assert decide(None, taken, NOON)
        return
    with pytest.raises(ValidationError, match="not 504, as Threads counts"):
        decide(None, taken, NOON)
    lenient = ImportedJob(item.job, item.source, item.line, lenient=True)
    assert decide(None, commands.Import(job_id="a", job=lenient), NOON)


def test_each_text_of_a_schedule_is_counted_as_it_may_come_out() -> None:
    """On the longest of all days, by its platform."""
    clock = ManualClock(NOON)
    with Ledger("memory:", clock=clock) as ledger:
        text = "ế" * 135 + "{date:%A}"
        with pytest.raises(ValidationError, match=r"text 2: .* 280 characters, not 281"):
            ledger.add_schedule(
                "s", At(("9:00",)), account_id="a", content=["ok", "y" + "ế" * 135 + "{date:%A}!"],
                platform="x",
            )  # fmt: skip
        ledger.add_schedule("s", At(("9:00",)), account_id="a", content=text, platform="x")
        assert all(length_of(job.content, "x") <= 280 for job in ledger.list_jobs())
        with pytest.raises(ValidationError, match=r"'Twitter' is likely to be 'x'.*\(write 'x'\)$"):
            ledger.add_schedule("t", At(("9:00",)), account_id="a", content="b", platform="Twitter")
