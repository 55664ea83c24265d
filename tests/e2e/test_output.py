"""What a command prints arrives, whatever reads it: any encoding, a full disk, nobody at all.

Each command is tried by the examples of its own help, so a new one is tried as well.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from support.examples import JOB, TEXT, Place, prints
from support.tiers import one_in

from jobledger import Ledger
from jobledger.tools.cli import COMMANDS, main

ENCODINGS = ["ascii", "cp1258", "iso2022_jp", "utf-16"]
ENDS = {"check": 1}
"""A command that finds something wrong: in the ledger of the examples a job has failed."""
IN_A_PROCESS = {"demo", "run", "serve"}
"""What starts processes, or logs for good, gets a process of its own."""
GOES_ON = {"serve"}
"""What ends when it is told to: `test_serve.py` has it under another locale."""
TAKES_SECONDS = {"demo"}
FULL = "jobledger: cannot write to standard output: No space left on device"
CLOSED = "jobledger: cannot write to standard output: it is closed"


def printed(words: list[str], encoding: str) -> tuple[int, str, str]:
    """Run a command in here, on streams that fail at what their encoding lacks."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, errors="strict") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    for stream in (out, err):
        stream.flush()
    said, complained = (stream.buffer.getvalue().decode(encoding) for stream in (out, err))
    return code, said, complained


def run(
    words: list[str], place: Place, redirection: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `jobledger` as a shell does, with its streams somewhere."""
    command = [sys.executable, "-m", "jobledger", *words]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        cwd=place.path,
        env=os.environ | {"JOBLEDGER_PORT": "0", "LAN_PASSWORD": "a long password"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("encoding", one_in(3, ENCODINGS))
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in IN_A_PROCESS])
def test_no_encoding_makes_a_command_fail(
    name: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor its help, nor an error; and JSON is UTF-8 whatever the terminal is."""
    place = Place(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAN_PASSWORD", "a long password")
    code, out, err = printed(prints(name), encoding)
    assert (code, out == "") == (ENDS.get(name, 0), False), err
    code, out, err = printed([name, "--help"], encoding)
    assert (code, err) == (0, "")
    assert f"jobledger {name}" in out
    code, _, err = printed([name, f"--{TEXT}"], encoding)
    assert (code, err.count("\n")) == (2, 1)
    assert place.jobs.exists()


@pytest.mark.parametrize(
    "name", one_in(9, [n for n in COMMANDS if n not in TAKES_SECONDS | GOES_ON])
)
def test_no_locale_makes_a_command_fail(name: str, tmp_path: Path) -> None:
    """A process of its own that knows ASCII alone: what it lacks is shown as escapes."""
    place = Place(tmp_path, name)
    done = run(prints(name), place, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert done.returncode == ENDS.get(name, 0), done.stderr
    assert (done.stdout + done.stderr).isascii()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"Xin ch\xe0o \u2013 \U0001f600\u2026 \u2190 \u043e\u043a"),
        ("iso8859-1", r"Xin chào \u2013 \U0001f600\u2026 \u2190 \u043e\u043a"),
        ("cp1258", r"Xin chào – \U0001f600… \u2190 \u043e\u043a"),
        ("koi8-r", r"Xin ch\xe0o \u2013 \U0001f600\u2026 \u2190 ок"),
        ("utf-16", TEXT),
    ],
)
def test_what_an_encoding_lacks_is_shown_as_an_escape(
    encoding: str, shown: str, tmp_path: Path
) -> None:
    """In a table, in one job, in a timeline, in an error; our own dashes are those of ASCII."""
    jobs = str(Place(tmp_path, "resolve").jobs)
    for words in (["list"], ["show", "3f2a"], ["history", "3f2a"], ["audit", "--error", "read"]):
        code, out, err = printed(["--ledger", jobs, *words], encoding)
        assert (code, err) == (0, "")
        assert shown in " ".join(out.split()), words
    code, _, err = printed(["--ledger", jobs, "add", "a", "x", TEXT], encoding)
    assert code == 2
    assert shown.split()[-1] in err
    code, out, _ = printed(["--ledger", jobs, "show", "due"], encoding)
    dash = "–" if encoding in ("cp1258", "utf-16") else "-"
    assert f"completed_at    {dash} " in out


def test_json_is_utf8_whatever_the_terminal_is(tmp_path: Path) -> None:
    place = Place(tmp_path, "show")
    done = run(["show", "3f2a", "--json"], place, PYTHONIOENCODING="ascii:strict")
    assert json.loads(done.stdout.decode())["content"] == TEXT
    assert TEXT in done.stdout.decode()


@pytest.mark.parametrize(("redirection", "says"), [("> /dev/full", FULL), (">&-", CLOSED)])
@pytest.mark.parametrize("name", one_in(9, COMMANDS))
def test_a_full_or_closed_output_is_one_line_and_exit_2(
    name: str, redirection: str, says: str, tmp_path: Path
) -> None:
    """Never a traceback, never 1, which means that something was found."""
    place = Place(tmp_path, name)
    done = run(prints(name), place, redirection, TMPDIR=str(tmp_path))
    [line] = done.stderr.decode().splitlines()
    assert (done.returncode, line.partition(";")[0]) == (2, says)


