"""The configuration file: what it may say, when it counts, and how a mapping gets there."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from support.anchors import ROOT
from support.cli import run_cli_here

from jobledger import Ledger
from jobledger.tools.cli import main
from jobledger.tools.commands.run import run as run_command
from jobledger.tools.configuration import RunSection, SavedImport
from jobledger.tools.importing.saved import section
from jobledger.tools.publisher_sections import SECTIONS

DAY = datetime.now(UTC).date() + timedelta(days=40)
COUNTS = "jobledger: jobledger.toml of this directory counts, see `jobledger config show`\n"
PUBLISHER = """
from pathlib import Path
from jobledger import PostResult

def post(account_id, content):
    Path("posted").write_text(content)
    return PostResult(True)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a current directory, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("JOBLEDGER", "JOBLEDGER_DIR", "JOBLEDGER_CONFIG", "JOBLEDGER_NOTIFY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(text: str, name: str = "jobledger.toml") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, "utf-8")


def refused(*arguments: str) -> str:
    done = run_cli_here(*arguments)
    assert done.code == 2, done.out
    return done.err


def shown(*arguments: str) -> dict[str, tuple[Any, str, int | None]]:
    """Return what counts by its name: the value, where it comes from, and the line."""
    done = run_cli_here(*arguments, "config", "show", "--json")
    assert done.code == 0, done.err
    values = json.loads(done.out)["values"]
    return {each["name"]: (each["value"], each["from"], each["line"]) for each in values}


# -- which value counts ------------------------------------------------------------------------


def test_the_ledger_is_where_the_file_says_as_seen_from_the_file(here: Path) -> None:
    """Also from another directory; and where it is not there, the error names the line."""
    write('\nledger = "data/mine"\n', "set/jobledger.toml")
    Ledger(here / "set/data/mine").close()
    assert run_cli_here("--config", "set/jobledger.toml", "status").code == 0
    (here / "set/data/mine").rename(here / "set/data/other")
    error = refused("--config", "set/jobledger.toml", "list")
    assert f"there is no ledger in {here}/set/data/mine" in error
    assert "which set/jobledger.toml, line 2 names" in error


def test_the_environment_counts_more_than_the_file_and_an_option_more_than_both(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('ledger = "a"\n[run]\nnotify = "https://file.example/x"\nquota = 7\n')
    assert shown()["ledger"] == (str(here / "a"), "jobledger.toml", 1)
    assert shown()["run.notify"] == ("https://file.example/…", "jobledger.toml", 3)
    assert shown()["run.quota"] == (7, "jobledger.toml", 4)
    assert shown()["run.concurrency"] == (1, "default", None)
    monkeypatch.setenv("JOBLEDGER", "b")
    monkeypatch.setenv("JOBLEDGER_NOTIFY", "https://me:pass@env.example/x")
    assert shown()["ledger"] == (str(here / "b"), "JOBLEDGER", None)
    assert shown()["run.notify"] == ("https://env.example/…", "JOBLEDGER_NOTIFY", None)
    assert shown("--dir", "c")["ledger"] == (str(here / "c"), "--dir", None)


def test_run_takes_every_option_by_a_variable_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is typed counts more, and the file less; a value that is none is named by its option."""
    write(PUBLISHER, "mine.py")
    write('ledger = "data"\n[run]\npublisher = "mine:post"\nconcurrency = 2\n')
    fields = RunSection.__struct_fields__
    assert {f"run.{name}" for name in fields} <= shown().keys()
    for name in fields:
        if name not in ("projection", "publisher"):
            monkeypatch.setenv(f"JOBLEDGER_RUN_{name.upper()}", "nonsense")
            assert shown()[f"run.{name}"][1] == f"JOBLEDGER_RUN_{name.upper()}", name
            monkeypatch.delenv(f"JOBLEDGER_RUN_{name.upper()}")
    assert run_cli_here("add", "shop", "hello", "now").code == 0
    monkeypatch.setenv("JOBLEDGER_RUN_CONCURRENCY", "none")
    refused = run_cli_here("run", "--once")
    assert (refused.code, "'--concurrency'" in refused.err) == (2, True)
    assert run_cli_here("run", "--once", "--concurrency", "1").out == "ran 1 job: 1 published\n"


def test_a_job_that_is_too_late_by_the_option_is_not_posted(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a second ago is too late, by a variable."""
    write(PUBLISHER, "mine.py")
    assert run_cli_here("--dir", "data", "add", "shop", "hello", "5 minutes ago").code == 0
    words = ("--dir", "data", "run", "--publisher", "mine:post", "--once")
    monkeypatch.setenv("JOBLEDGER_RUN_EXPIRE_AFTER_HOURS", "0.05")
    assert run_cli_here(*words).out == "ran 0 jobs\n"
    listed = run_cli_here("--dir", "data", "list", "--status", "expired")
    assert "shop" in listed.out


def test_run_takes_its_options_from_the_file(here: Path) -> None:
    """Those that are typed count more, and what the file says is checked as if it was typed."""
    write(PUBLISHER, "mine.py")
    write('ledger = "data"\n[run]\npublisher = "mine:post"\nconcurrency = 2\n', "with.toml")
    assert run_cli_here("--config", "with.toml", "add", "shop", "hello", "now").code == 0
    done = run_cli_here("run", "--once", "--config", "with.toml")
    assert (done.code, done.out) == (0, "ran 1 job: 1 published\n"), done.err
    assert (here / "posted").read_text() == "hello"
    error = refused("--config", "with.toml", "run", "--once", "--publisher", "nobody:post")
    assert "publisher 'nobody:post': cannot import nobody" in error
    write('ledger = "data"\n[run]\npublisher = "mine:post"\nconcurrency = 0\n', "with.toml")
    error = refused("--config", "with.toml", "run", "--once")
    assert error.startswith("jobledger: with.toml, line 4: run.concurrency: 0 is not in the range")
    assert run_cli_here("--config", "with.toml", "run", "--once", "--concurrency", "1").code == 0


def test_each_option_of_run_that_can_be_said_for_all_calls_is_in_the_section() -> None:
    """What is for one call alone, and the place of the ledger, are not."""
    ours = {"location_ledger", "location_dir", "config", "json"}
    once = {"once", "create", "exit_code", "limit"}
    names = {
        each.opts[0].lstrip("-").replace("-", "_")
        for each in run_command.params
        if isinstance(each, click.Option)
        and each.name not in ours
        and each.opts[0] not in ("--ledger", "--dir", "--config", "--json")
    }
    assert names - once == {*RunSection.__struct_fields__}
    assert once < names


# -- what it may say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("legder = 'x'", "line 1: legder is nothing that is read (did you mean ledger?"),
        ("\n[run]\n\non-interruptd = 1", "line 4: run.on-interruptd is nothing that is read"
         " (did you mean on_interrupted?"),
        ("publisher = 'a:b'", "line 1: publisher is nothing that is read (it belongs below [run]"),
        ("[run]\nonce = true", "line 2: run.once is nothing that is read"),
        ("ledger = 3", "line 1: ledger must be a text"),
        ("[run]\nquota = '9'", "line 2: run.quota is not right: Expected `int"),
        ("run = 1", "line 1: run must be a table: [run]"),
        ("[imports]\nteam = 1", "line 2: imports.team must be a table: [imports.team]"),
        ("[imports.team]\nmaps = {}", "line 2: imports.team.maps is nothing that is read (did you"
         " mean map?"),
        ("[imports.team]\nmap = { content = 3 }", "line 2: imports.team.map is not right"),
        ("[imports.team]\ndates = 'ymd'", "line 2: imports.team.dates is not right"),
        ("[imports.'a b']\n", "line 1: 'a b' is no name for a mapping"),
        ("[run\n", "jobledger.toml is no TOML: "),
        ("a = 1\nb = = 2", "(at line 2, column 5)"),
    ],
)  # fmt: skip
def test_what_nothing_reads_is_refused_with_its_line_and_what_was_meant(
    text: str, says: str
) -> None:
    write(text)
    assert says in refused("config", "show")


