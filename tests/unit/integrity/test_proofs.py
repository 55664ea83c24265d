"""Exported heads and day seals: what they prove, and how a rewritten past is caught."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.attacker import Line, rewrite
from support.eventstore import WatchedFileSystem

from jobledger import (
    ExportedHead,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    StorageError,
    ValidationError,
)
from jobledger.integrity.sealing import seal_days
from jobledger.integrity.seals import SigningKey
from jobledger.integrity.verify import verify_directory

DAY = timedelta(days=1)
KEY, OTHER = SigningKey.generate(), SigningKey.generate()


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Path:
    """Three days with a job each, closed: records 1 to 6."""
    with Ledger(directory, clock=clock) as opened:
        for number in range(3):
            opened.add_job("acc", f"text {number}", clock.now(), job_id=f"job-{number}")
            opened.cancel_job(f"job-{number}")
            if number < 2:
                clock.advance(DAY)
    return directory


def head_of(directory: Path) -> ExportedHead:
    report = verify_directory(directory)
    assert report.exported_head is not None
    return report.exported_head


def kinds(directory: Path, **more: Any) -> list[str]:
    return [problem.kind for problem in verify_directory(directory, **more).problems]


def go_on(directory: Path, clock: ManualClock) -> None:
    with Ledger(directory, clock=clock) as opened:
        opened.add_job("acc", "later", clock.now(), job_id="later")


def another_text(line: Line) -> Line:
    if line.get("job") == "job-1" and line["type"] == "added":
        line["data"]["content"] = "what I always said"
    return line


def without_the_second(line: Line) -> Line | None:
    return None if line.get("job") == "job-1" else line


def without_the_end(line: Line) -> Line | None:
    return None if line.get("job") == "job-2" and line["type"] == "cancelled" else line


# -- exported heads ----------------------------------------------------------------------------


def test_a_head_proves_that_nothing_before_it_has_changed(ledger: Path, clock: ManualClock) -> None:
    """Also when the log has gone on; how far, and how much is new."""
    head = head_of(ledger)
    go_on(ledger, clock)
    report = verify_directory(ledger, since_heads=[head])
    assert (report.ok, report.problems) == (True, [])
    assert report.proven == [
        "6 events up to 2026-03-04T12:00:00Z are what they were when the head was exported;"
        " 1 is new since"
    ]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (another_text, "rewritten"),
        (without_the_second, "truncated"),
        (without_the_end, "truncated"),
    ],
)
def test_a_past_that_was_rewritten_whole_passes_alone_and_fails_against_a_head(
    ledger: Path, change: Callable[[Line], Line | None], kind: str
) -> None:
    """Whoever can write the files can make them fit again; not what was kept elsewhere."""
    head = head_of(ledger)
    rewrite(ledger, change)
    assert kinds(ledger) == []
    report = verify_directory(ledger, since_heads=[head])
    assert [problem.kind for problem in report.problems] == [kind]
    assert (report.ok, report.proven, report.exported_head) == (False, [], None)


def test_one_event_less_and_one_more_is_a_rewritten_past(ledger: Path, clock: ManualClock) -> None:
    """The record of that number is another one; the line is named."""
    head = head_of(ledger)
    rewrite(ledger, without_the_end)
    go_on(ledger, clock)
    [problem] = verify_directory(ledger, since_heads=[head]).problems
    assert (problem.kind, problem.line) == ("rewritten", 3)
    assert problem.path == str(ledger / "events_2026-03-04.jsonl")
    assert "record 6 is not the one of the head exported at record 6" in problem.message


def test_several_heads_are_each_compared(ledger: Path, clock: ManualClock) -> None:
    """Older ones too: the chain covers all before each."""
    first = head_of(ledger)
    go_on(ledger, clock)
    second = head_of(ledger)
    assert len(verify_directory(ledger, since_heads=[first, second]).proven) == 2


def test_a_head_of_another_ledger_is_told(ledger: Path, tmp_path: Path) -> None:
    """It proves nothing here."""
    with Ledger(tmp_path / "other") as other:
        foreign = other.export_head()
    assert kinds(ledger, since_heads=[foreign]) == ["ledger"]


def test_the_head_of_an_empty_ledger_stands_for_its_first_line(
    directory: Path, clock: ManualClock
) -> None:
    """Sequence 0 and the header's hash; what comes later is new."""
    with Ledger(directory, clock=clock) as opened:
        head = opened.export_head()
    header = json.loads((directory / "events_2026-03-02.jsonl").read_bytes())
    assert (head.seq, head.at, head.hash) == (0, None, header["hash"])
    go_on(directory, clock)
    [proven] = verify_directory(directory, since_heads=[head]).proven
    assert proven.startswith("the ledger is what it was")
    rewrite(directory, lambda line: line | ({"timezone": "Asia/Tokyo"} if "day" in line else {}))
    assert kinds(directory, since_heads=[head]) == ["rewritten"]


