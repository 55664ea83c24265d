"""The commands `verify` and `seal`: files, words and exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.attacker import rewrite
from support.cli import run_here

from jobledger import Ledger, ManualClock
from jobledger.release import how_to_install


@pytest.fixture
def jobs(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two days; the current directory is empty."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("acc", "one", clock.now(), job_id="one")
        clock.advance(timedelta(days=1))
        ledger.add_job("acc", "two", clock.now(), job_id="two")
    place = directory.parent / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return directory


def test_a_head_is_exported_kept_and_compared(jobs: Path) -> None:
    """`--export-head`, then `--since-head`: 0 as long as the past is what it was, else 1."""
    done = run_here(jobs, "verify", "--export-head", "head.json")
    assert done.code == 0
    assert "keep it elsewhere" in done.err
    assert json.loads(Path("head.json").read_text())["seq"] == 2
    done = run_here(jobs, "verify", "--since-head", "head.json")
    assert done.code == 0
    assert "proven: 2 events up to 2026-03-03T12:00:00Z are what they were" in done.out
    rewrite(jobs, lambda line: None if line.get("job") == "two" else line)
    assert run_here(jobs, "verify").code == 0
    done = run_here(jobs, "verify", "--since-head", "head.json")
    assert (done.code, "truncated  " in done.out) == (1, True)


def test_a_head_can_be_printed_and_read_from_standard_input(jobs: Path) -> None:
    """With `-`, for pipes: nothing else is on standard output."""
    done = run_here(jobs, "verify", "--export-head", "-")
    assert json.loads(done.out)["seq"] == 2
    assert done.err == ""


def test_a_head_is_never_written_over_without_being_told(jobs: Path) -> None:
    """Before anything is read."""
    Path("head.json").write_text("mine")
    done = run_here(jobs, "verify", "--export-head", "head.json")
    assert (done.code, done.out) == (2, "")
    assert "head.json is there already (--force writes over it)" in done.err
    assert Path("head.json").read_text() == "mine"
    assert run_here(jobs, "verify", "--export-head", "head.json", "--force").code == 0
    assert json.loads(Path("head.json").read_text())["seq"] == 2


def test_of_a_damaged_log_no_head_is_exported(jobs: Path) -> None:
    """Exit 1, and no file."""
    path = jobs / "events_2026-03-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b"one", b"eno"))
    for target in ("head.json", "-"):
        done = run_here(jobs, "verify", "--export-head", target)
        assert done.code == 1
        assert "no head was exported" in done.err
    assert not Path("head.json").exists()


def test_the_report_as_json_keeps_its_keys(jobs: Path) -> None:
    """With heads and seals checked, too."""
    run_here(jobs, "verify", "--export-head", "head.json")
    done = run_here(jobs, "verify", "--since-head", "head.json", "--json")
    assert set(json.loads(done.out)) == {"ok", "events", "files", "head", "problems"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seq": 1}', "\x00", '{"format": 9}'])
def test_a_file_that_is_no_head_is_one_line(jobs: Path, content: str) -> None:
    """It names the file; exit 2."""
    Path("head.json").write_text(content)
    done = run_here(jobs, "verify", "--since-head", "head.json")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "head.json: " in done.err
    done = run_here(jobs, "verify", "--since-head", "nowhere.json")
    assert (done.code, "cannot read nowhere.json" in done.err) == (2, True)


def test_days_are_sealed_and_the_seals_checked(jobs: Path) -> None:
    """The whole way of docs/proofs.md."""
    done = run_here(jobs, "seal", "--new-key", "seals")
    assert (done.code, "seals is the secret key, seals.pub the public one" in done.out) == (0, True)
    assert Path("seals").stat().st_mode & 0o777 == 0o600
    done = run_here(jobs, "seal", "--key", "seals")
    assert done.out.startswith("sealed 2026-03-02: everything up to record 1, ")
    assert run_here(jobs, "seal", "--key", "seals").out == "every finished day is sealed already\n"
    sealed = json.loads(run_here(jobs, "seal", "--key", "seals", "--today", "--json").out)["sealed"]
    assert [seal["day"] for seal in sealed] == ["2026-03-03"]
    done = run_here(jobs, "verify", "--public-key", "seals.pub")
    assert (done.code, "when they were sealed at" in done.out) == (0, True)
    rewrite(jobs, lambda line: line | {"job": "1"} if line.get("job") == "one" else line)
    done = run_here(jobs, "verify", "--public-key", "seals.pub")
    assert (done.code, done.out.count("seal  ")) == (1, 2)


def test_where_there_is_nothing_to_seal_it_says_why(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    """That every finished day is sealed is no word about a ledger that has none."""
    monkeypatch.chdir(tmp_path)
    Ledger(directory, clock=clock).close()
    assert run_here(directory, "seal", "--new-key", "seals").code == 0
    empty = run_here(directory, "seal", "--key", "seals")
    assert empty.code == 0
    assert empty.out.startswith("nothing to seal: no day is finished, the log has only its newest")
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
    begun = run_here(directory, "seal", "--key", "seals").out
    assert "its newest one (2026-03-02); --today seals that up to now" in begun
    assert run_here(directory, "seal", "--key", "seals", "--today").out.startswith("sealed 2026")
    again = run_here(directory, "seal", "--key", "seals", "--today").out
    assert again == "nothing to seal: all that happened is sealed already, if anything has\n"


def test_a_key_may_have_a_password(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, never from the command line."""
    monkeypatch.setenv("SEAL_PASSWORD", "much secret")
    assert run_here(jobs, "seal", "--new-key", "k", "--password-env", "SEAL_PASSWORD").code == 0
    assert b"ENCRYPTED" in Path("k").read_bytes()
    done = run_here(jobs, "seal", "--key", "k")
    assert (done.code, "k: the key is encrypted (give --password-env)" in done.err) == (2, True)
    assert run_here(jobs, "seal", "--key", "k", "--password-env", "SEAL_PASSWORD").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["seal"], "give --new-key to make a key, or --key"),
        (["seal", "--key", "a", "--new-key", "b"], "give --new-key to make a key, or --key"),
        (["seal", "--key", "nowhere"], "cannot read nowhere"),
        (["seal", "--new-key", "mine"], "mine is there already"),
        (["seal", "--key", "mine"], "mine: not a private key in PEM"),
        (
            ["seal", "--key", "mine", "--password-env", "NOT_SET_AT_ALL"],
            "NOT_SET_AT_ALL is not set",
        ),
        (["verify", "--public-key", "mine"], "mine: not a public key in PEM"),
    ],
)
def test_wrong_use_is_one_line(jobs: Path, arguments: list[str], says: str) -> None:
    """Exit 2, and nothing is written over."""
    Path("mine").write_text("mine")
    done = run_here(jobs, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err
    assert Path("mine").read_text() == "mine"


def test_without_the_extra_it_says_what_to_install(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit 2; plain verify needs nothing."""
    import sys

    monkeypatch.setitem(sys.modules, "cryptography", None)
    done = run_here(jobs, "seal", "--new-key", "k")
    assert done.code == 2
    assert f"seals need the package cryptography ({how_to_install('seal')})" in done.err
    assert run_here(jobs, "verify").code == 0
