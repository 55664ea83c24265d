"""How a command line is read: the same rules for every command there is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock
from jobledger.tools.cli import COMMANDS, SECTIONS, cli, main
from jobledger.tools.grammar import Group, LedgerCommand, takes_one
from jobledger.tools.session import JobId
from jobledger.tools.suggestions import ALIASES, suggestion

ROOT = Path(__file__).resolve().parents[3]


def walk(group: click.Group, *names: str) -> Iterator[tuple[list[str], click.Command]]:
    """Every command with the words that it is called by, those of groups too."""
    yield [*names], group
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from walk(found, *names, name)
        else:
            yield [*names, name], found


TREE = {" ".join(words): command for words, command in walk(cli)}
OPTIONS = [
    pytest.param(words, option, id=f"{words} {option.opts[0]}".strip())
    for words, command in TREE.items()
    for option in command.params
    if isinstance(option, click.Option) and takes_one(option)
]


def values(option: click.Option) -> list[str]:
    """Two different values for an option, as words."""
    if option.secondary_opts:
        return [option.opts[0], option.secondary_opts[0]]
    some = option.type.choices if isinstance(option.type, click.Choice) else ["1", "2"]
    return [word for value in some[:2] for word in (option.opts[0], str(value))]


@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_an_option_that_takes_one_value_is_refused_twice(words: str, option: click.Option) -> None:
    """Which of them is meant? Nothing is done before that is known."""
    different = values(option)
    for given in (different, different[: len(different) // 2] * 2):
        done = run_here(Path("nowhere"), *words.split(), *given)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        times = 3 if option.opts[0] == "--dir" and not words else 2  # one is given to all
        assert f"{option.opts[0]} is given {times} times, and takes one value" in done.err


def test_a_flag_may_be_repeated_and_help_comes_first(directory: Path, clock: ManualClock) -> None:
    """It says the same again."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", "text", clock.now())
    assert run_here(directory, "--json", "list", "--json", "--json").code == 0
    done = run_here(directory, "list", "--dir", "a", "--dir", "b", "--help")
    assert (done.code, done.out.startswith("Usage: jobledger list")) == (0, True)


def test_every_command_is_read_by_the_same_rules() -> None:
    """One made by click alone would take the last of two values in silence."""
    for words, command in TREE.items():
        assert isinstance(command, LedgerCommand | Group), words


def test_every_argument_and_option_that_takes_a_jobs_id_completes_it() -> None:
    """Found by its name; `--job-id` of `add` gives a new one."""
    found = {
        f"{words} {parameter.name}": parameter
        for words, command in TREE.items()
        for parameter in command.params
        if parameter.name in ("job", "jobs")
    }
    assert len(found) >= 14
    for words, parameter in found.items():
        assert isinstance(parameter.type, JobId), words


@pytest.mark.parametrize("name", ["list", "export", "replay", "audit"])
def test_accounts_and_states_may_be_several(directory: Path, clock: ManualClock, name: str) -> None:
    """Any of them; with both, jobs that agree with one of each."""
    with Ledger(directory, clock=clock) as ledger:
        for account in ("a", "b", "c"):
            ledger.add_job(account, f"waits {account}", clock.now())
            ledger.add_job(account, f"held {account}", clock.now(), hold=True)
            job_id = ledger.add_job(account, f"gone {account}", clock.now())
            ledger.cancel_job(job_id)

    def seen(*options: str) -> set[str]:
        out = run_here(directory, name, *options).out
        texts = {f"{word} {account}" for word in ("waits", "held", "gone") for account in "abc"}
        return {text for text in texts if text in out}

    assert len(seen()) == 9
    assert seen("--account", "a", "--account-id", "c") == {
        "waits a", "held a", "gone a", "waits c", "held c", "gone c",
    }  # fmt: skip
    assert len(seen("--account", "a")) == 3
    if name != "audit":
        both = ("--status", "pending", "--status", "CANCELLED")
        assert seen(*both) == {
            f"{word} {account}" for word in ("held", "gone") for account in "abc"
        }
        assert seen(*both, "--account", "b") == {"held b", "gone b"}
        assert len(seen("--status", "scheduled")) == 3
        assert run_here(directory, name, "--status", "done").code == 2