def test_a_damaged_log_gives_no_head_and_proves_nothing(ledger: Path) -> None:
    """Neither here nor from the library."""
    head = head_of(ledger)
    path = ledger / "events_2026-03-03.jsonl"
    path.write_bytes(path.read_bytes().replace(b"text 1", b"text 9"))
    report = verify_directory(ledger, since_heads=[head])
    assert (report.exported_head, report.proven) == (None, [])
    assert any("proves nothing of a damaged one" in note for note in report.notes)
    with (
        Ledger(ledger, read_only=True) as opened,
        pytest.raises(LedgerCorruptError, match="only the head of a sound log"),
    ):
        opened.export_head()


def test_a_head_comes_back_from_its_document(ledger: Path) -> None:
    """And unknown keys of it are left alone."""
    head = head_of(ledger)
    document = json.loads(json.dumps(head.to_dict()))
    assert document["at"] == "2026-03-04T12:00:00.000000Z"
    assert ExportedHead.from_dict(document | {"comment": "mine"}) == head


@pytest.mark.parametrize(
    "change",
    [{"seq": -1}, {"seq": "6"}, {"hash": "zz"}, {"hash": "0" * 31}, {"at": "yesterday"},
     {"ledger": "a\nb"}, {"format": 2}, {"day": "2026-3-4"}],
)  # fmt: skip
def test_what_is_no_head_is_refused(ledger: Path, change: dict[str, Any]) -> None:
    """With the field, or the hint to upgrade."""
    document = head_of(ledger).to_dict() | change
    with pytest.raises(ValidationError, match=r"not an exported head|format 2 is not known"):
        ExportedHead.from_dict(document)
    with pytest.raises(ValidationError):
        ExportedHead.from_dict([document])


# -- seals -------------------------------------------------------------------------------------


def sealed(directory: Path, clock: ManualClock, **more: Any) -> list[str]:
    return [seal.day for seal in seal_days(directory, KEY, at=clock.now(), **more)]


def checked(directory: Path, *keys: SigningKey) -> list[str]:
    report = verify_directory(directory, public_keys=[key.public_pem for key in keys or (KEY,)])
    return [f"{problem.kind}: {problem.message}" for problem in report.problems]


def forge(directory: Path, name: str, /, **changes: Any) -> None:
    path = directory / f"seal_{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_finished_days_are_sealed_once(ledger: Path, clock: ManualClock) -> None:
    """The newest one only when it is asked for, and again when it has gone on."""
    assert sealed(ledger, clock) == ["2026-03-02", "2026-03-03"]
    assert sealed(ledger, clock) == []
    assert sealed(ledger, clock, today=True) == ["2026-03-04"]
    assert sealed(ledger, clock, today=True) == []
    go_on(ledger, clock)
    assert sealed(ledger, clock, today=True) == ["2026-03-04"]
    assert checked(ledger) == []
    assert (ledger / "seal_2026-03-04.json").stat().st_mode & 0o777 == 0o600


def test_seals_prove_the_past_up_to_the_last_of_them(ledger: Path, clock: ManualClock) -> None:
    """And a day without one of its own is covered by the next."""
    sealed(ledger, clock)
    (ledger / "seal_2026-03-02.json").unlink()
    report = verify_directory(ledger, public_keys=[KEY.public_pem])
    assert report.ok
    assert report.proven == [
        "4 events up to 2026-03-03T12:00:00Z are what they were when they were sealed at"
        " 2026-03-04T12:00:00.000000Z; 2 are new since"
    ]
    assert any("2026-03-02 has no seal of its own" in note for note in report.notes)


def test_without_a_key_seals_are_mentioned_and_not_judged(ledger: Path, clock: ManualClock) -> None:
    """One cannot be told from a forged one."""
    sealed(ledger, clock)
    forge(ledger, "2026-03-02", signature="")
    report = verify_directory(ledger)
    assert (report.ok, report.proven) == (True, [])
    assert "2 seals not checked: that needs the public key" in report.notes


