"""Who lacks the libraries of an extra is told how to get them, as jobledger was installed."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from jobledger import release
from jobledger.release import how_to_install


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have this jobledger lie where one is installed: what is tried here lies in a clone."""
    monkeypatch.setattr(release, "__file__", str(tmp_path / "site-packages/jobledger/release.py"))


class Kept:
    """In place of the distribution that is installed: what pip keeps beside it."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.text


def told(monkeypatch: pytest.MonkeyPatch, kept: str | None) -> str:
    monkeypatch.setattr(
        importlib.metadata.Distribution, "from_name", staticmethod(lambda name: Kept(kept))
    )
    words = how_to_install("web")
    assert words.startswith("install the extra 'web': pip install ")
    return words.removeprefix("install the extra 'web': pip install ")


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        (None, "'jobledger[web]'"),
        (
            '{"url": "https://example.org/jobledger.git",'
            ' "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "v1"}}',
            "'jobledger[web] @ git+https://example.org/jobledger.git@v1'",
        ),
        (
            '{"url": "https://example.org/jobledger.whl", "archive_info": {}}',
            "'jobledger[web] @ https://example.org/jobledger.whl'",
        ),
        ('{"url": "file:///nowhere/any/more", "dir_info": {}}', "'.[web]' in a clone of jobledger"),
        ("no JSON", "'.[web]' in a clone of jobledger"),
        ("[]", "'.[web]' in a clone of jobledger"),
    ],
)
def test_the_way_that_is_told_is_the_way_it_came(
    monkeypatch: pytest.MonkeyPatch, kept: str | None, wanted: str
) -> None:
    assert told(monkeypatch, kept) == wanted


def test_a_clone_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a space in it, too; and one that can be edited stays so."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    plain = f'{{"url": "{clone.as_uri()}", "dir_info": {{}}}}'
    assert told(monkeypatch, plain) == f"'{clone}[web]'"
    monkeypatch.setattr(release, "__file__", str(clone / "release.py"))
    (clone / "pyproject.toml").touch()
    assert told(monkeypatch, None) == f"-e '{clone}[web]'"


def test_who_has_not_installed_it_is_told_of_a_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata.Distribution, "from_name", staticmethod(missing))
    assert how_to_install("web") == (
        "install the extra 'web': pip install '.[web]' in a clone of jobledger"
    )
