"""Real crashes: SIGKILL, failing system calls, a full disk, power cuts on a real file system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobledger import Ledger, StorageError

TESTS = Path(__file__).parents[1]

WRITER = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from jobledger import Ledger, StorageError

    try:
        ledger = Ledger(sys.argv[1])
        for n in range(20):
            ledger.add_job("a", "x", datetime.now(UTC), hold=True, job_id=f"{sys.argv[2]}-{n}")
            print(f"{sys.argv[2]}-{n}", flush=True)
    except StorageError as error:
        print(error, file=sys.stderr)
        sys.exit(9)
""")


def run_module(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", f"simulation.{name}", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        timeout=240,
        check=False,
    )


@pytest.mark.thorough
def test_hundreds_of_killed_processes_lose_nothing(tmp_path: Path) -> None:
    """Writers and runners, killed at any moment: what they said is there, each post out once."""
    done = run_module("kills", "--kills", "300", "--in", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["kills"] >= 300


@pytest.mark.thorough
def test_power_cuts_lose_nothing() -> None:
    """An ext4 that is shut down beneath its writers has, mounted again, all that they said."""
    if os.getuid() != 0:
        pytest.skip("mounting a file system needs root")
    done = run_module("power_cuts", "--cuts", "20")
    if done.returncode == 2:
        pytest.skip(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["cuts"] == 20


# -- failing system calls --------------------------------------------------------------------------


def strace(tmp_path: Path, directory: Path, name: str, inject: str) -> tuple[int, list[str], str]:
    """Run a writer with a failing system call; return its code, what it acknowledged, its error."""
    call = inject.partition(":")[0]
    done = subprocess.run(
        [
            "strace", "-f", "-o", str(tmp_path / "trace"), "-e", f"trace={call}",
            "-e", f"inject={inject}", sys.executable, "-c", WRITER, str(directory), name,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()[:100]}")
    return done.returncode, done.stdout.split(), done.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    ("inject", "code", "least"),
    [
        ("fdatasync:error=EIO:when=7", 9, 1),
        ("pwrite64:error=ENOSPC:when=12+", 9, 1),
        # Nothing is written then: of HEAD the first 40 bytes are the same each time.
        ("pwrite64:retval=40:when=7", 0, 20),
        ("fdatasync:signal=SIGKILL:when=9", -9, 1),
        ("rename:error=EIO:when=1", 9, 0),
    ],
)
def test_a_failing_system_call_loses_nothing(
    tmp_path: Path, inject: str, code: int, least: int
) -> None:
    """An error is an error, a short write is gone on with, and a killed writer has lost nothing;
    then the next one goes on."""
    directory = tmp_path / "jobs"
    ended, said, error = strace(tmp_path, directory, "first", inject)
    assert (ended, len(said) >= least) == (code, True), error
    assert code != 9 or "cannot" in error
    with Ledger(directory) as ledger:
        ledger.add_job("a", "afterwards", ledger.now(), job_id="afterwards")
        jobs = {job.job_id for job in ledger.list_jobs()}
        assert {*said, "afterwards"} <= jobs
        assert len(jobs) <= len(said) + 2
        assert ledger.verify().ok
        assert ledger.rebuild(check=True).changed == []


# -- a full disk -----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 160 KiB; `remount` makes it larger."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160k,mode=0700", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a tmpfs is not possible here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_refuses_and_there_is_room_again(small_disk: Path) -> None:
    """The error says what to do; with room, a reopened ledger goes on with all it acknowledged."""
    directory = small_disk / "jobs"
    said: list[str] = []
    ledger = Ledger(directory)

    def fill() -> None:
        for n in range(1000):
            said.append(ledger.add_job("a", "x" * 500, ledger.now(), job_id=f"job-{n}", hold=True))

    with pytest.raises(StorageError, match="the disk is full: make room"):
        fill()
    assert len(said) > 20
    with pytest.raises(StorageError):
        ledger.add_job("a", "x", ledger.now())
    ledger.close()
    with Ledger(directory, read_only=True) as reader:
        assert [job.job_id for job in reader.list_jobs()] == said

    command = ["mount", "-o", "remount,size=8m", str(small_disk)]
    subprocess.run(command, check=True)
    with Ledger(directory) as again:
        again.add_job("a", "x", again.now(), job_id="afterwards", hold=True)
        jobs = [job.job_id for job in again.list_jobs()]
        assert [job for job in jobs if job in said] == said
        assert "afterwards" in jobs
        assert again.verify().ok
        assert again.rebuild(check=True).changed == []
