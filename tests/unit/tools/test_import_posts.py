"""Columns of a table that are the media and the parts of a post."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import Done, run_here

from jobledger import Ledger, Media, Part, Post, ScheduledJob

TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d 09:00}"
ONE, TWO = "https://a.vn/1.jpg", "https://a.vn/2.jpg"


def imported(directory: Path, table: str, *typed: str, name: str = "plan.csv") -> Done:
    """Import a table of posts of one account, which are for tomorrow."""
    file = directory.parent / name
    file.write_text(table, "utf-8")
    set_ = ("--set", "account_id=mai", "--set", f"scheduled_time={TOMORROW}")
    return run_here(directory, "import", str(file), *set_, *typed)


def jobs(directory: Path) -> list[ScheduledJob]:
    with Ledger(directory, read_only=True) as ledger:
        return ledger.list_jobs()


@pytest.mark.parametrize(
    ("table", "post"),
    [
        (
            f"content,Media,media 2,Alt 2\nOne,{ONE},{TWO},A cat\n",
            Post((Part("One", (Media(ONE), Media(TWO, "A cat"))),)),
        ),
        (f"content,media\nOne,{ONE}\n", Post((Part("One", (Media(ONE),)),))),
        (
            f'content,media\nOne,"{ONE}, {TWO}"\n',
            Post((Part("One", (Media(ONE), Media(TWO))),)),
        ),
        (f"content,media\nOne,{ONE} | {TWO}\n", Post((Part("One", (Media(ONE), Media(TWO))),))),
        (
            "content,part 2,Part_3\nOne,Two,Three\n",
            Post((Part("One"), Part("Two"), Part("Three"))),
        ),
        ("content,part 3\nOne,Three\n", Post((Part("One"), Part("Three")))),
        (f"content,media_1\n,{ONE}\n", Post((Part("", (Media(ONE),)),))),
    ],
)
def test_columns_are_put_together(directory: Path, table: str, post: Post) -> None:
    done = imported(directory, table)
    assert done.code == 0, done.err
    [job] = jobs(directory)
    assert (job.post, job.content, job.metadata) == (post, post.parts[0].text, {})


def test_a_row_without_any_is_a_text(directory: Path) -> None:
    assert imported(directory, "content,media,part 2\nOne,,\n").code == 0
    [job] = jobs(directory)
    assert (job.content, job.post, job.metadata) == ("One", None, {})


def test_keys_of_json_are_the_same(directory: Path) -> None:
    """A list of addresses, too."""
    table = f'{{"content": "One", "media": ["{ONE}", "{TWO}"], "part 2": "Two"}}\n'
    assert imported(directory, table, name="plan.jsonl").code == 0
    [job] = jobs(directory)
    assert job.post == Post((Part("One", (Media(ONE), Media(TWO))), Part("Two")))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (f"content,media,alt 2\nOne,{ONE},A cat\n", "alt 2 describes media 2, which is not there"),
        ("content,media\nOne,cat.jpg\n", "there is no file"),
        ("content,media\nOne,ftp://a.vn/b.jpg\n", "neither a file nor an https address"),
        (f"content,media,part 2\nOne,{ONE},{'x' * 501}\n", "must be at most 500"),
        (f'content,media,post\nOne,{ONE},"{{""parts"": [{{}}]}}"\n', "post is there, and media"),
    ],
)
def test_what_cannot_be_is_named_with_its_line(directory: Path, table: str, said: str) -> None:
    done = imported(directory, table)
    assert done.code != 0
    assert said in (done.out + done.err).replace("\n", " ")
    assert "line 2" in done.out + done.err
    assert not directory.exists() or jobs(directory) == []


def test_posts_that_differ_in_their_media_alone_are_two(directory: Path) -> None:
    """The same file again adds nothing; none of them is taken for the other."""
    table = f"content,media\nOne,{ONE}\nOne,{TWO}\nOne,\n"
    for _ in range(2):
        done = imported(directory, table, "--allow-doubles", "--skip-existing")
        assert done.code == 0, done.err
    sources = [job.post.media[0].source if job.post else None for job in jobs(directory)]
    assert sorted(map(str, sources)) == ["None", ONE, TWO]


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_post_comes_through_a_file_as_it_was(directory: Path, tmp_path: Path, form: str) -> None:
    """Exported and imported again: whatever is in it."""
    typed = ["--media", ONE, "--alt", "A cat", "--media", TWO, "--then", "Two", "--topic", "cats"]
    assert run_here(directory, "add", "mai", "One", *typed).code == 0
    file, other = tmp_path / f"posts.{form}", tmp_path / "other"
    assert run_here(directory, "export", str(file)).code == 0
    done = run_here(other, "import", str(file))
    assert done.code == 0, done.err
    assert [job.post for job in jobs(other)] == [job.post for job in jobs(directory)]


def test_a_file_for_a_tool_has_all_media_or_says_what_it_has_not(
    directory: Path, tmp_path: Path
) -> None:
    """Nothing of a post is left out in silence."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    typed = ["--media", ONE, "--media", TWO, "--then", "Two", "--topic", "cats"]
    assert run_here(directory, "add", "mai", "One", tomorrow, *typed).code == 0
    file = tmp_path / "publer.csv"
    done = run_here(directory, "export", str(file), "--like", "publer")
    assert done.code == 0, done.err
    assert f"{ONE}, {TWO}" in file.read_text("utf-8")
    assert "does not get post.parts[1]: 1" in done.err
    assert "does not get post.topic: 1" in done.err
    assert "media" not in done.err