def test_a_file_that_is_not_utf8_or_not_there_is_refused(here: Path) -> None:
    (here / "latin.toml").write_bytes("ledger = 'Hà Nội'".encode("cp1258", "replace") + b"\xff")
    assert "latin.toml is not UTF-8" in refused("--config", "latin.toml", "config", "show")
    error = refused("--config", "nowhere.toml", "list")
    assert "cannot read nowhere.toml" in error
    assert "it is the configuration file that was named" in error
    assert "give one of them" in refused("--config", "a.toml", "config", "show", "--config", "b")


def test_a_file_with_a_byte_order_mark_is_read(here: Path) -> None:
    """As some editors write it."""
    (here / "jobledger.toml").write_bytes(b'\xef\xbb\xbfledger = "a"\r\n')
    assert shown()["ledger"] == (str(here / "a"), "jobledger.toml", 1)


def test_the_document_has_every_key_and_its_example_is_read() -> None:
    """Each section is in it, with what may stand there."""
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, re.S)
    write(example)
    assert shown()["run.publisher"] == ("threads", "jobledger.toml", 5)
    assert shown()["publishers.threads.tokens_file"] == ("tokens.json", "jobledger.toml", 11)
    assert shown()["imports.team.dates"] == ("dmy", "jobledger.toml", 18)
    kinds: list[type[msgspec.Struct]] = [RunSection, SavedImport, *SECTIONS.values()]
    for kind in kinds:
        for key in kind.__struct_fields__:
            assert f"`{key}`" in text, key