@pytest.mark.parametrize(
    ("words", "done", "status"),
    [
        (["add", "a", "x", "--job-id", "new"], "added new", None),
        (["hold", JOB], f"held {JOB}", "pending"),
        (["cancel", JOB, "--json"], f"cancelled {JOB}", "cancelled"),
        (["edit", JOB, "--content", "y"], f"edited {JOB}", "scheduled"),
        (["import", "posts.csv"], "imported 1 job", None),
        (
            ["run", "--publisher", "my_posts:publish", "--once"],
            "ran 2 jobs: 2 published",
            "completed",
        ),
        (["export", "out.csv"], "wrote out.csv", None),
        (["report", "--html", "out.html"], "wrote out.html", None),
        (["seal", "--new-key", "key"], "made the key key", None),
        (["rebuild"], "0 of 2 files rewritten", None),
        (["backup", "copy"], "copied to copy", None),
    ],
)
def test_what_was_done_stays_done_and_is_said(
    words: list[str], done: str, status: str | None, tmp_path: Path
) -> None:
    """The output is what failed, not the change."""
    place = Place(tmp_path, "add")
    with Ledger(place.jobs) as ledger:
        before = ledger.seq
        for job_id in (JOB, "due"):
            if words[0] == "run":
                ledger.reschedule_job(job_id, ledger.now())
    ended = run(words, place, "> /dev/full")
    assert ended.returncode == 2
    assert ended.stderr.decode().splitlines()[-1] == f"{FULL}; what was done stays done: {done}"
    with Ledger(place.jobs, read_only=True) as ledger:
        changes = words[0] not in ("export", "report", "seal", "rebuild", "backup")
        assert (ledger.seq > before) == changes
        if status is not None:
            assert ledger.get_job(JOB).status == status
        assert ledger.verify().ok


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
def test_a_publisher_that_prints_does_not_fail_by_that(redirection: str, tmp_path: Path) -> None:
    """Its post is out: a second attempt would be a second post."""
    place = Place(tmp_path, "run")
    (place.path / "my_posts.py").write_text(
        "from jobledger import PostResult\n"
        "def publish(account_id, content):\n"
        "    print(content, flush=True)\n"
        "    return PostResult(True)\n"
    )
    with Ledger(place.jobs) as ledger:
        ledger.reschedule_job(JOB, ledger.now())
    done = run(["run", "--publisher", "my_posts:publish", "--once"], place, redirection)
    assert (done.returncode, b"stays done: ran 1 job: 1 published\n" in done.stderr) == (2, True)
    with Ledger(place.jobs, read_only=True) as ledger:
        assert ledger.get_job(JOB).status == "completed"


@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "<&-", "<&- 2>&-"])
@pytest.mark.parametrize(
    "words", one_in(3, [["add", "a", "x"], ["list"], ["verify"]]), ids=lambda words: words[0]
)
def test_other_streams_may_be_closed(words: list[str], redirection: str, tmp_path: Path) -> None:
    """What is printed is whole, and nothing of it gets into the ledger's files."""
    place = Place(tmp_path, words[0])
    done = run(words, place, redirection)
    assert (done.returncode, done.stdout == b"") == (0, False)
    assert run(["verify"], place).returncode == 0


def test_with_no_stream_at_all_the_change_is_made_and_the_log_is_sound(tmp_path: Path) -> None:
    place = Place(tmp_path, "add")
    assert run(["add", "a", "x", "--job-id", "new"], place, "<&- >&- 2>&-").returncode == 2
    assert run(["show", "new"], place).returncode == 0
    assert run(["verify"], place).returncode == 0


def test_a_closed_output_that_nothing_is_written_to_is_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, "list")
    done = run(["list", "--status", "wrong"], place, ">&-")
    assert (done.returncode, b"wrong" in done.stderr) == (2, True)


@pytest.mark.parametrize("words", [["list"], ["audit"], ["export"], ["stats"], ["list", "--json"]])
def test_a_reader_that_goes_away_is_no_error(words: list[str], tmp_path: Path) -> None:
    """As `head` does; also of a table that rich has made."""
    place = Place(tmp_path, words[0])
    command = [sys.executable, "-X", "dev", "-W", "ignore", "-m", "jobledger", *words]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command, cwd=place.path, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_check_says_by_its_exit_code_what_nobody_has_read(tmp_path: Path) -> None:
    """`verify | head` of a damaged ledger is no success."""
    place = Place(tmp_path, "list")
    path = next(place.jobs.glob("events_*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"my-account", b"my-accounT", 1))
    reading, writing = os.pipe()
    os.close(reading)
    for words in (["verify"], ["repair"]):
        done = subprocess.run(
            [sys.executable, "-m", "jobledger", *words],
            cwd=place.path, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    os.close(writing)


def test_an_output_that_does_not_block_is_waited_for(tmp_path: Path) -> None:
    """As Node.js gives its children: a full pipe is not a full disk."""
    place = Place(tmp_path, "list")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [sys.executable, "-m", "jobledger", "list", "--json"], cwd=place.path, stdout=writing
    ) as process:
        os.close(writing)
        with open(reading, "rb") as file:
            jobs = json.load(file)
        assert process.wait(60) == 0
    with Ledger(place.jobs, read_only=True) as ledger:
        assert len(jobs) == len(ledger.list_jobs())
