"""The documentation tells the truth: what it shows is run."""

from __future__ import annotations

import inspect
import itertools
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from planted.bugs import BUGS
from support import postgres
from support.mutants import Table
from support.shown import Place, matches
from switches.rules import RULES

import jobledger
from jobledger import JobStatus, Ledger, ManualClock, NewJob, ScheduledJob, Scheduler
from jobledger.domain.codec import EVENT_TYPES
from jobledger.tools.cli import COMMANDS, cli
from jobledger.tools.notifying import Notifier
from jobledger.tools.session import Session

ROOT = Path(__file__).resolve().parents[2]
FEW_EXAMPLES = """
from hypothesis import settings

settings.register_profile("few", max_examples=5, stateful_step_count=15)
settings.load_profile("few")
"""
"""In a `conftest.py`: what is shown is tried, and not what it is shown of."""


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def printed(program: str, cwd: Path) -> str:
    """Return what a program prints that runs without an error; `examples/` is on its path."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT / "examples")},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_projection_of_the_document_runs_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the example's file, and its table comes out as printed; a rebuild finds nothing."""
    projection, program = blocks("docs/projections.md", "python")
    assert (ROOT / "examples/my_views.py").read_text("utf-8").partition("\n\n")[2] == projection
    [table] = blocks("docs/projections.md", "text")
    assert printed(program, tmp_path) == table + "\n"
    monkeypatch.syspath_prepend(ROOT / "examples")
    views = import_module("my_views")
    with Ledger(tmp_path / "jobs", projections=[views.PerAccount]) as ledger:
        assert ledger.rebuild(check=True).changed == []
        assert ledger.rebuild(check=True, only=["per_account.csv"]).files == 1


def test_the_first_program_of_the_readme_runs_as_shown(tmp_path: Path) -> None:
    """And prints what the README says it prints."""
    program = next(each for each in blocks("README.md", "python") if "with Scheduler" in each)
    assert printed(program, tmp_path) == "my-account: Xin chào!\ncompleted\n"
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) <= 12


def test_what_the_readme_shows_first_is_what_happens(tmp_path: Path) -> None:
    first = (ROOT / "README.md").read_text("utf-8").partition("\n## ")[0]
    assert Place(tmp_path).do(first) == 8


