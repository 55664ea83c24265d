"""Where files of posts are is said before the command, in the environment, or in the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.cli import Done, run_cli_here
from support.media import png

from jobledger import Ledger, Media, Part, Post, Scheduler


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a directory of one's own, with a picture in it and nothing said in the environment."""
    for name in ("JOBLEDGER", "JOBLEDGER_DIR", "JOBLEDGER_CONFIG", "JOBLEDGER_MEDIA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("JOBLEDGER_KEEP_MEDIA", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png())
    return tmp_path


@pytest.fixture
def url() -> str:
    """Return a ledger that has no directory."""
    return f"memory:media{uuid4().hex}"


ADD = ("add", "shop", "Look", "+1h", "--platform", "mine", "--media", "a.png")


def run(*arguments: str) -> Done:
    return run_cli_here(*arguments)


def kept_in(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.glob("*/??/*")]


@pytest.mark.parametrize("way", ["option", "environment", "file"])
def test_a_ledger_on_a_server_keeps_its_files_there(
    here: Path, url: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen from the file, where that says it; the log has the job, and the files are whole."""
    options = ["--ledger", url]
    if way == "option":
        options += ["--media", "files"]
    elif way == "environment":
        monkeypatch.setenv("JOBLEDGER_MEDIA", "files")
    else:
        (here / "conf").mkdir()
        (here / "conf" / "shop.toml").write_text('media = "../files"\n')
        options += ["--config", "conf/shop.toml"]
    with Ledger(url, timezone="UTC"):
        done = run(*options, *ADD)
        assert done.code == 0, done.err
        assert kept_in(here / "files") == [png()]
        assert run(*options, "verify").code == 0
        status = json.loads(run(*options, "status", "--json").out)
        assert status["media_bytes"] == len(png())
        shown = json.loads(run(*options, "config", "show", "--json").out)["values"]
        assert [one["value"] for one in shown if one["name"] == "media"] == [
            "../files" if way == "file" else "files"
        ]


def test_stats_counts_the_files_and_their_bytes(here: Path, url: str) -> None:
    """Each once, whatever else is asked for; where none are kept, nothing is counted."""
    (here / "b.png").write_bytes(png(width=4, frames=2))
    size = len(png()) + len(png(width=4, frames=2))

    def counted(*options: str) -> object:
        done = run(*options, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)["media"]

    with Ledger(url, timezone="UTC"):
        stats = ["--ledger", url, "--media", "files", "stats"]
        assert counted(*stats) == {"files": 0, "bytes": 0}
        for file in ("a.png", "b.png", "a.png"):
            assert run("--ledger", url, "--media", "files", *ADD[:-1], file).code == 0
        assert counted(*stats) == {"files": 2, "bytes": size}
        assert counted(*stats, "--account", "nobody") == {"files": 2, "bytes": size}
        assert "\n2 files of posts kept, 0.0 MB\n" in run(*stats).out
        assert counted("--ledger", url, "stats") is None
        assert "of posts" not in run("--ledger", url, "stats").out


def test_an_option_counts_more_than_the_environment_and_that_more_than_the_file(
    here: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "shop.toml").write_text('media = "three"\n')
    with Ledger(url, timezone="UTC"):
        for options, expected in (
            (["--media", "one"], "one"),
            ([], "two"),
        ):
            monkeypatch.setenv("JOBLEDGER_MEDIA", "two")
            assert run("--ledger", url, "--config", "shop.toml", *options, *ADD).code == 0
            assert kept_in(here / expected) == [png()]
        monkeypatch.delenv("JOBLEDGER_MEDIA")
        assert run("--ledger", url, "--config", "shop.toml", *ADD).code == 0
        assert kept_in(here / "three") == [png()]


def test_without_a_place_a_file_is_refused(here: Path, url: str) -> None:
    with Ledger(url, timezone="UTC") as ledger:
        done = run("--ledger", url, *ADD)
        assert (done.code, "keeps none" in done.err) == (2, True)
        assert json.loads(run("--ledger", url, "status", "--json").out)["media_bytes"] is None
        assert ledger.seq == 0


def test_a_directory_has_its_own_place(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed for one would not count, and is refused; the environment is for others too."""
    done = run("--media", "files", *ADD)
    assert (done.code, "--media is for ledgers on a server" in done.err) == (2, True)
    assert not (here / "jobs" / "HEAD").exists()
    monkeypatch.setenv("JOBLEDGER_MEDIA", "files")
    assert run(*ADD).code == 0
    assert [path.read_bytes() for path in (here / "jobs" / "media").glob("??/*")] == [png()]
    assert not (here / "files").exists()


@pytest.mark.parametrize("way", ["option", "environment", "file"])
def test_a_runner_keeps_files_for_as_long_as_is_said(
    here: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cleans up when it runs for long: here it is asked with what it was opened with."""
    opened: list[timedelta] = []

    def run_due(scheduler: Scheduler, *_: object, **__: object) -> int:
        opened.append(scheduler._keep_media)
        return 0

    monkeypatch.setattr(Scheduler, "run_due", run_due)
    (here / "publisher.py").write_text("def post(account, content): ...\n")
    options = []
    if way == "option":
        options = ["--keep-media", "1.5"]
    elif way == "environment":
        monkeypatch.setenv("JOBLEDGER_KEEP_MEDIA", "1.5")
    else:
        (here / "jobledger.toml").write_text("keep_media = 1.5\n")
    with Ledger("jobs", timezone="UTC") as ledger:
        ledger.add_job("shop", "text", datetime.now(UTC), platform="mine")
    run(*options, "run", "--once", "--publisher", "publisher:post")
    assert opened == [timedelta(days=1.5)]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("media = 7", "media must be a text"),
        ("keep_media = -1", "keep_media must be from 0"),
        ("keep_media = true", "keep_media must be a number of days"),
        ('keep_media = "30"', "keep_media must be a number of days"),
        ("keep_media = nan", "keep_media must be from 0"),
    ],
)
def test_what_the_file_says_wrong_is_refused_with_its_line(
    here: Path, url: str, said: str, wrong: str
) -> None:
    (here / "jobledger.toml").write_text(f"{said}\n")
    with Ledger(url, timezone="UTC"):
        done = run("--ledger", url, "list")
    assert done.code == 2
    assert f"jobledger.toml, line 1: {wrong}" in done.err


def test_files_of_posts_count_in_what_is_told(here: Path) -> None:
    with Ledger("jobs", timezone="UTC") as ledger:
        file = ledger.add_media(png())
        post = Post([Part("Look", [Media("a.png", "A cat", file)])])
        ledger.add_job("shop", "", datetime.now(UTC), platform="mine", post=post)
    assert "files" in run("status").out
    assert json.loads(run("status", "--json").out)["media_bytes"] == len(png())
