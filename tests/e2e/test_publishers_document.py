"""docs/publishers.md tells the truth: its programs are run, against the fake platform."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.crashes import TOKEN

from jobledger.publishers.fake_platform import FAULTS, FakePlatform
from jobledger.publishers.threads_parameters import REPLY_CONTROLS
from jobledger.publishers.webhook import signature

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/publishers.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def program(mark: str) -> str:
    """Return the one program that has this in it."""
    [found] = [text for text in PROGRAMS if mark in text]
    return str(found)


def test_the_program_for_threads_posts(tmp_path: Path) -> None:
    """As a script, with the token and the address in its environment; the token is nowhere."""
    (tmp_path / "my_threads.py").write_text(program("THREADS_URL"), "utf-8")
    with FakePlatform(tokens={TOKEN: "shop"}) as platform:
        settings = {"THREADS_URL": platform.threads_url, "THREADS_TOKEN": TOKEN}
        environment = os.environ | settings | {"PYTHONUTF8": "1", "NO_PROXY": "*"}
        done = subprocess.run(
            [sys.executable, "my_threads.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.stdout == "completed post-1 None\n", done.stderr
        assert platform.counts() == {("shop", "Xin chào 😀"): 1}
        [created] = [seen for seen in platform.seen if seen.exchange == "create"]
        assert b"topic_tag=hello" in created.body
    for path in (tmp_path / "jobs").iterdir():
        assert TOKEN.encode() not in path.read_bytes(), path.name
    assert TOKEN not in done.stderr


def test_the_program_for_mastodon_posts(tmp_path: Path) -> None:
    """As a script, with the token and the instance in its environment; the token is nowhere."""
    (tmp_path / "my_mastodon.py").write_text(program("MASTODON_URL"), "utf-8")
    with FakePlatform(tokens={TOKEN: "shop"}) as platform:
        settings = {"MASTODON_URL": platform.mastodon_url, "MASTODON_TOKEN": TOKEN}
        done = subprocess.run(
            [sys.executable, "my_mastodon.py"],
            cwd=tmp_path,
            env=os.environ | settings | {"PYTHONUTF8": "1", "NO_PROXY": "*"},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        [out] = platform.posts()
        assert done.stdout == f"completed {out.id} None\n", done.stderr
        assert (out.account, out.text) == ("shop", "Xin chào 😀")
    for path in (tmp_path / "jobs").iterdir():
        assert TOKEN.encode() not in path.read_bytes(), path.name
    assert TOKEN not in done.stderr


def test_the_program_for_bluesky_posts(tmp_path: Path) -> None:
    """A chain, with the handle and the password in its environment; the password is nowhere."""
    (tmp_path / "my_bluesky.py").write_text(program("BlueskyPublisher("), "utf-8")
    with FakePlatform(tokens={TOKEN: "shop"}) as platform:
        settings = {"BLUESKY_URL": platform.bluesky_url, "BLUESKY_PASSWORD": TOKEN}
        settings |= {"BLUESKY_HANDLE": "shop.test", "PYTHONUTF8": "1", "NO_PROXY": "*"}
        done = subprocess.run(
            [sys.executable, "my_bluesky.py"],
            cwd=tmp_path,
            env=os.environ | settings,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        first, second = platform.posts()
        assert done.stdout == f"completed {first.id} None\n", done.stderr
        assert (first.text, second.reply_to) == ("Xin chào 😀 #hello", first.id)
    for path in (tmp_path / "jobs").iterdir():
        assert TOKEN.encode() not in path.read_bytes(), path.name
    assert TOKEN not in done.stderr


def test_the_signature_is_verified_as_shown() -> None:
    """Genuine, forged, changed, too old, and no header at all."""
    names: dict[str, Any] = {}
    exec(program("def is_genuine"), names)
    is_genuine, body = names["is_genuine"], json.dumps({"content": "xin chào"}).encode()
    now = int(time.time())

    def header(at: int, secret: str = "shared") -> str:
        return f"t={at},v1={signature(secret, at, body)}"

    assert is_genuine("shared", header(now), body)
    assert not is_genuine("shared", header(now, "another"), body)
    assert not is_genuine("shared", header(now), body + b" ")
    assert not is_genuine("shared", header(now - 3600), body)
    assert not is_genuine("shared", header(now).replace(f"t={now}", f"t={now + 1}"), body)
    for nothing in ("", "t=,v1=", "v1=é", "t=12", "t=²,v1=0"):
        assert not is_genuine("shared", nothing, body)


def test_the_test_of_the_document_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the clock of the world: its one pause is a second."""
    monkeypatch.setenv("NO_PROXY", "*")
    names: dict[str, Any] = {}
    exec(program("FakePlatform("), names)
    names["test_a_post_survives_a_platform_that_answers_500_after_acting"](tmp_path)


@pytest.mark.parametrize("mark", ["secret=", "body="])
def test_the_programs_for_webhooks_are_accepted(mark: str) -> None:
    """Settings and templates are checked when they are given."""
    names: dict[str, Any] = {}
    exec(program(mark), names)
    assert names["publisher"].tier in ("state", "none")


def test_the_document_names_what_there_is() -> None:
    """The values of a setting, and no fault that is not there."""
    for value in REPLY_CONTROLS:
        assert f"`{value}`" in TEXT
    assert set(re.findall(r'fail\("\w+", "(\w+)"\)', TEXT)) <= set(FAULTS)
