"""Words for people are no part of the fold: other words, or another fold, leave files behind, never
wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from support.cli import run_here
from support.durability import files_of, let_go, records_read, saving_snapshots, without_background

from jobledger import (
    Change,
    ImportedJob,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    ScheduledJob,
    StorageError,
    ValidationError,
)
from jobledger.domain.job import fold
from jobledger.domain.job.messages import FACT, SENTENCES, What
from jobledger.ledger import rebuilding

MARKER, SNAPSHOT = "snapshot_daily_files.json", "snapshot_board"


@pytest.fixture
def jobs(directory: Path, clock: ManualClock) -> Path:
    """Make a ledger with jobs on three days, closed ones among them, and a snapshot of it."""
    with saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        for n in range(6):
            time = clock.now() + timedelta(days=n % 3)
            ledger.add_job("mai", "text", time, job_id=f"j{n}", hold=n == 5)
        for n in range(3):
            ledger.cancel_job(f"j{n}", "not now" if n else "")
        clock.advance(timedelta(hours=25))
        assert ledger.cleanup_expired_jobs() == 1
    return directory


@pytest.fixture(autouse=True)
def nobody_else_has_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """So there is nobody to wait for who would bring the files up."""
    monkeypatch.setattr(rebuilding, "_CATCH_UP_S", 0.0)


def daily_files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("jobs_*.json")}


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upgrade to a release that says something in other words."""
    monkeypatch.setitem(SENTENCES, What.SCHEDULED, lambda job, _: "In line")
    monkeypatch.setitem(SENTENCES, What.CANCELLED, lambda job, reason: f"Called off ({reason})")


def fold_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upgrade to a release that folds events otherwise."""
    monkeypatch.setattr(fold, "FOLD", fold.FOLD + 1)


def as_of_another(directory: Path) -> None:
    """Let the daily files be what another release's fold would have made of the same log."""
    for path in directory.glob("jobs_*.json"):
        path.write_bytes(path.read_bytes().replace(b'"mai"', b'"Mai"'))


def without_number(directory: Path) -> None:
    """Let the daily files be from the time when nothing said which fold had made them."""
    marker = json.loads((directory / MARKER).read_bytes())
    old = json.dumps({name: marker[name] for name in ("ledger", "seq")}, separators=(",", ":"))
    (directory / MARKER).write_text(old)


def behind(directory: Path) -> list[str]:
    """Return what `verify` says is behind, of a ledger in which it finds nothing wrong."""
    with Ledger(directory, read_only=True, use_snapshot=False) as ledger:
        report = ledger.verify()
    assert report.problems == []
    return [note for note in report.notes if " behind" in note]


def is_brought_up(directory: Path) -> bool:
    """Whether nothing is behind, and every file is what the log gives here."""
    with Ledger(directory, read_only=True) as ledger:
        return behind(directory) == [] and ledger.rebuild(check=True).changed == []


# -- other words -------------------------------------------------------------------------------


