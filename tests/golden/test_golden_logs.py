"""Logs written by earlier releases stay readable for ever, and mean the same.

All have format 1, and those of `v1*/` event types at schema 1: `v1/` is the oldest, `v1-pacing/`
has jobs that were held back, `v1-import/` jobs that were imported in each state, `v1-found/` what
`completed` says of posts that were asked about, or whose id could not be read, `v1-by/` records
that say who caused them, and one that does not, `v1-schedules/` schedules of each rule with what
became of their jobs, and the slots of an account; `v2-posts/` has posts of every kind, at schema 2,
with their files. They are never written again; a new schema or format gets a folder of its own.
"""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from jobledger import Ledger, ScheduledJob
from jobledger.domain.codec import EVENT_TYPES
from jobledger.domain.job.fold import FOLD
from jobledger.integrity.verify import verify_directory

GOLDEN = sorted(path for path in Path(__file__).parent.glob("v*") if path.is_dir())

FOLDED = {
    "v1": "24e81ebb225bbdb3",
    "v1-pacing": "429f7a3a06b3435d",
    "v1-import": "2b37bc927836309d",
    "v1-found": "a923e8ad7884ed3b",
    "v1-by": "06a5544d1185b925",
    "v1-schedules": "d80d3f1b5e499acc",
    "v2-posts": "468320e621d820d2",
}
"""What each is folded to by the `FOLD` of today."""
SCHEDULES_FOLDED = "eb0636f023e8d802"
"""The same, of the schedules and slots of `v1-schedules/`."""


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Copy one golden ledger."""
    copy = tmp_path / "jobs"
    shutil.copytree(request.param, copy)
    return copy


def test_its_jobs_are_what_they_were(golden: Path) -> None:
    """Every field of every job, and the state behind the fields."""
    expected = json.loads((golden / "expected.json").read_text("utf-8"))
    with Ledger(golden) as ledger:
        jobs = [
            job.to_dict()
            | {
                "version": job.version,
                "attempt": job.attempt,
                "in_doubt": job.in_doubt,
                "outcome_unknown": job.outcome_unknown,
                "checkpoints": job.checkpoints,
            }
            for job in ledger.list_jobs()
        ]
    assert jobs == expected


@pytest.mark.parametrize("name", FOLDED)
def test_it_is_folded_by_the_number_that_is_said(name: str) -> None:
    """An event that leads to another state than it did needs a new `FOLD`: else what older releases
    have derived looks damaged. The state is compared without its words."""
    with Ledger(Path(__file__).parent / name, read_only=True) as ledger:
        jobs = sorted(ledger._state.board.jobs.each(), key=lambda job: job.order)
        state = json.dumps([_plain(job) for job in jobs], sort_keys=True).encode()
    assert (FOLD, sha256(state).hexdigest()[:16]) == (2, FOLDED[name])


def test_its_schedules_are_what_they_were() -> None:
    with Ledger(Path(__file__).parent / "v1-schedules", read_only=True) as ledger:
        found = [msgspec.to_builtins(each) for each in (*ledger.schedules(), ledger.slots("shop"))]
    state = json.dumps(found, sort_keys=True).encode()
    assert (len(found), sha256(state).hexdigest()[:16]) == (4, SCHEDULES_FOLDED)


def _plain(job: ScheduledJob) -> dict[str, object]:
    """Return the state of a job as it was kept once: with each fact of its doubt by itself."""
    plain: dict[str, object] = msgspec.to_builtins(job)
    plain.pop("doubt", None)
    facts = ("in_doubt", "exhausted", "outcome_unknown", "may_be_out")
    return plain | {name: True for name in facts if getattr(job, name)}


def test_its_events_give_their_lines_back(golden: Path) -> None:
    """Those at today's schema; older ones are brought up, so they differ by design."""
    lines = [
        json.loads(line)
        for path in sorted(golden.glob("events_*.jsonl"))
        for line in path.read_text("utf-8").split("\n")[1:-1]
    ]
    with Ledger(golden, read_only=True) as ledger:
        assert [event.to_dict() for event in ledger.events()] == lines


def test_it_verifies_and_its_daily_files_are_the_same_bytes(golden: Path) -> None:
    """Nothing of what it had is changed by opening or rebuilding; only the marker says anew by
    which rules and in which words the daily files are made."""
    before = {path.name: path.read_bytes() for path in golden.glob("*.json*")}
    with Ledger(golden) as ledger:
        assert ledger.rebuild().changed == []
        assert ledger.verify().problems == []
    after = {path.name: path.read_bytes() for path in golden.glob("*.json*")}
    assert after.keys() == before.keys()
    changed = {name for name in before if after[name] != before[name]}
    assert changed <= {"snapshot_daily_files.json"}


def test_its_posts_have_their_files(tmp_path: Path) -> None:
    """In the store as it was made, so that it is found by later releases, too."""
    copy = tmp_path / "jobs"
    shutil.copytree(Path(__file__).parent / "v2-posts", copy)
    with Ledger(copy) as ledger:
        files = [
            media.file
            for job in ledger.list_jobs()
            for media in (job.post.media if job.post is not None else ())
            if media.file is not None
        ]
        assert {file.kind for file in files} == {"png", "jpeg", "gif", "webp", "mp4", "mov"}
        for file in files:
            data = ledger.media_path(file.sha256).read_bytes()
            assert (len(data), sha256(data).hexdigest()) == (file.size, file.sha256)


def test_seals_of_format_1_hold_for_ever(tmp_path: Path) -> None:
    """`sealed/` was sealed with a key that nobody has any more; its public half is beside it."""
    copy = tmp_path / "jobs"
    shutil.copytree(Path(__file__).parent / "sealed", copy)
    report = verify_directory(copy, public_keys=[(copy / "seals.pub").read_bytes()])
    assert (report.problems, len(report.proven)) == ([], 1)


def test_the_golden_logs_have_every_event_type() -> None:
    """So that no type can lose its reader unnoticed."""
    found = {
        json.loads(line)["type"]
        for folder in GOLDEN
        for path in folder.glob("events_*.jsonl")
        for line in path.read_text("utf-8").split("\n")[1:-1]
    }
    assert found == set(EVENT_TYPES)
