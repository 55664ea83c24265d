"""A post of several parts, typed: what stands behind what belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, Link, Media, Part, Poll, Post, ScheduledJob


def only_job(directory: Path) -> ScheduledJob:
    """Return the one job that there is."""
    with Ledger(directory, read_only=True) as ledger:
        [job] = ledger.list_jobs()
    return job


def add(directory: Path, *typed: str) -> ScheduledJob:
    """Add a job, and return it."""
    done = run_here(directory, "add", "mai", "One", *typed)
    assert done.code == 0, done.err
    return only_job(directory)


def test_what_stands_before_the_next_part_is_of_this_one(directory: Path) -> None:
    """Media, their descriptions, and whatever else a part has; `--media=x` is the same."""
    job = add(
        directory,
        *("--media", "https://a.vn/1.jpg", "--alt", "one", "--media=https://a.vn/2.jpg"),
        *("--then", "Two", "--poll", "a", "--poll", "b", "--poll-minutes", "60"),
        *("--then", "Three", "--link", "https://a.vn", "--quote", "17"),
        *("--topic", "cats", "--reply-to", "16", "--audience", "public"),
    )
    first, second = Media("https://a.vn/1.jpg", "one"), Media("https://a.vn/2.jpg")
    assert job.content == "One"
    assert job.post == Post(
        (
            Part("One", (first, second)),
            Part("Two", poll=Poll(("a", "b"), 60)),
            Part("Three", link=Link("https://a.vn"), quote="17"),
        ),
        topic="cats",
        reply_to="16",
        audience="public",
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--alt", "a"], "--alt stands behind no --media"),
        (["--media", "https://a", "--alt", "a", "--alt", "b"], "--alt stands behind no --media"),
        (["--media", "https://a", "--then", "b", "--alt", "a"], "--alt stands behind no --media"),
        (["--quote", "1", "--quote", "2"], "--quote is there twice for one part"),
        (["--poll-minutes", "60"], "--poll-minutes is for a part with --poll"),
        (["--poll", "a"], "post.parts[0].poll.options must be 2 to 50, not 1"),
        (["--topic", "a", "--topic", "b"], "--topic is given 2 times"),
        (["--then", " "], "post.parts[1].text has nothing that can be seen"),
        (["--language", "vi"], "post.language is set, and Threads has no languages"),
    ],
)
def test_what_belongs_to_nothing_is_refused(directory: Path, typed: list[str], said: str) -> None:
    done = run_here(directory, "add", "mai", "One", *typed)
    assert done.code != 0
    assert said in done.err.replace("\n", " ")


def test_a_text_alone_has_no_post(directory: Path) -> None:
    assert add(directory).post is None


def test_an_edit_says_all_that_a_post_has(directory: Path) -> None:
    """Besides its text, which stays unless it is given, too."""
    job = add(directory, "--media", "https://a.vn/1.jpg", "--topic", "cats")
    assert run_here(directory, "edit", job.job_id, "--then", "Two").code == 0
    assert only_job(directory).post == Post((Part("One"), Part("Two")))
    assert run_here(directory, "edit", job.job_id, "--content", "1", "--topic", "x").code == 0
    assert only_job(directory).post == Post((Part("1"),), "x")
    assert run_here(directory, "edit", job.job_id, "--content", "2").code == 0
    assert only_job(directory).post == Post((Part("2"),), "x")


def test_it_is_shown_line_by_line(directory: Path) -> None:
    typed = ["--media", "https://a.vn/1.jpg", "--alt", "one", "--then", "Two", "--poll", "a"]
    job = add(directory, *typed, "--poll", "b", "--topic", "cats")
    shown = run_here(directory, "show", job.job_id).out
    for line in (
        "topic cats",
        "1. media https://a.vn/1.jpg: one",
        "2. Two",
        "2. poll a / b, open for 1440 min",
    ):
        assert line in shown