# -- when it counts ----------------------------------------------------------------------------


def test_a_file_that_lies_here_counts_and_that_is_told_once(here: Path) -> None:
    """Not where nothing of it counts; and one that was named counts in silence."""
    write('ledger = "data"\n')
    Ledger(here / "data").close()
    done = run_cli_here("list", "--json")
    assert (done.code, done.err) == (0, COUNTS)
    assert run_cli_here("--ledger", "data", "list").err == ""
    assert run_cli_here("--config", "jobledger.toml", "list").err == ""
    assert f"there is no ledger in {here}/jobs" in refused("--config", "/dev/null", "list")


def test_a_file_named_by_the_environment_counts_in_silence(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('ledger = "a"\n')
    write('ledger = "b"\n', "named.toml")
    Ledger(here / "b").close()
    monkeypatch.setenv("JOBLEDGER_CONFIG", "named.toml")
    assert run_cli_here("list").err == ""
    assert shown("--config", "jobledger.toml")["ledger"] == (str(here / "a"), "jobledger.toml", 1)


@pytest.mark.parametrize("way", ["others may write", "a group that is not ours", "not ours"])
def test_a_file_that_lies_here_and_others_may_have_written_is_refused(
    way: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could name the code that posts. Named, it counts."""
    write('ledger = "data"\n')
    Ledger(here / "data").close()
    path = here / "jobledger.toml"
    if way == "others may write":
        path.chmod(0o602)
    elif way == "a group that is not ours":
        path.chmod(0o620)
        monkeypatch.setattr(os, "getegid", lambda: path.stat().st_gid + 1)
    elif os.geteuid() == 0:
        os.chown(path, 4321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4321)
    error = refused("list")
    assert "it does not count unasked" in error
    assert "name it: --config jobledger.toml; to go without: --config /dev/null" in error
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert run_cli_here("--config", "jobledger.toml", "list").code == 0


def test_a_shell_that_completes_a_word_is_told_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids are those of the ledger that the file names."""
    write('ledger = "data"\n')
    with Ledger(here / "data") as ledger:
        job_id = ledger.add_job("shop", "hello", datetime.now(UTC))
    monkeypatch.setenv("_JOBLEDGER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "jobledger show ")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = run_cli_here()
    assert (done.out.strip(), done.err) == (f"plain,{job_id}", "")


def test_no_command_that_needs_no_ledger_looks_for_a_file(here: Path) -> None:
    """Nor does the help."""
    write("[broken")
    assert main(["--version"]) == 0
    assert main(["run", "--help"]) == 0
    assert main(["completion", "bash"]) == 0


# -- mappings ----------------------------------------------------------------------------------

CALENDAR = f"Text of it,When,What\nhello,{DAY} 10:00,Approved\nlater,{DAY} 11:00,Idea\n"
OPTIONS = (
    "--map", "content=Text of it", "--map", "scheduled_time=When", "--map", "status=What",
    "--set", "account_id=shop", "--state", "Approved=scheduled", "--state", "Idea=pending",
    "--times-in", "Asia/Saigon",
)  # fmt: skip


def test_a_mapping_is_kept_and_used_by_its_name(here: Path) -> None:
    """The same file by its name is the same import, so it adds nothing."""
    write(CALENDAR, "cal.csv")
    done = run_cli_here("import", "cal.csv", *OPTIONS, "--save-as", "team", "--timezone", "UTC")
    assert done.code == 0, done.err
    assert "kept in jobledger.toml: `--like team` says the same" in done.err
    assert tomllib.loads((here / "jobledger.toml").read_text("utf-8")) == {
        "imports": {
            "team": {
                "map": {"content": "Text of it", "scheduled_time": "When", "status": "What"},
                "set": {"account_id": "shop"},
                "state": {"Approved": "scheduled", "Idea": "pending"},
                "times_in": "Asia/Saigon",
            }
        }
    }
    assert stat.S_IMODE((here / "jobledger.toml").stat().st_mode) == 0o600
    done = run_cli_here("import", "cal.csv", "--like", "team")
    assert "in the ledger already, from an import: 2 jobs" in done.out
    assert done.err == COUNTS


def test_options_beside_the_name_count_more_field_by_field(here: Path) -> None:
    """A column in place of a value, and a value in place of a column, too."""
    write(CALENDAR + f"more,{DAY} 12:00,\n", "cal.csv")
    run_cli_here("import", "cal.csv", *OPTIONS, "--save-as", "team", "--timezone", "UTC")
    said = ("--like", "team", "--set", "account_id=other", "--map", "platform=What", "--set",
            "status=pending", "--times-in", "UTC", "--dry-run", "--json")  # fmt: skip
    done = run_cli_here("import", "cal.csv", *said)
    assert done.code == 0, done.err
    rows = [each["job"] for each in json.loads(done.out)["rows"]]
    assert [(row["account_id"], row["status"]) for row in rows] == [("other", "pending")] * 3
    assert rows[0]["scheduled_time"] == f"{DAY}T10:00:00+00:00"


def test_a_mapping_builds_on_a_tool(here: Path) -> None:
    """And on nothing else."""
    write('[imports.ours]\nlike = "buffer"\nset = { account_id = "shop", priority = 3 }\n')
    write(f"Text,Posting Time\nhello,{DAY} 10:00\n", "buffer.csv")
    done = run_cli_here("import", "buffer.csv", "--like", "ours")
    assert done.code == 0, done.err
    with Ledger(here / "jobs", read_only=True) as ledger:
        (job,) = ledger.list_jobs()
    assert (job.account_id, job.content, int(job.priority)) == ("shop", "hello", 3)
    write('[imports.ours]\nlike = "team"\n')
    error = refused("import", "buffer.csv", "--like", "ours")
    assert "jobledger.toml, line 2: imports.ours.like is 'team', which is no tool" in error


def test_a_name_that_is_not_there_is_refused_with_what_was_meant() -> None:
    write("[imports.team]\n")
    error = refused("import", "x.csv", "--like", "taem")
    assert "'taem' is neither a tool nor saved; did you mean team?" in error
    assert "and jobledger.toml has team" in error
    assert "did you mean buffer?" in refused(
        "--config", "/dev/null", "import", "x", "--like", "bufer"
    )


def test_what_cannot_be_kept_is_refused_before_anything_is_imported(here: Path) -> None:
    """A tool's name, one that is there, one that is none, a file that is none."""
    write(CALENDAR, "cal.csv")
    write("[imports.team]\n")
    said = ("import", "cal.csv", *OPTIONS, "--save-as")
    assert "buffer is a tool that --like knows" in refused(*said, "buffer")
    assert "jobledger.toml, line 1: there is a mapping team already" in refused(*said, "team")
    assert "'a b' is no name for a mapping" in refused(*said, "a b")
    assert "is no file to write to" in refused("--config", "/dev/null", *said, "mine")
    assert not (here / "jobs").exists()


def test_what_is_in_the_file_stays_as_it_is(here: Path) -> None:
    """Comments, mode and all; a file that nothing can be put behind is refused."""
    write(CALENDAR, "cal.csv")
    write("# ours\n[imports.team]  # and theirs")
    (here / "jobledger.toml").chmod(0o640)
    done = run_cli_here("import", "cal.csv", *OPTIONS, "--save-as", "mine", "--timezone", "UTC")
    assert done.code == 0, done.err
    text = (here / "jobledger.toml").read_text("utf-8")
    assert text.startswith("# ours\n[imports.team]  # and theirs\n\n[imports.mine]\n")
    assert stat.S_IMODE((here / "jobledger.toml").stat().st_mode) == 0o640
    write("imports = { team = {} }")
    error = refused("import", "cal.csv", *OPTIONS, "--save-as", "mine")
    assert "is written in a way in which nothing can be put behind it" in error
    assert (here / "jobledger.toml").read_text("utf-8") == "imports = { team = {} }"


def test_a_dry_run_shows_the_section_and_keeps_nothing(here: Path) -> None:
    """Not where a name says it already."""
    write(CALENDAR, "cal.csv")
    done = run_cli_here("import", "cal.csv", *OPTIONS, "--save-as", "team", "--dry-run")
    assert '  [imports.team]\n  map = { content = "Text of it", ' in done.err
    assert not (here / "jobledger.toml").exists()
    done = run_cli_here("import", "cal.csv", *OPTIONS, "--dry-run")
    assert "as --save-as NAME puts it into jobledger.toml:\n  [imports.NAME]\n" in done.err
    run_cli_here("import", "cal.csv", *OPTIONS, "--save-as", "team", "--timezone", "UTC")
    assert run_cli_here("import", "cal.csv", "--like", "team", "--dry-run").err == COUNTS


@pytest.mark.parametrize("odd", ['"', "\\", "\n", "\x7f", "\x00", "é 🎉", "a.b", "=", ""])
def test_any_text_in_a_mapping_comes_back_as_it_was(odd: str) -> None:
    """Of columns and of words."""
    saved = SavedImport(
        like="buffer",
        map={"content": odd, odd: "x"},
        set={"account_id": odd, "priority": 3},
        state={odd: "pending"},
        sheet=odd,
    )
    assert tomllib.loads(section("one", saved)) == {
        "imports": {
            "one": {
                "like": "buffer",
                "map": {"content": odd, odd: "x"},
                "set": {"account_id": odd, "priority": 3},
                "state": {odd: "pending"},
                "sheet": odd,
            }
        }
    }