PAGES = [
    *(f"docs/tutorial/{name}.md" for name in ("first-post", "daemon", "calendar")),
    *(f"docs/how-to/{name}.md" for name in ("logging", "manual-clock", "migrate")),
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_to_be_done_can_be_done(name: str, tmp_path: Path) -> None:
    """In an empty directory, from its top to its end; what it shows is what is printed."""
    assert Place(tmp_path).do((ROOT / name).read_text("utf-8")) > 0


def test_the_tutorial_in_vietnamese_shows_the_same() -> None:
    for name in ("first-post", "daemon", "calendar"):
        shown = re.compile(r"^(?:<!-- file: .*?\n)?```.*?^```", re.MULTILINE | re.DOTALL)
        pages = (ROOT / f"docs/tutorial/{path}.md" for path in (name, f"vi/{name}"))
        here, there = (shown.findall(page.read_text("utf-8")) for page in pages)
        assert here == there, name
        assert here, name


def test_the_publisher_with_a_token_is_made_as_shown(tmp_path: Path) -> None:
    Place(tmp_path).do((ROOT / "docs/how-to/threads-token.md").read_text("utf-8"))
    assert printed("import my_threads; print(my_threads.publisher.tier)", tmp_path) != ""
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_ledger_moves_to_postgresql_as_shown(tmp_path: Path) -> None:
    """After the tutorial's first page, so that there is one to be moved."""
    place = Place(tmp_path, SHOP=postgres.new_url())
    for name in ("docs/tutorial/first-post.md", "docs/how-to/postgresql.md"):
        assert place.do((ROOT / name).read_text("utf-8")) > 0


def test_what_is_shown_and_not_printed_is_noticed() -> None:
    """By the comparison of these pages: only what varies may, and how wide a column is."""
    shown = "job  f6f40f2e at 2027-01-11 07:30:00 took 3 ms\n…\nend"
    assert matches(shown, "job f0f0f0f0 at 2026-12-01 17:31:59.123 took 11.5 s\nmore\nend")
    assert not matches(shown, "job f0f0f0f0 at 2026-12-01 17:31:59 took long\nmore\nend")
    assert not matches(shown, "job f0f0f0f0 at 2026-12-01 17:31:59 took 3 ms\nmore")
    assert not matches("ok: 3 events", "ok: 4 events")


def test_the_readme_has_every_command() -> None:
    """The table of commands and the command line agree."""
    table = (ROOT / "README.md").read_text("utf-8").split("## The command line")[1].split("##")[0]
    for name in COMMANDS:
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", table), name


def test_the_manual_is_that_of_the_commands() -> None:
    """What `make manual` writes is what stands there."""
    written = (ROOT / "docs/commands.md").read_text("utf-8")
    made = runpy.run_path(str(ROOT / "docs/refresh_commands.py"))["manual"]()
    assert written == made, "run `make manual`"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example_that_is_understood(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line of it is a command with options that there are."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    help_text = inspect.cleandoc(command.help or "")
    _, found, example = help_text.partition("\b\nExample:\n")
    lines = [line for line in example.split("\n\n")[0].splitlines() if "jobledger" in line]
    assert found
    assert lines
    for line in lines:
        words = shlex.split(re.sub(r'^\s*eval "\$\((.*)\)"', r"\1", line), comments=True)
        words = words[words.index("jobledger") + 1 :]
        words = [*itertools.takewhile(lambda word: word not in ("|", ">", "<", "&&"), words)]
        while words[0].startswith("-"):
            words = words[2:]
        assert words[0] == name, line
        command.make_context(name, words[1:], resilient_parsing=False, obj=Session())


def test_the_reader_of_the_log_format_reads_a_ledger(directory: Path, clock: ManualClock) -> None:
    """The second reader in the document gives what the library gives, over two days."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = ledger.add_job("a", "một\u2028hai", clock.now(), metadata={"k": [1, None]})
        clock.advance(timedelta(hours=13))
        ledger.cancel_job(job_id)
        expected = [event.to_dict() for event in ledger.events()]
    names: dict[str, Any] = {}
    exec(blocks("docs/log-format.md", "python")[0], names)
    assert list(names["read"](directory)) == expected
    assert len(list(directory.glob("events_*.jsonl"))) == 2
    damaged = min(directory.glob("events_*.jsonl"))
    damaged.write_bytes(damaged.read_bytes().replace(b"hai", b"ba "))
    with pytest.raises(AssertionError):
        list(names["read"](directory))


def test_the_log_format_has_every_event_type_with_its_fields() -> None:
    """The table of events and the declared types agree."""
    text = (ROOT / "docs/log-format.md").read_text("utf-8")
    table = text.split("## The events")[1].split("## HEAD")[0]
    rows = {
        kind: row
        for row in re.findall(r"^\| (`.*)\|$", table, re.MULTILINE)
        for kind in re.findall(r"`(\w+)`", row.split("|")[0])
    }
    assert set(rows) - {"type"} == set(EVENT_TYPES)
    for kind, data in EVENT_TYPES.items():
        for field in data.__struct_fields__:
            assert f"`{field}`" in rows[kind], (kind, field)


def test_the_events_of_the_log_format_have_a_class_each(tmp_path: Path) -> None:
    """Which is a public name; the program that tells them apart runs."""
    program = blocks("docs/log-format.md", "python")[1]
    assert printed(program, tmp_path) == "1 my-account Xin chào!\n"
    for kind, data in EVENT_TYPES.items():
        named = kind if "_" in kind else f"job_{kind}"
        assert data.__name__ == "".join(part.capitalize() for part in named.split("_"))
        assert getattr(jobledger, data.__name__) is data


def test_the_program_that_watches_runs_as_shown(tmp_path: Path) -> None:
    """Its last number is that of the last event."""
    program, _ = blocks("docs/reading.md", "python")
    assert printed(program, tmp_path).splitlines() == [
        "1 added hello", "2 started hello", "3 completed hello", "go on behind 3",
    ]  # fmt: skip


def test_the_program_that_walks_over_pages_runs_as_shown(tmp_path: Path) -> None:
    """More jobs than a page has, of two accounts; what does not wait is not counted."""
    _, program = blocks("docs/reading.md", "python")
    now = datetime.now(UTC)
    with Ledger(tmp_path / "jobs") as ledger:
        ledger.add_jobs(NewJob("b" if n else "a", f"text {n}", now) for n in range(120))
        ledger.cancel_job(ledger.list_jobs("b", limit=1)[0].job_id)
    assert printed(program, tmp_path) == "a 1\nb 118\n"


def test_every_test_that_a_document_names_is_there() -> None:
    """A promise that names who holds it is none if nobody of that name does."""
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    tests = {name for text in files.values() for name in re.findall(r"def (test_\w+)\(", text)}
    named = 0
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for code in re.findall(r"`([^`\n]*\btest_[^`\n]*)`", page.read_text("utf-8")):
            for file, test in re.findall(r"\b(test_\w+\.py)(?:::(test_\w+))?", code):
                named += 1
                assert file in files, f"{page.name}: {code}"
                assert f"def {test or 'test_'}" in files[file], f"{page.name}: {code}"
            for test in re.findall(r"(?<![\w.:/])(test_\w+)(?!\w|\.py)", code):
                named += 1
                assert test in tests, f"{page.name}: {code}"
    assert named > 80


def test_the_publisher_of_the_document_posts_once_through_a_crash(
    directory: Path, clock: ManualClock
) -> None:
    """It dies after sending; the next runner's finds the post, and uses the same draft."""
    out: dict[str, str] = {}
    names: dict[str, Any] = {
        "make_draft": lambda content: f"draft of {content}",
        "find_post": lambda key: out.get(key),
    }
    exec(blocks("docs/attempts.md", "python")[0], names)

    def dies_after_sending(draft: str, key: str) -> str:
        out[key] = f"post of {draft}"
        raise KeyboardInterrupt

    names["send"] = dies_after_sending
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "hello", clock.now(), job_id="one")
        with pytest.raises(KeyboardInterrupt):
            scheduler.run_due(names["Publisher"]())
        clock.advance(timedelta(minutes=5))
        scheduler.run_due(names["Publisher"]())
        job = scheduler.get_job("one")
    assert (job.status, job.thread_id) == ("completed", "post of draft of hello")
    assert job.checkpoints == {"draft": "draft of hello"}


def test_the_hook_of_the_document_is_called_as_shown(tmp_path: Path) -> None:
    """Both kinds of hook; and what `--notify` sends has the keys that stand there."""
    hook, _sentry, program = blocks("docs/operations.md", "python")
    [shown] = blocks("docs/operations.md", "text")
    for each in ("one", "both"):
        (tmp_path / each).mkdir()
    assert printed(program, tmp_path / "one") == shown
    assert printed(hook + program, tmp_path / "both").splitlines() == [
        "my-account: the account is closed",
        *shown.splitlines(),
    ]
    [document] = blocks("docs/operations.md", "json")
    job = ScheduledJob(
        job_id="4711", account_id="my-account", content="x", scheduled_time=datetime.now(UTC),
        status=JobStatus.FAILED, attempt=1, error="the account is closed",
    )  # fmt: skip
    notifier = Notifier("http://127.0.0.1/", "/srv/posts/jobs")
    assert json.loads(document) == json.loads(notifier.document(job))


def test_the_log_says_who_did_it_as_shown(tmp_path: Path) -> None:
    [program] = blocks("docs/who.md", "python")
    [shown] = blocks("docs/who.md", "text")
    assert printed(program, tmp_path) == shown


def test_why_is_said_in_two_languages_as_shown(tmp_path: Path) -> None:
    [program] = blocks("docs/why.md", "python")
    [shown] = blocks("docs/why.md", "text")
    assert printed(program, tmp_path) == shown


def test_what_is_to_come_of_a_rule_is_as_shown(tmp_path: Path) -> None:
    programs, shown = (blocks("docs/schedules.md", kind) for kind in ("python", "text"))
    assert [printed(program, tmp_path) for program in programs] == shown


def test_every_link_to_a_file_leads_somewhere() -> None:
    """Relative links in all documents."""
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_kit_finds_the_planted_double_post_as_shown(tmp_path: Path) -> None:
    """The programs of the page run, and the first prints what is shown."""
    first, second, third = blocks("docs/testing.md", "python")
    [shown] = blocks("docs/testing.md", "text")
    assert printed(first, tmp_path) == shown
    (tmp_path / "test_mine.py").write_text(f"{first}\n\n{second}\n\n{third}", "utf-8")
    (tmp_path / "conftest.py").write_text(FEW_EXAMPLES, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout


def test_every_planted_mistake_is_in_the_documents_table_with_who_noticed_it() -> None:
    noticed_by = Table(ROOT / "docs/testing.md", "planted", "mistake").rows()
    assert len(BUGS) >= 12
    assert list(noticed_by) == [bug.name for bug in BUGS]
    assert all(re.match("`(simulate|test_)", by) for by in noticed_by.values())


def test_every_rule_of_the_log_is_in_the_documents_table_with_who_noticed_it() -> None:
    noticed_by = Table(ROOT / "docs/durability.md", "switches", "rule").rows()
    assert len(RULES) >= 40
    assert list(noticed_by) == [rule.name for rule in RULES]
    # By a test, or by a seed of the simulator.
    assert all(by.startswith(("`test_", "`simulate ")) for by in noticed_by.values())