def test_other_words_make_no_sound_ledger_look_damaged(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its daily files are behind: they say it as the release before did."""
    assert is_brought_up(jobs)
    before = daily_files(jobs)
    reword(monkeypatch)
    assert len(behind(jobs)) == 1
    with Ledger(jobs, read_only=True) as ledger:
        assert ledger.get_job("j4").status_message == "In line"
        assert ledger.get_job("j1").status_message == "Called off (not now)"
        report = ledger.rebuild(check=True)
    assert {(each.file, each.kind) for each in report.differences} == {
        (name, "behind") for name in before
    }
    assert daily_files(jobs) == before


def test_other_words_are_in_the_daily_files_after_the_next_opening(
    jobs: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    reword(monkeypatch)
    with Ledger(jobs, clock=clock):
        pass
    assert is_brought_up(jobs)
    assert b'"In line"' in b"".join(daily_files(jobs).values())
    assert b'"Scheduled"' not in b"".join(daily_files(jobs).values())


def test_the_snapshot_knows_no_words_and_is_used_under_any(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reword(monkeypatch)
    read = records_read(monkeypatch)
    with Ledger(jobs, read_only=True) as ledger:
        assert ledger.get_job("j1").status_message == "Called off (not now)"
    assert read == []


@pytest.mark.parametrize("what", What)
def test_no_sentence_is_changed_without_another_number(
    what: What, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to remember it."""
    number, said = fold.wording(), SENTENCES[what]
    assert fold.wording() == number
    monkeypatch.setitem(SENTENCES, what, lambda job, detail: said(job, detail) + "!")
    assert fold.wording() != number


def test_a_text_that_came_from_elsewhere_is_data(
    directory: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    """Whatever it says, even what a sentence of ours says."""
    taken = ScheduledJob(
        job_id="old",
        account_id="a",
        content="c",
        scheduled_time=clock.now(),
        status_message="Scheduled",
    )
    with Ledger(directory, clock=clock) as ledger:
        ledger.import_jobs([ImportedJob(taken, "posts.csv", 1)])
        ledger.add_job("a", "c", clock.now(), job_id="new")
    reword(monkeypatch)
    with Ledger(directory, clock=clock) as ledger:
        said = [ledger.get_job(job_id).status_message for job_id in ("old", "new")]
    assert said == ["Scheduled", "In line"]


def test_a_job_that_is_handed_out_has_its_words(jobs: Path, clock: ManualClock) -> None:
    """However it is looked at: they stay what they were when it was handed out."""
    with Ledger(jobs, clock=clock) as ledger:
        job = ledger.get_job("j1")
        (listed,) = ledger.list_jobs(status=JobStatus.EXPIRED)
    assert msgspec.structs.asdict(job)["status_message"] == "Cancelled: not now"
    assert msgspec.to_builtins(job)["status_message"] == "Cancelled: not now"
    assert "status_message='Expired, 25.0 h late'" in repr(listed)
    assert msgspec.structs.replace(job, status_message="mine").status_message == "mine"


def test_a_projection_of_ones_own_gets_the_words(directory: Path, clock: ManualClock) -> None:
    class Messages:
        name = "messages"

        def __init__(self) -> None:
            self.said: list[str | None] = []

        def apply(self, change: Change) -> None:
            self.said.append(None if change.after is None else change.after.status_message)

        def render(self) -> bytes:
            return repr(self.said).encode()

    with Ledger(directory, clock=clock, projections=[Messages]) as ledger:
        ledger.add_job("a", "c", clock.now(), job_id="j")
        ledger.hold_job("j")
        ledger.edit_job("j", priority=JobPriority.LOW)
        ledger.remove_job("j")
        own = ledger.projection("messages")
        assert isinstance(own, Messages)
        assert own.said == ["Scheduled", "Held", "Held", None]


def test_what_a_message_tells_of_cannot_be_given_from_outside(jobs: Path) -> None:
    with Ledger(jobs, read_only=True) as ledger:
        document = ledger.get_job("j4").to_dict()
    document["status_message"] = msgspec.to_builtins(FACT[What.SCHEDULED])
    with pytest.raises(ValidationError, match="status_message"):
        ScheduledJob.from_dict(document)


# -- another fold ------------------------------------------------------------------------------

Upgrade = Callable[[pytest.MonkeyPatch, Path], None]


def _another_number(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    fold_otherwise(monkeypatch)


def _no_number(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    without_number(directory)
    header, _, body = (directory / SNAPSHOT).read_bytes().partition(b"\n")
    old = {name: value for name, value in json.loads(header).items() if name != "fold"}
    (directory / SNAPSHOT).write_bytes(json.dumps(old).encode() + b"\n" + body)


UPGRADES = pytest.mark.parametrize("upgrade", [_another_number, _no_number])


@UPGRADES
def test_what_another_fold_has_made_is_behind(
    jobs: Path, monkeypatch: pytest.MonkeyPatch, upgrade: Upgrade
) -> None:
    """The snapshot too: for `verify`, and for `rebuild --check`."""
    as_of_another(jobs)
    upgrade(monkeypatch, jobs)
    notes = behind(jobs)
    assert len(notes) == 2
    assert any(SNAPSHOT in note for note in notes)
    with Ledger(jobs, read_only=True) as ledger:
        report = ledger.rebuild(check=True)
    assert {each.kind for each in report.differences} == {"behind"}
    assert sorted(report.changed) == sorted(daily_files(jobs))


@UPGRADES
def test_the_next_opening_brings_it_up(
    jobs: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    upgrade: Upgrade,
) -> None:
    """A snapshot of another fold is not used, which is no fault; it is written anew."""
    good = daily_files(jobs)
    as_of_another(jobs)
    upgrade(monkeypatch, jobs)
    read = records_read(monkeypatch)
    caplog.set_level(logging.WARNING, "jobledger")
    with saving_snapshots(1), Ledger(jobs, clock=clock) as ledger:
        end = ledger.seq
    assert read == list(range(1, end + 1))
    assert caplog.records == []
    assert daily_files(jobs) == good
    assert is_brought_up(jobs)


@UPGRADES
def test_a_rebuild_brings_it_up(
    jobs: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock, upgrade: Upgrade
) -> None:
    """And says that it was behind, not that it was wrong."""
    good = daily_files(jobs)
    with without_background(), Ledger(jobs, clock=clock) as ledger:
        as_of_another(jobs)
        upgrade(monkeypatch, jobs)
        report = ledger.rebuild()
        assert {each.kind for each in report.differences} == {"behind"}
        assert sorted(report.changed) == sorted(good)
        assert daily_files(jobs) == good
    assert is_brought_up(jobs)


def test_files_of_the_same_fold_that_differ_are_wrong(jobs: Path) -> None:
    """As ever: it is not every difference that is forgiven."""
    as_of_another(jobs)
    with Ledger(jobs, read_only=True) as ledger:
        assert {problem.kind for problem in ledger.verify().problems} == {"projection"}
        assert {each.kind for each in ledger.rebuild(check=True).differences} == {"differs"}


def test_a_file_of_no_day_of_this_ledger_is_foreign_whatever_made_the_others(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold_otherwise(monkeypatch)
    (jobs / "jobs_1999-01-01.json").write_text("{}")
    with Ledger(jobs, read_only=True) as ledger:
        assert [Path(each.path).name for each in ledger.verify().problems] == [
            "jobs_1999-01-01.json"
        ]
        kinds = {each.file: each.kind for each in ledger.rebuild(check=True).differences}
    assert kinds == {"jobs_1999-01-01.json": "foreign"}


def test_two_releases_at_work_at_once_leave_no_mixture(jobs: Path, clock: ManualClock) -> None:
    """What the other one has written since is made anew with the next change of any day."""
    with without_background(), Ledger(jobs, clock=clock) as ledger:
        as_of_another(jobs)
        without_number(jobs)
        ledger.add_job("mai", "text", clock.now(), job_id="more")
    assert is_brought_up(jobs)


def test_bringing_up_that_breaks_off_leaves_files_behind_and_none_wrong(
    jobs: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    """For the release that comes, and for the one that goes."""
    as_of_another(jobs)
    older = fold.FOLD
    fold_otherwise(monkeypatch)
    with without_background():
        ledger = Ledger(jobs, clock=clock)
        put, written = files_of(ledger).writer._put, list[Path]()

        def put_two(path: Path, content: object) -> bool:
            if len(written) == 2:
                raise OSError("the plug is pulled")
            written.append(path)
            return put(path, content)  # type: ignore[arg-type]

        monkeypatch.setattr(files_of(ledger).writer, "_put", put_two)
        with pytest.raises(StorageError, match="the plug is pulled"):
            files_of(ledger).write()
        let_go(ledger)
    assert len(written) == 2
    assert behind(jobs) != []
    monkeypatch.setattr(fold, "FOLD", older)
    assert behind(jobs) != []


def test_the_commands_say_behind(jobs: Path) -> None:
    """`verify` exits with 0, `rebuild --check` with 1 as for any file that is behind."""
    as_of_another(jobs)
    without_number(jobs)
    done = run_here(jobs, "verify")
    assert (done.code, done.out.split(":")[0]) == (0, "ok")
    assert "daily files are behind" in done.err
    done = run_here(jobs, "rebuild", "--check")
    assert done.code == 1
    for name in daily_files(jobs):
        assert f"{name} is behind: the next opening brings it up" in done.out
