"""Where the ledger is."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from support.cli import run_here
from support.examples import prints

from jobledger import Ledger, ManualClock, StorageError, ValidationError
from jobledger.eventstore.engines.registry import EngineOptions, register, shown
from jobledger.eventstore.port import Engine
from jobledger.tools.cli import COMMANDS, main
from jobledger.tools.location import Given, locate, location_of

PASSWORD = "s3cret"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a current directory and a home, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("JOBLEDGER", "JOBLEDGER_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("jobs", "jobs"),
        ("./a b", "a b"),
        ("~/jobs", "home/jobs"),
        ("~", "home"),
        ("file:jobs", "jobs"),
        ("file:~/jobs", "home/jobs"),
        ("file:a%20b", "a%20b"),
        ("team:jobs", "team:jobs"),
        ("./memory:jobs", "memory:jobs"),
        ("C:jobs", "C:jobs"),
        ("link", "link"),
    ],
)
def test_a_location_is_a_path_from_here_or_home(here: Path, text: str, place: str) -> None:
    """A link is not followed: where it leads may change."""
    (here / "link").symlink_to(here / "elsewhere")
    assert location_of(text) == here / place


def test_a_location_may_be_absolute_or_a_file_url(here: Path) -> None:
    """In the form with slashes, what URLs escape is escaped."""
    assert location_of("/srv/jobs") == Path("/srv/jobs")
    assert location_of("file:/srv/a%20b") == Path("/srv/a%20b")
    assert location_of("file:///srv/a%20b") == Path("/srv/a b")
    assert location_of("file://localhost/srv") == Path("/srv")
    assert location_of("~root") == Path("~root").expanduser()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is '', which is none"),
        ("  ", "which is none"),
        ("file:", "which is none"),
        ("file://host/jobs", "file:// needs three slashes"),
        ("file://jobs", "file:// needs three slashes"),
        ("~nobody-of-this-name/jobs", "nobody knows where ~nobody-of-this-name is"),
        (f"mongodb://me:{PASSWORD}@db/x", "begins with mongodb:"),
        (f"REDIS://{PASSWORD}@a,b/x", "begins with redis:"),
        (f"mysql://u:{PASSWORD}@h", "begins with mysql:"),
    ],
)
def test_what_is_no_location_is_refused(text: str, says: str) -> None:
    """Another engine's URL is not shown: it may have a password in it."""
    with pytest.raises(ValidationError) as caught:
        location_of(text)
    assert says in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_password_in_a_location_is_never_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """Nor an option: for an engine that has no ledger there, and for one that is two places."""

    def nothing(location: str, options: EngineOptions) -> Engine:
        raise StorageError("there is nothing")

    register("vault", nothing)
    secret = f"vault://me:{PASSWORD}@host/x?token={PASSWORD}"
    assert main(["--ledger", secret, "list"]) == 2
    assert main(["--ledger", secret, "--dir", f"vault://{PASSWORD}@other/y", "list"]) == 2
    out, err = capfd.readouterr()
    assert "there is no ledger in vault://host/x (" in err
    assert "--ledger says 'vault://host/x' and --dir says 'vault://other/y'" in err
    assert PASSWORD not in out + err
    assert shown(f"vault://{PASSWORD}@host") == "vault://host"
    assert shown("jobs?@1") == "jobs?@1", "it is a path"