@pytest.mark.parametrize("change", [another_text, without_the_second])
def test_a_rewritten_past_does_not_have_its_seals(
    ledger: Path, clock: ManualClock, change: Callable[[Line], Line | None]
) -> None:
    """Whoever rewrites it cannot sign it."""
    sealed(ledger, clock)
    rewrite(ledger, change)
    assert kinds(ledger) == []
    problems = checked(ledger)
    assert problems
    assert all(problem.startswith("seal: ") for problem in problems)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seq": 1}, "its signature does not match"),
        ({"hash": "0" * 32}, "its signature does not match"),
        ({"sealed_at": "2020-01-01T00:00:00.000000Z"}, "its signature does not match"),
        ({"signature": base64.b64encode(bytes(64)).decode()}, "its signature does not match"),
        ({"signature": "?"}, "its signature does not match"),
        ({"public_key": OTHER.public_pem}, "is none of those given"),
        ({"public_key": "PEM"}, "its public key is not readable"),
        ({"day": "2026-03-03"}, "it is the seal of 2026-03-03"),
        ({"format": 2}, "seals of format 2 are not known"),
        ({"seq": "one"}, "it is not a seal"),
    ],
)
def test_a_forged_seal_is_named(
    ledger: Path, clock: ManualClock, changes: dict[str, Any], says: str
) -> None:
    """With its file; the other one still counts."""
    sealed(ledger, clock)
    forge(ledger, "2026-03-02", **changes)
    report = verify_directory(ledger, public_keys=[KEY.public_pem])
    [problem] = report.problems
    assert (problem.kind, problem.path) == ("seal", str(ledger / "seal_2026-03-02.json"))
    assert says in problem.message


