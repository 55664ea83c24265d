"""What somebody types who has not read the manual: it works, or a line says what would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.anchors import ROOT, package_files
from support.cli import Cli, run_here
from support.terminal import Terminal
from support.tiers import one_in

from jobledger import JobStatus, Ledger, OutcomeUnknown, PostResult, Scheduler
from jobledger.release import __version__

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def cli(directory: Path, tmp_path: Path) -> Cli:
    """Give the command line, and a ledger in Berlin in which nothing is yet."""
    Ledger(directory, timezone="Europe/Berlin").close()
    return Cli(directory, tmp_path)


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["tomorrow", "9:00"], ["tomorrow 9:00"], ["tomorrow", "at", "9am"]], ids=" ".join
)
def test_a_time_is_understood_in_the_ledgers_zone_and_said(cli: Cli, words: list[str]) -> None:
    """Quoted or not; standard output has the id alone."""
    done = cli.run("add", "mai", "text", *words, "--job-id", "one")
    assert (done.returncode, done.stdout) == (0, "one\n")
    with Ledger(cli.directory, read_only=True) as ledger:
        due = ledger.get_job("one").scheduled_time.astimezone(BERLIN)
    assert due.date() == datetime.now(BERLIN).date() + timedelta(days=1)
    assert (due.hour, due.minute, due.second) == (9, 0, 0)
    offset = due.isoformat()[-6:]
    pattern = (
        rf"jobledger: due {due:%a %Y-%m-%d} 09:00 {re.escape(offset)} \(Europe/Berlin\), in \d"
    )
    assert re.match(pattern, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


def test_every_command_that_gives_a_time_says_how_it_was_understood(cli: Cli) -> None:
    """Also with --json, which is what the program reads, not the person."""
    cli.ok("add", "mai", "text", "+1h", "--job-id", "one")
    for words in (["reschedule", "one", "in", "2", "hours"], ["requeue", "one", "+2h", "--json"]):
        done = cli.run(*words)
        assert (done.returncode, "(Europe/Berlin), in 2 hours" in done.stderr) == (0, True)
        cli.ok("cancel", "one")


def test_a_time_that_clocks_skip_is_said_where_it_is_given(cli: Cli) -> None:
    """One that lies behind is, too: it is due at once, or not at all."""
    year = datetime.now(BERLIN).year
    for spring in (year, year + 1):
        day = max(datetime(spring, 3, n, tzinfo=UTC) for n in range(25, 32)
                  if datetime(spring, 3, n, tzinfo=UTC).weekday() == 6)  # fmt: skip
        if day > datetime.now(UTC):
            break
    done = cli.run("add", "mai", "text", f"{day:%Y-%m-%d}", "2:30")
    assert "03:30 +02:00 (Europe/Berlin)" in done.stderr
    assert "02:30 is skipped on that day" in done.stderr
    assert "too late to be posted, it will expire" in cli.run("add", "mai", "x", "2d ago").stderr


def test_a_wrong_time_makes_no_ledger(tmp_path: Path) -> None:
    """Nor do wrong metadata, or a standard input that is no text."""
    for words in (["soon"], ["now", "--metadata", "{"], ["hello", "world"]):
        assert run_here(tmp_path / "new", "add", "mai", "text", *words).code == 2
    command = Cli(tmp_path / "new", tmp_path).command("add", "mai", "-")
    done = subprocess.run(command, input=b"\xff", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert not (tmp_path / "new").exists()


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"\xff\xfeh\x00i\x00", "standard input is not UTF-8: byte 0 is 0xff (iconv"),
        (b"ch\xe0o", "standard input is not UTF-8: byte 2 is 0xe0"),
        (b"", "content must not be empty"),
        (b"\n", "content must not be empty"),
        (b"x" * 2_000_000, "standard input is longer than 1048576 bytes"),
        (b"x" * 501, "content must be at most 500 characters, not 501"),
    ],
    ids=["utf-16", "latin-1", "nothing", "a line", "huge", "long"],
)
def test_what_standard_input_has_is_told_where_it_is_no_text(
    cli: Cli, given: bytes, says: str
) -> None:
    """In a line; nothing is added, and nothing edited."""
    with Ledger(cli.directory) as ledger:
        ledger.add_job("mai", "as it was", ledger.now(), job_id="one")
    for words in (["add", "mai", "-"], ["edit", "one", "--content", "-"]):
        done = subprocess.run(
            cli.command(*words), input=given, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
        assert says in done.stderr.decode()
    with Ledger(cli.directory, read_only=True) as ledger:
        assert [job.content for job in ledger.list_jobs()] == ["as it was"]


def test_a_byte_order_mark_and_the_last_line_break_are_no_part_of_a_text(cli: Cli) -> None:
    done = subprocess.run(
        cli.command("add", "mai", "-"), input="\ufeffxin\nchào\n".encode(),
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    with Ledger(cli.directory, read_only=True) as ledger:
        assert ledger.get_job(done.stdout.decode().strip()).content == "xin\nchào"


@pytest.mark.parametrize("words", [["add", "mai", "-"], ["import", "-", "--format", "jsonl"]])
def test_a_closed_standard_input_is_told(cli: Cli, words: list[str]) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *cli.command(*words)],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == b"jobledger: cannot read standard input: it is closed\n"


def test_an_argument_is_the_text_that_was_typed_whatever_the_locale(cli: Cli) -> None:
    """In one that knows ASCII alone, too: the bytes are UTF-8."""
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PATH": "/bin"}
    for words in (
        ["add", "bảo", "xin chào", "--job-id", "one", "--metadata", '{"chiến dịch": "xuân"}'],
        ["list", "--account", "bảo"],
    ):
        done = subprocess.run(
            cli.command(*words), env=environment, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, b"one" in done.stdout) == (0, True), done.stderr
    with Ledger(cli.directory, read_only=True) as ledger:
        job = ledger.get_job("one")
    assert (job.account_id, job.content) == ("bảo", "xin chào")
    assert job.metadata == {"chiến dịch": "xuân"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "mai", "x", "--metadata", "{bad"], 'such as \'{"campaign": "spring"}\''),
        (["add", "mai", "x", "--metadata", "[1]"], "metadata is not a JSON object"),
        (["add", "mai", "x", "--metadata", "[" * 5000], "metadata is not a JSON object"),
        (["show", "x" * 65], "a job's id has at most 64 characters, and this has 65"),
        (["show", "../../etc/passwd"], "no job '../../etc/passwd' in this ledger"),
        (["show", "\x1b[2J"], "\\x1b[2J"),
        (["resolve", "one"], "say --posted or --not-posted"),
        (["reschedule", "one"], "Missing argument 'TIME'"),
        (["list", "--status", "done"], "'done' is not one of 'pending', 'scheduled'"),
        (["list", "--stauts", "failed"], "--status"),
        (["list", "failed"], "unexpected extra argument (failed)"),
        (["add"], "Missing argument 'ACCOUNT'"),
        (["add", "mai", "hello", "world"], "'world' is not a time (use 9:00"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_use_is_a_line_that_says_what_would_be_right(
    cli: Cli, words: list[str], says: str
) -> None:
    done = run_here(cli.directory, *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err
    assert len(done.err) < 600


def test_a_module_that_ends_the_program_is_told(cli: Cli) -> None:
    """As a script does that was not meant to be imported; what it prints gets lost, not us."""
    (cli.cwd / "script.py").write_text("print('begun', flush=True)\nraise SystemExit(3)\n")
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" > /dev/full', "sh", *cli.command("run", "--publisher", "script:x")],
        cwd=cli.cwd, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2, b"jobledger: publisher 'script:x': cannot import script: SystemExit: 3\n",
    )  # fmt: skip


def test_it_works_from_a_zip_which_nobody_installed(tmp_path: Path) -> None:
    """The release, the help, and a job."""
    archive = tmp_path / "jobledger.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in package_files():
            packed.write(path, Path("jobledger") / path.relative_to(ROOT))
    program = (
        "import sys, jobledger; from jobledger.__main__ import main; "
        f"assert jobledger.__file__.startswith({str(archive)!r}); sys.exit(main())"
    )
    for words, said in (
        (["--version"], f"jobledger, version {__version__}"),
        (["--help"], "Usage: jobledger"),
        (["add", "mai", "text", "--job-id", "one"], "one"),
        (["list"], "1 job, times in"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(archive)}, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, said in done.stdout) == (0, True), done.stderr


def test_ctrl_c_is_a_line_also_while_the_program_is_still_loaded() -> None:
    """Whoever types fast; 130 as ever."""
    program = """