@pytest.mark.parametrize(
    "location",
    ["safe://me:{}@host/x", "safe://host/x?password={}", "safe://host/x?a=b&password={}"],
)
def test_a_password_that_an_engine_tells_of_is_hidden(
    location: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever was opened with it, a driver's error for one, may have the whole of it."""
    secret = "no/one knows"

    def refused(location: str, options: EngineOptions) -> Engine:
        raise StorageError(f"the server refuses {secret!r} ({location})")

    register("safe", refused)
    assert main(["--ledger", location.format(quote(secret, safe="")), "add", "a", "text"]) == 2
    out, err = capfd.readouterr()
    assert "the server refuses '***'" in err
    assert secret not in out + err
    assert quote(secret, safe="") not in out + err


def test_what_is_typed_counts_more_than_the_environment(here: Path) -> None:
    """And two that differ are refused, wherever they stand."""
    environment, other = Given("JOBLEDGER", "a", False), Given("JOBLEDGER_DIR", "b", False)
    assert locate([]) == here / "jobs"
    assert locate([environment]) == here / "a"
    assert locate([environment, Given("--dir", "c", True), other]) == here / "c"
    assert locate([environment, Given("JOBLEDGER_DIR", "./a", False)]) == here / "a"
    for pair in ([environment, other], [Given("--ledger", "a", True), Given("--dir", "b", True)]):
        with pytest.raises(ValidationError, match=r"says 'a' and .* says 'b'"):
            locate(pair)


@pytest.fixture
def ledgers(here: Path, clock: ManualClock) -> Path:
    """Two ledgers with a job each, named like their place."""
    for name in ("jobs", "home/mine"):
        with Ledger(here / name, clock=clock) as ledger:
            ledger.add_job("mai", "text", clock.now(), job_id=Path(name).name)
    return here


@pytest.mark.parametrize(
    "words",
    [
        ["--ledger", "home/mine", "list"],
        ["--dir", "home/mine", "list"],
        ["list", "--ledger", "home/mine"],
        ["list", "--dir", "file:~/mine"],
        ["--dir", "home/mine", "list", "--ledger", "home/mine"],
    ],
)
def test_a_location_may_stand_before_the_commands_name_or_behind(
    ledgers: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a person puts it."""
    assert main(words) == 0
    assert "mine" in capsys.readouterr().out


@pytest.mark.parametrize(
    "environment",
    [
        {"JOBLEDGER": "~/mine"},
        {"JOBLEDGER_DIR": "~/mine"},
        {"JOBLEDGER": "file:home/mine", "JOBLEDGER_DIR": "~/mine"},
    ],
)
def test_the_environment_names_it_too(
    ledgers: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["show", "mine"]) == 0
    assert main(["--dir", "jobs", "show", "jobs"]) == 0
    assert main(["show", "jobs"]) == 2
    assert "no job 'jobs'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--ledger", "jobs", "--dir", "home/mine", "list"], {}),
        (["--ledger", "jobs", "list", "--dir", "home/mine"], {}),
        (["--ledger", "jobs", "add", "a", "x", "--ledger", "home/mine"], {}),
        (["list"], {"JOBLEDGER": "jobs", "JOBLEDGER_DIR": "home/mine"}),
    ],
)
def test_two_different_locations_are_refused(
    ledgers: Path,
    words: list[str],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(words) == 2
    done = capsys.readouterr()
    assert (done.out, "says 'jobs' and" in done.err) == ("", True)


NEEDS_NO_LEDGER = {
    "config",
    "demo",
    "completion",
    "platforms",
    "postgres",
    "schedule",
    "simulate",
    "user",
}
MAKES_ONE = {"add", "import"}
TAKES_ITS_OWN = {"copy", "mirror"}
"""By an argument, which is a location like any other."""


@pytest.mark.parametrize(
    "name", sorted(set(COMMANDS) - NEEDS_NO_LEDGER - MAKES_ONE - TAKES_ITS_OWN)
)
def test_a_location_where_no_ledger_is_is_an_error_of_every_other_command(
    here: Path, name: str
) -> None:
    """It says the whole place, and makes nothing there. Tried by the example of its help."""
    words = ["seal", "--key", "seals"] if name == "seal" else prints(name)
    done = run_here(here / "mistyped", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"there is no ledger in {here / 'mistyped'} (" in done.err
    assert not (here / "mistyped").exists()


def test_run_makes_a_ledger_when_it_is_told_to(here: Path) -> None:
    (here / "posts.py").write_text("def publish(account_id, content): raise AssertionError\n")
    arguments = ["run", "--publisher", "posts:publish", "--once"]
    assert run_here(here / "new", *arguments, "--create").out == "ran 0 jobs\n"
    assert run_here(here / "new", *arguments).out == "ran 0 jobs\n"


@pytest.mark.parametrize(
    ("given", "cwd", "meant"),
    [
        ("home/nine", ".", "home/mine"),
        ("elsewhere", ".", "jobs"),
        ("home/mine/jobs", ".", "home/mine"),
        ("job", ".", "jobs"),
        ("jobs", "jobs", "jobs"),
        ("jobs", "home", "jobs"),
        ("home/mine/HEAD", ".", "home/mine"),
    ],
)
def test_a_ledger_that_is_near_is_named(
    ledgers: Path, given: str, cwd: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one of nearly that name, one here, or where one stands in it."""
    monkeypatch.chdir(ledgers / cwd)
    done = run_here(Path(given), "list")
    assert f"there is no ledger in {ledgers / cwd / given} (there is one in" in done.err
    assert f"there is one in {ledgers / meant};" in done.err


def test_a_users_module_that_goes_elsewhere_takes_no_ledger_along(
    ledgers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` opens what was named, whatever a module does when it is imported."""
    (ledgers / "goes.py").write_text(
        "import os\nos.chdir('home')\ndef publish(account_id, content): return None\n"
    )
    assert run_here(Path("jobs"), "run", "--publisher", "goes:publish", "--once").code == 0
    assert Path.cwd() == ledgers / "home"
    assert not (ledgers / "home/jobs").exists()
    os.chdir(ledgers)
