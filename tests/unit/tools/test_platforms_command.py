"""`jobledger platforms`: the tables, readable, and a text counted as each platform counts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.cli import Done, run_here

from jobledger import PLATFORMS, Ledger, length_of


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """Return the place of a ledger that nobody has made: none is needed."""
    return tmp_path / "jobs"


def run(place: Path, *words: str) -> Done:
    return run_here(place, "platforms", *words)


def test_all_platforms_are_listed_with_their_day(nowhere: Path) -> None:
    done = run(nowhere)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [*PLATFORMS]
    assert all(str(PLATFORMS[line.split()[0]].as_of) in line for line in lines[1:])
    assert not nowhere.exists()


@pytest.mark.parametrize("name", PLATFORMS)
def test_one_is_shown_with_its_sources_and_with_what_nobody_found(nowhere: Path, name: str) -> None:
    done, rules = run(nowhere, name), PLATFORMS[name]
    assert done.code == 0
    for said in (*rules.sources, *rules.second_hand, *rules.notes, rules.title, rules.varies):
        assert said in done.out
    assert str(rules.longest) in done.out
    missing = [line for line in done.out.splitlines() if line.startswith("not found")]
    assert ("alternative text" in "".join(missing)) is (rules.alt_text is None)


def test_a_program_gets_the_table_as_a_value(nowhere: Path) -> None:
    one: dict[str, Any] = json.loads(run(nowhere, "bluesky", "--json").out)
    assert one == json.loads(msgspec.json.encode(PLATFORMS["bluesky"]))
    every = json.loads(run(nowhere, "--json").out)
    assert [each["name"] for each in every] == [*PLATFORMS]


def test_a_text_is_counted_as_each_platform_counts(nowhere: Path) -> None:
    text = "👩‍👩‍👧 " * 40 + "https://example.com/" + "x" * 201
    found = json.loads(run(nowhere, "--count", text, "--json").out)
    assert {each["name"]: each["length"] for each in found} == {
        name: length_of(text, name) for name in PLATFORMS
    }
    fits = {each["name"] for each in found if each["fits"]}
    assert fits == {"instagram", "facebook", "mastodon", "x", "linkedin", "telegram", "discord"}
    for each in found:
        assert (each["problem"] is None) is each["fits"]
    said = run(nowhere, "threads", "--count", text).out
    assert "at most 500 characters, not" in said
    assert run(nowhere, "x", "--count", "Chào").out.splitlines()[1].split() == [
        "x", "4", "280", "fits",
    ]  # fmt: skip


def test_an_unknown_name_is_an_error_with_what_is_meant(nowhere: Path) -> None:
    done = run(nowhere, "Twitter")
    assert (done.code, done.out) == (2, "")
    assert "no table for a platform 'Twitter' (did you mean 'x'?)" in done.err
    assert "there are threads, instagram" in run(nowhere, "zalo").err


def test_what_a_platform_does_not_take_can_be_left_to_it(nowhere: Path) -> None:
    """By an option of its own, which the refusal names."""
    long = "ế" * 301
    refused = run_here(nowhere, "add", "shop", long, "--platform", "bluesky")
    assert refused.code == 2
    assert "at most 300 characters, not 301, as Bluesky counts" in refused.err
    assert "--lenient leaves it to the platform" in refused.err
    done = run_here(nowhere, "add", "shop", long, "--platform", "bluesky", "--lenient")
    assert done.code == 0
    job = done.out.strip()
    assert run_here(nowhere, "edit", job, "--content", long + "!").code == 2
    assert run_here(nowhere, "edit", job, "--content", long + "!", "--lenient").code == 0
    with Ledger(nowhere, read_only=True) as ledger:
        assert ledger.get_job(job).content == long + "!"


def test_a_file_with_a_text_that_is_too_long_or_a_near_miss_is_refused(nowhere: Path) -> None:
    """Each row with the way on; nothing is taken until it is said."""
    file = nowhere.with_name("posts.csv")
    rows = [
        "account_id,platform,content,scheduled_time",
        f"shop,bluesky,{'ế' * 301},+1h",
        "shop,Facebook,Chào,+1h",
        "shop,zalo,Chào,+1h",
    ]
    file.write_text("\n".join(rows), "utf-8")
    refused = json.loads(run_here(nowhere, "import", str(file), "--dry-run", "--json").out)
    assert [(each["line"], each["field"]) for each in refused["problems"]] == [
        (2, "content"), (3, "platform"),
    ]  # fmt: skip
    assert "write 'facebook'; --lenient leaves it" in refused["problems"][1]["hint"]
    assert run_here(nowhere, "import", str(file)).code == 2
    assert run_here(nowhere, "import", str(file), "--lenient").code == 0
    with Ledger(nowhere, read_only=True) as ledger:
        assert {job.platform for job in ledger.list_jobs()} == {"bluesky", "Facebook", "zalo"}
