"""Derived files with any damage: they stop nothing, and are made anew."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cli import run_here
from support.domain import NOON
from support.durability import saving_snapshots

from jobledger import Ledger, ManualClock
from jobledger.projections.projection import Change

NAMES = [
    "snapshot_board", "snapshot_daily_files.json", "snapshot_count.json", "jobs_2026-03-02.json",
    "projection_count",
]  # fmt: skip
JOBS = ["one", "two"]


class Count:
    """A projection of somebody's own."""

    name = "count"

    def __init__(self) -> None:
        self.seen = 0

    def apply(self, change: Change) -> None:
        self.seen += 1

    def render(self) -> bytes:
        return b'{"what": "events that were seen", "count": %d}\n' % self.seen


def put(data: bytes | Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(data if isinstance(data, bytes) else data(path.read_bytes()))

    return damage


def edited(**changes: str) -> Callable[[Path], None]:
    """Other values, as JSON, in the first line where that is an object."""

    def damage(path: Path) -> None:
        first, _, rest = path.read_bytes().partition(b"\n")
        try:
            document = json.loads(first)
        except ValueError:
            document = {"ledger": "none"}
        document = document if isinstance(document, dict) else {}
        parts = {key: json.dumps(value) for key, value in document.items()} | changes
        text = ",".join(f'"{key}":{value}' for key, value in parts.items())
        path.write_bytes(b"{" + text.encode() + b"}\n" + rest)

    return damage


def twice(content: bytes) -> bytes:
    """Each key of the first object is there twice, with another value at last."""
    return content.replace(b"{", b'{"seq":1,"ledger":"x",', 1).replace(b"}", b',"seq":99}', 1)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def full_directory(path: Path) -> None:
    directory(path)
    (path / "kept").write_text("somebody's")


def temporary_directory(path: Path) -> None:
    """In the place of the file that would be renamed over it, too."""
    path.unlink()
    (path.parent / f".{path.name}.tmp").mkdir()


def link(path: Path) -> None:
    target = path.parent.parent / "precious"
    path.rename(target)
    path.symlink_to(target)


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink,
    "truncated": put(lambda content: content[: len(content) // 2]),
    "without its last byte": put(lambda content: content[:-1]),
    "empty": put(b""),
    "zeros": put(lambda content: bytes(len(content))),
    "random bytes": put(lambda content: random.Random(7).randbytes(len(content))),
    "not UTF-8": put(lambda content: content[:12] + b"\xff\xfe" + content[12:]),
    "a flipped bit": put(lambda content: content[:20] + bytes([content[20] ^ 4]) + content[21:]),
    "more behind it": put(lambda content: content + b"more"),
    "deep lists": put(b"[" * 200_000),
    "deep objects": put(b'{"ledger":' * 50_000),
    "deep behind its header": put(lambda content: content.splitlines()[0] + b"\n" + b"\x91" * 9999),
    "null": put(b"null"),
    "a list": put(b"[1, 2]"),
    "huge numbers": edited(seq="9" * 400, size="9" * 400, format="9" * 400),
    "numbers beyond any": edited(seq="1e999", size="1e999"),
    "negative numbers": edited(seq="-1", size="-1", offset="-1"),
    "NaN": edited(seq="NaN", size="NaN"),
    "other types": edited(seq='"1"', ledger="7", hash="{}", size="[]"),
    "another ledger's": edited(ledger='"another"'),
    "keys twice": put(twice),
    "a directory": directory,
    "a full directory": full_directory,
    "its temporary file a directory": temporary_directory,
    "a link": link,
    "a dangling link": dangling_link,
    "a pipe": pipe,
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ledger with all derived files, to be copied and damaged."""
    directory, clock = tmp_path_factory.mktemp("sound") / "jobs", ManualClock(NOON)
    with saving_snapshots(1):
        for job in JOBS:
            with Ledger(directory, clock=clock, projections=[Count]) as ledger:
                ledger.add_job("a", job, clock.now(), job_id=job)
    assert set(NAMES) < {path.name for path in directory.iterdir()}
    return directory


@pytest.fixture
def written(sound: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Nobody else has it open, who would bring a file up that is behind.
    monkeypatch.setattr("jobledger.ledger.rebuilding._CATCH_UP_S", 0)
    shutil.copytree(sound, directory)
    with saving_snapshots(1):
        yield directory


damaged = pytest.mark.parametrize(
    ("name", "damage"),
    [pytest.param(name, DAMAGES[kind], id=f"{name}-{kind}") for name in NAMES for kind in DAMAGES],
)


@damaged
def test_looking_and_checking_say_what_they_can(
    written: Path, clock: ManualClock, name: str, damage: Callable[[Path], None]
) -> None:
    """Nothing is raised; what is looked at comes from the log."""
    damage(written / name)
    with Ledger(written, clock=clock, read_only=True, projections=[Count]) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == JOBS
        problems = ledger.verify().problems
        assert {problem.kind for problem in problems} <= {"projection"}
        assert all(Path(problem.path).name == name for problem in problems)
        ledger.rebuild(check=True)


@damaged
def test_writing_goes_on_and_makes_it_anew(
    written: Path, clock: ManualClock, name: str, damage: Callable[[Path], None]
) -> None:
    damage(written / name)
    with Ledger(written, clock=clock, projections=[Count]) as ledger:
        ledger.add_job("a", "three", clock.now(), job_id="three")
        ledger.write_behind()
    check_whole(written, clock, [*JOBS, "three"])


@damaged
def test_a_rebuild_makes_it_anew(
    written: Path, clock: ManualClock, name: str, damage: Callable[[Path], None]
) -> None:
    damage(written / name)
    with Ledger(written, clock=clock, projections=[Count]) as ledger:
        ledger.rebuild()
    check_whole(written, clock, JOBS)


def check_whole(directory: Path, clock: ManualClock, jobs: list[str]) -> None:
    with Ledger(directory, clock=clock, projections=[Count]) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == jobs
        assert ledger.rebuild(check=True).changed == []
        report = ledger.verify()
    assert (report.ok, report.problems) == (True, [])
    for name in NAMES[1:]:
        assert (directory / name).is_file()
        assert not (directory / name).is_symlink()


@pytest.mark.parametrize("kind", ["a directory", "a link", "deep lists", "keys twice"])
def test_the_commands_go_on_too(written: Path, kind: str) -> None:
    for name in NAMES[:2]:
        DAMAGES[kind](written / name)
        for command in ("list", "verify", "rebuild"):
            done = run_here(written, command)
            assert done.code == 0, (name, command, done)
            assert "Traceback" not in done.err
