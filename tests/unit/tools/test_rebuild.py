"""The command `rebuild`: what it says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock

PROJECTION = """
class Ids:
    name = "ids"

    def __init__(self):
        self.ids = []

    def apply(self, change):
        self.ids.append(change.event.job_id)

    def render(self):
        return "\\n".join(self.ids).encode()
"""


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "text", clock.now(), job_id="one")
    return directory


@pytest.fixture
def day(jobs: Path) -> Path:
    return jobs / "jobs_2026-03-02.json"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a projection of a user's, in a module of a name that no other test has."""
    name = f"views_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(PROJECTION)
    monkeypatch.syspath_prepend(tmp_path)
    return f"{name}:Ids"


def test_check_says_what_differs_and_a_rebuild_mends_it(jobs: Path, day: Path) -> None:
    """Exit 1 with the first lines that differ; then 0, and nothing differs any more."""
    assert run_here(jobs, "rebuild", "--check").out == (
        "1 events, 1 jobs, 1 file: all as the log gives them\n"
    )
    day.write_bytes(day.read_bytes().replace(b'"text"', b'"tent"'))
    done = run_here(jobs, "rebuild", "--check")
    assert done.code == 1
    first, name, found, due = done.out.splitlines()
    assert first == "1 events, 1 jobs, 1 file: 1 differs"
    assert name.strip().startswith("jobs_2026-03-02.json differs from line ")
    assert (found.strip(), due.strip()) == (
        'has: "content": "tent",', 'due: "content": "text",',
    )  # fmt: skip
    assert b"tent" in day.read_bytes()
    done = run_here(jobs, "rebuild")
    assert (done.code, done.out.splitlines()[0]) == (0, "1 events, 1 jobs, 1 file: 1 rewritten")
    assert run_here(jobs, "rebuild", "--check").code == 0


def test_as_json_the_report_is_one_object(jobs: Path, day: Path) -> None:
    """With every difference."""
    day.unlink()
    done = run_here(jobs, "rebuild", "--check", "--json")
    assert done.code == 1
    assert json.loads(done.out) == {
        "events": 1,
        "jobs": 1,
        "files": 1,
        "changed": [day.name],
        "differences": [
            {"file": day.name, "kind": "missing", "line": None, "found": None, "expected": None}
        ],
        "kept": None,
    }


def test_many_differences_are_counted_not_all_shown(jobs: Path) -> None:
    """The first ten, and how many more."""
    for number in range(12):
        (jobs / f"jobs_19{number + 10}-01-01.json").write_text("{}")
    out = run_here(jobs, "rebuild", "--check").out.splitlines()
    assert out[0].endswith("12 differ")
    assert out[1] == "  jobs_1910-01-01.json is not of this ledger's making"
    assert out[-1] == "  … and 2 more"
    assert len(out) == 12


def test_a_projection_of_ones_own_is_rebuilt_too(
    jobs: Path, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by module and object; `--only` takes its name."""
    monkeypatch.setattr("jobledger.ledger.rebuilding._CATCH_UP_S", 0)  # nobody writes it meanwhile
    done = run_here(jobs, "rebuild", "--projection", own, "--check")
    assert (done.code, "projection_ids is missing" in done.out) == (1, True)
    assert run_here(jobs, "rebuild", "--projection", own, "--only", "ids").code == 0
    assert (jobs / "projection_ids").read_text() == "one"
    assert run_here(jobs, "rebuild", "--projection", own, "--check").code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--only", "daily"], "there is no projection 'daily'"),
        (["--projection", "views"], "'views' is not of the form module:object"),
        (["--projection", "no_such_module:X"], "cannot import no_such_module"),
        (["--projection", "json:Nothing"], "json has no Nothing"),
        (["--projection", "json:dumps"], "cannot be made: TypeError"),
    ],
)
def test_wrong_names_are_one_line(jobs: Path, options: list[str], says: str) -> None:
    """Exit 2."""
    done = run_here(jobs, "rebuild", *options)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err


def test_a_damaged_log_is_never_rebuilt_from(jobs: Path, day: Path) -> None:
    """Nothing is written; the damage is named, exit 1."""
    log = jobs / "events_2026-03-02.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"text"', b'"tent"'))
    day.unlink()
    for options in ([], ["--check"]):
        done = run_here(jobs, "rebuild", *options)
        assert (done.code, done.out) == (1, "")
        assert f"{log}, line 2" in done.err
    assert not day.exists()
