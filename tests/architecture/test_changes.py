"""What users see of a change is entered as a file of `changes/`, of which the changelog is made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from support.anchors import ROOT
from support.required import missing

CHANGES = ROOT / "changes"
TOWNCRIER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
KINDS = {each["directory"]: each["name"] for each in TOWNCRIER["type"]}
BESIDE = {"README.md", Path(TOWNCRIER["template"]).name}
FRAGMENTS = sorted(path for path in CHANGES.iterdir() if path.name not in BESIDE)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.([a-z-]+)\.md")


def wrong_with(name: str, text: str) -> list[str]:
    """Say what is wrong with a file of `changes/`."""
    found = []
    kind = _NAME.fullmatch(name)
    if kind is None or kind[1] not in KINDS:
        found.append(f"its name is not a-few-words.KIND.md, KIND of {', '.join(KINDS)}")
    if not re.match(r"\S", text) or not text.endswith((".\n", ".)\n", "`\n")):
        found.append("it is not a sentence, or ends without a newline")
    if re.search(r"^(#|- |\* )", text, re.MULTILINE):
        found.append("it has a bullet or a heading, which come from its kind")
    if text.count("\n\n") or max(map(len, text.splitlines()), default=0) > 130:
        found.append("it is not one paragraph of lines of 130 characters at most")
    return found


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_each_entry_is_well_formed(path: Path) -> None:
    assert wrong_with(path.name, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.sort.md", "A thing.\n"),
        ("X Y.added.md", "A thing.\n"),
        ("added.md", "A thing.\n"),
        ("x.added.txt", "A thing.\n"),
        ("x.added.md", ""),
        ("x.added.md", "A thing."),
        ("x.added.md", "- A thing.\n"),
        ("x.added.md", "### Added\nA thing.\n"),
        ("x.added.md", "A thing.\n\nAnd another.\n"),
        ("x.added.md", f"{'x' * 131}.\n"),
    ],
)
def test_what_is_not_is_found(name: str, text: str) -> None:
    assert wrong_with("a-thing.log-format.md", "A thing\n(`x`).\n") == []
    assert len(wrong_with(name, text)) == 1


def test_the_kinds_are_those_of_the_changelog_and_of_the_readme() -> None:
    """Changes of the log have their own heading, since a log outlives the program that wrote it."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert set(re.findall(r"^### (.*)$", changelog, re.MULTILINE)) <= set(KINDS.values())
    assert KINDS["log-format"] == "Log format"
    readme = (CHANGES / "README.md").read_text("utf-8")
    assert [kind for kind in re.findall(r"`([a-z-]+)`", readme) if kind in KINDS] == [*KINDS]


def test_the_changelog_is_made_of_them_and_what_it_had_stays(tmp_path: Path) -> None:
    """In the form that it has."""
    program = ROOT / ".cache/tools/bin/towncrier"
    found = str(program) if program.exists() else shutil.which("towncrier")
    if found is None:
        missing("towncrier", "towncrier is not installed: `make changelog-draft` does that")
    (tmp_path / "changes").mkdir()
    for name in BESIDE:
        shutil.copy(CHANGES / name, tmp_path / "changes" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = "# Changelog\n\nIts form.\n\n## [Unreleased]\n\n"
    after = "### Fixed\n- What there was\n  already.\n"
    (tmp_path / "CHANGELOG.md").write_text(before + after, "utf-8")
    for name, text in {
        "two-lines.added.md": "A thing\nof two lines (`x`).\n",
        "another.added.md": "Another.\n",
        "key.log-format.md": "A record has a key more.\n",
    }.items():
        (tmp_path / "changes" / name).write_text(text, "utf-8")
    done = subprocess.run(
        [found, "build", "--yes", "--version", "1.2.3", "--date", "2026-11-28"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = (
        "## [1.2.3] - 2026-11-28\n\n### Added\n- Another.\n- A thing\n  of two lines (`x`).\n\n"
        "### Log format\n- A record has a key more.\n\n"
    )
    assert (tmp_path / "CHANGELOG.md").read_text("utf-8") == before + made + after
    assert {path.name for path in (tmp_path / "changes").iterdir()} == BESIDE


@pytest.mark.parametrize(
    ("tag", "left", "told"),
    [
        ("v1.2.3", None, "## [1.2.3] - 2026-11-28\n\n### Added\n- A thing.\n\n"),
        ("v1.2.2", None, "## [1.2.2] - 2026-10-01\n\n### Fixed\n- Another.\n"),
        ("v1.2.3", "x.added.md", None),
        ("v1.2.4", None, None),
    ],
    ids=["newest", "oldest", "an entry is left", "no such version"],
)
def test_a_release_tells_its_changes_or_is_refused(
    tag: str, left: str | None, told: str | None, tmp_path: Path
) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
    [step] = [
        step["run"]
        for step in workflow["jobs"]["build"]["steps"]
        if step.get("name") == "Its changes are under its version"
    ]
    (tmp_path / "changes").mkdir()
    for name in (*BESIDE, *([left] if left else [])):
        (tmp_path / "changes" / name).touch()
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-28\n\n### Added\n- A thing.\n\n"
        "## [1.2.2] - 2026-10-01\n\n### Fixed\n- Another.\n",
        "utf-8",
    )
    done = subprocess.run(
        ["bash", "-e", "-c", step],
        cwd=tmp_path,
        env=os.environ | {"TAG": tag, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")},
        check=False,
    )
    assert (done.returncode == 0) == (told is not None)
    if told is not None:
        assert (tmp_path / "summary").read_text("utf-8") == told