# -- words that are no command ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ls", "list"), ("retry", "requeue"), ("rm", "remove"), ("delete", "remove"),
        ("post", "add"), ("log", "audit"), ("LS", "list"), ("lits", "list"), ("verfy", "verify"),
        ("pause", "hold"), ("resume", "release"), ("start", "run"), ("stop", "cancel"),
        ("stat", "stats"), ("info", "show"), ("help", "--help"), ("version", "--version"),
        ("reschedul", "reschedule"), ("expotr", "export"), ("fsck", "verify"),
    ],
)  # fmt: skip
def test_a_word_that_is_no_command_is_answered_with_what_was_meant(word: str, meant: str) -> None:
    done = run_here(Path("nowhere"), word, "something", "--more")
    assert done.code == 2
    assert done.err == (
        f"jobledger: No such command '{word}': did you mean `jobledger {meant}`?"
        " (see `jobledger --help`)\n"
    )


@pytest.mark.parametrize(
    "word", ["frobnicate", "x", "", "-", "ls; rm -rf /", "\x1b[2J", "a" * 9999]
)
def test_a_word_that_nobody_means_is_only_refused(word: str) -> None:
    done = run_here(Path("nowhere"), word)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "did you mean" not in done.err
    assert len(done.err) < 300


def test_every_other_word_leads_to_a_command_there_is() -> None:
    """And is none itself; no word leads to two."""
    words = [word for aliases in ALIASES.values() for word in aliases.split()]
    assert sorted(words) == sorted(set(words))
    assert {name for name in ALIASES if not name.startswith("-")} <= set(COMMANDS)
    assert not set(words) & set(COMMANDS)
    assert suggestion("queue", ["queue-of-its-own", "list"]) == ""


# -- help ------------------------------------------------------------------------------------------


def test_the_overview_fits_a_narrow_terminal_and_says_what_each_command_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line each, none of them cut."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for section in SECTIONS.values():
        for name, short in section.items():
            assert short.endswith(".")
            assert any(line.split() == [name, *short.split()] for line in lines), name


def test_the_release_is_the_one_that_is_packaged() -> None:
    """It is known without asking an installation, so it stands in two places."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (
        run_here(Path("nowhere"), "--version").out == f"jobledger, version {project['version']}\n"
    )


def test_without_a_command_the_help_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    done = capsys.readouterr()
    assert (done.out, done.err.startswith("Usage: jobledger [OPTIONS] COMMAND")) == ("", True)


# -- what nobody expected --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (RuntimeError("two\nlines \x1b[2J"), 2, "RuntimeError: two ⏎ lines \\x1b[2J (unexpected;"),
        (OSError(24, "Too many open files"), 2, "Too many open files"),
        (MemoryError(), 2, "MemoryError"),
        (RecursionError("x" * 100_000), 2, "RecursionError"),
        (SystemExit("a module ended it"), 2, "a module ended it"),
        (SystemExit(1), 2, "SystemExit"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), 2, "UnicodeDecodeError"),
        (KeyboardInterrupt(), 130, "stopped"),
        (EOFError(), 130, "stopped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_is_told_in_a_line(
    error: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way to see where it comes from, for those who want to know."""
    from jobledger.tools.commands import list as module

    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(module, "choose_jobs", fails)
    monkeypatch.setattr("jobledger.tools.session.Session.reading", fails)
    done = run_here(Path("nowhere"), "list")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert len(done.err) < 2100
    monkeypatch.setenv("JOBLEDGER_TRACEBACK", "1")
    assert "Traceback (most recent call last)" in run_here(Path("nowhere"), "list").err