import sys
class Interrupts:
    def find_spec(self, name, path, target=None):
        if name == "jobledger.tools.grammar":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from jobledger.__main__ import main
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"jobledger: stopped\n")


# -- narrow terminals ------------------------------------------------------------------------------


@pytest.fixture
def busy(directory: Path) -> Path:
    """Make a ledger with long names, long texts, and every way for a job to end."""

    def publish(account_id: str, content: str) -> PostResult:
        if "unknown" in content:
            raise OutcomeUnknown("read timeout after sending the request to the platform")
        return PostResult("good" in content, error="HTTP 503 " + "and so on " * 9, retryable=False)

    with Scheduler(directory, on_interrupted="fail") as scheduler:
        for what in ("good", "bad", "unknown"):
            content = f"{what}: a text that is longer than a narrow terminal is wide"
            scheduler.add_job("an-account-with-a-long-name", content, scheduler.now(), job_id=what)
        scheduler.run_due(publish)
        later = scheduler.now() + timedelta(hours=3)
        scheduler.add_job("mai", "later", later, job_id="an-id-of-some-length", hold=True)
        assert scheduler.get_job("unknown").status is JobStatus.FAILED
    return directory


def test_a_table_with_nothing_in_it_says_that_nothing_is(busy: Path) -> None:
    """To a person; a program reads an empty output."""
    terminal = Terminal(busy, "audit", "--type", "expired")
    assert terminal.rest() == "jobledger: note: no event is as the options say\r\n"
    assert terminal.wait() == 0
    assert run_here(busy, "audit", "--type", "expired") == (0, "", "")


@pytest.mark.parametrize("columns", one_in(3, [40, 60, 80]))
@pytest.mark.parametrize(
    "words",
    [
        ["list"], ["status"], ["audit"], ["audit", "--type", "failed"], ["history", "unknown"],
        ["why", "unknown"], ["show", "bad"], ["stats"], ["replay", "--seq", "9"], ["verify"],
        ["diff", "3", "9"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_nothing_is_wider_than_the_terminal_and_what_happened_is_seen(
    busy: Path, words: list[str], columns: int
) -> None:
    """Of each row at least the beginning of its text."""
    terminal = Terminal(busy, *words, columns=columns, NO_COLOR="1")
    lines = terminal.rest().splitlines()
    assert terminal.wait() == 0
    assert max(map(len, lines)) <= columns
    text = " ".join(" ".join(lines).split())
    seen = {
        "list": "good: a", "status": "may be out", "audit": "HTTP 503", "history": "read timeout",
        "why": "read timeout", "show": "HTTP 503", "stats": "HTTP 503", "replay": "good: a",
        "verify": "head:", "diff": "HTTP 503",
    }  # fmt: skip
    assert seen[words[0]] in text, lines