def test_a_seal_of_another_ledger_or_day_does_not_hold(
    ledger: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """However well it is signed."""
    seal = KEY.seal(
        ledger="another", day="2026-03-02", seq=2, digest="0" * 32,
        sealed_at="2026-03-04T12:00:00.000000Z",
    )  # fmt: skip
    path = ledger / "seal_2026-03-02.json"
    path.write_bytes(msgspec.json.encode(seal))
    assert checked(ledger) == ["seal: it is of another ledger, another"]
    head = head_of(ledger)
    seal = KEY.seal(
        ledger=head.ledger, day="2026-03-02", seq=6, digest=head.hash,
        sealed_at="2026-03-04T12:00:00.000000Z",
    )  # fmt: skip
    path.write_bytes(msgspec.json.encode(seal))
    assert checked(ledger) == ["seal: record 6, which it seals, is not of its day"]


def test_keys_are_trusted_by_those_who_give_them(ledger: Path, clock: ManualClock) -> None:
    """One of several will do; no seal at all is a problem, since they may have been removed."""
    assert checked(ledger) == ["seal: there is no seal, though a public key was given"]
    sealed(ledger, clock)
    assert checked(ledger, OTHER, KEY) == []
    assert len(checked(ledger, OTHER)) == 2


def test_only_a_sound_log_is_sealed(ledger: Path, clock: ManualClock) -> None:
    """Nothing is written otherwise, nor over a seal that does not fit."""
    sealed(ledger, clock)
    rewrite(ledger, another_text)
    with pytest.raises(LedgerCorruptError, match="find out why before you seal anything"):
        sealed(ledger, clock, today=True)
    path = ledger / "events_2026-03-03.jsonl"
    path.write_bytes(path.read_bytes().replace(b"acc", b"axx"))
    with pytest.raises(LedgerCorruptError, match="only a sound log is sealed"):
        sealed(ledger, clock, today=True)
    assert not (ledger / "seal_2026-03-04.json").exists()


def test_opening_rebuilding_and_copying_leave_seals_alone(ledger: Path, clock: ManualClock) -> None:
    """They are no projections."""
    sealed(ledger, clock)
    before = {path: path.read_bytes() for path in ledger.glob("seal_*")}
    with Ledger(ledger, clock=clock) as opened:
        opened.rebuild()
        opened.add_job("acc", "more", clock.now())
    assert {path: path.read_bytes() for path in ledger.glob("seal_*")} == before
    assert checked(ledger) == []


def test_openssl_checks_a_seal_by_the_document(
    ledger: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """The message, byte for byte; no code of ours."""
    version = subprocess.run(["openssl", "version"], capture_output=True, check=False, text=True)
    if version.returncode or not version.stdout.startswith("OpenSSL 3"):
        pytest.skip("there is no OpenSSL 3 here")
    sealed(ledger, clock)
    seal = json.loads((ledger / "seal_2026-03-03.json").read_text())
    message = "".join(
        ["jobledger seal 1\n", *(f"{name} {seal[name]}\n" for name in
                                 ("ledger", "day", "seq", "hash", "sealed_at"))]
    )  # fmt: skip
    names = {"message": message.encode(), "pub": seal["public_key"].encode()}
    names["sig"] = base64.b64decode(seal["signature"])
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pub", "-rawin"]
    command += ["-in", "message", "-sigfile", "sig"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr


# -- keys --------------------------------------------------------------------------------------


def test_a_key_comes_back_from_its_file_with_its_password_alone() -> None:
    """A wrong or missing one is told from a file that is none."""
    plain, secret = KEY.to_pem(), KEY.to_pem(b"secret")
    assert SigningKey.from_pem(plain).public_pem == KEY.public_pem
    assert SigningKey.from_pem(secret, b"secret").public_pem == KEY.public_pem
    for pem, password, says in [
        (secret, None, "the key is encrypted"),
        (secret, b"wrong", "or the password is wrong"),
        (plain, b"secret", "the key is not encrypted"),
        (KEY.public_pem.encode(), None, "not a private key in PEM"),
        (b"", None, "not a private key in PEM"),
    ]:
        with pytest.raises(ValidationError, match=says):
            SigningKey.from_pem(pem, password)
    assert "PRIVATE" not in repr(KEY)


# -- verify as a whole -------------------------------------------------------------------------


def test_verify_reads_every_byte_of_the_log_once(ledger: Path, clock: ManualClock) -> None:
    """However many heads and seals it is compared with."""
    head = head_of(ledger)
    sealed(ledger, clock, today=True)

    class Counting(WatchedFileSystem):
        read: dict[int, int] = {}

        def read_at(self, fd: int, count: int, offset: int) -> bytes:
            data = super().read_at(fd, count, offset)
            name = self._names.get(fd, "")
            if name.startswith("events_"):
                for at in range(offset, offset + len(data)):
                    self.read[hash((name, at))] = self.read.get(hash((name, at)), 0) + 1
            return data

    fs = Counting()
    verify_directory(ledger, fs=fs, since_heads=[head, head], public_keys=[KEY.public_pem])
    size = sum(path.stat().st_size for path in ledger.glob("events_*"))
    assert len(fs.read) == size
    assert set(fs.read.values()) == {1}


def test_the_chain_is_checked_by_code_that_the_writer_does_not_use() -> None:
    """So that one mistake cannot hide in both: of the log's rooms only the disk's seam is used."""
    import ast

    import jobledger.integrity as package

    folder = Path(package.__path__[0])
    for name in ("verify", "chain", "second_reader", "replay_check", "proofs", "findings", "heads"):
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        used = {
            f"{node.module}: {alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and "eventstore" in (node.module or "")
            for alias in node.names
        }
        seam = {"FileSystem", "is_no_file", "located", "storage_error", "storage_errors"}
        assert used <= {f"eventstore.engines.files: {each}" for each in seam}, name


def test_a_missing_ledger_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    """By both."""
    for work in (
        lambda: verify_directory(tmp_path / "none"),
        lambda: seal_days(tmp_path / "none", KEY, at=clock.now()),
    ):
        with pytest.raises(StorageError):
            work()


def test_a_ledger_tells_of_its_newest_seal_that_can_be_read(
    ledger: Path, clock: ManualClock
) -> None:
    """Whether it holds is another question."""
    with Ledger(ledger, clock=clock, read_only=True) as opened:
        assert opened.newest_seal() is None
        first, second = seal_days(ledger, KEY, at=clock.now())
        assert opened.newest_seal() == second
        newest = ledger / f"seal_{second.day}.json"
        newest.write_text(newest.read_text().replace(second.ledger, "another"))
        assert opened.newest_seal() is None
        newest.write_text("{")
        assert opened.newest_seal() is None
        newest.unlink()
        assert opened.newest_seal() == first
    with Ledger("memory:without-a-seal", clock=clock) as opened:
        assert opened.newest_seal() is None
