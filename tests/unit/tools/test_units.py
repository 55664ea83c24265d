"""The units that `jobledger systemd` writes: systemd accepts them, and they are tight."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli import run_cli_here
from support.required import missing

from jobledger import Ledger, ValidationError
from jobledger.tools.units import UnitSettings, to_enable, units

MOST_EXPOSURE = 1.5
"""What `systemd-analyze security` finds, of 10: a runner speaks to the network and writes files."""
ALL = {
    "jobs.service",
    "jobs-web.service",
    "jobs-check.service",
    "jobs-check.timer",
    "jobs-verify.service",
    "jobs-verify.timer",
}


def settings(location: Path | str = Path("/srv/posts/jobs"), **more: object) -> UnitSettings:
    given: dict[str, object] = {
        "name": "jobs",
        "location": location,
        "command": ["/usr/bin/env", "python3", "-m", "jobledger"],
        "publisher": "my_posts:publish",
        "working_directory": Path("/srv"),
        "user": "daemon",
    }
    return UnitSettings(**(given | more))  # type: ignore[arg-type]  # by name


def section(text: str, name: str = "Service") -> dict[str, list[str]]:
    """Return the values of a section by their keys; a key may be there several times."""
    found: dict[str, list[str]] = {}
    within = ""
    for line in text.splitlines():
        if line.startswith("["):
            within = line.strip("[]")
        elif line and within == name:
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    return found or missing("systemd", "there is no systemd-analyze")


@pytest.mark.parametrize(
    "given",
    [
        settings(
            serves=True, checks=True, verifies=True, credentials={"threads": Path("/etc/my %token")}
        ),
        settings(Path("/var/lib/shop/my jobs"), serves=True, users_file=Path("/etc/users")),
        settings(Path("/home/mai/50%/jobs $HOME"), checks=True, verifies=True),
        settings(
            "postgresql://db.example.org/posts?ledger=shop",
            serves=True,
            checks=True,
            verifies=True,
            on_failure="tell-me@%n.service",
        ),
    ],
    ids=["all", "state", "home", "server"],
)
def test_systemd_accepts_them_and_finds_them_tight(
    given: UnitSettings, analyze: str, tmp_path: Path
) -> None:
    """Without a word of complaint."""
    made = units(given)
    for name, text in made.items():
        (tmp_path / name).write_text(text, "utf-8")
    paths = [str(tmp_path / name) for name in made]
    checked = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *paths],
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert [line for line in checked.stderr.splitlines() if str(tmp_path) in line] == []
    for path in paths:
        if path.endswith(".service"):
            tight = subprocess.run(
                [analyze, "security", "--offline=true", "--no-pager",
                 f"--threshold={round(MOST_EXPOSURE * 10)}", path],
                capture_output=True, encoding="utf-8", timeout=60, check=False,
            )  # fmt: skip
            assert tight.returncode == 0, tight.stdout + tight.stderr


def test_the_runner_is_notified_watched_and_started_again() -> None:
    service = section(units(settings())["jobs.service"])
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["60"]
    assert service["Restart"] == ["on-failure"]
    assert service["ExecStart"] == [
        "/usr/bin/env python3 -m jobledger --ledger /srv/posts/jobs run --publisher"
        " my_posts:publish --log json"
    ]


def test_what_may_be_written_is_the_ledger_alone() -> None:
    """By systemd's own directories where it lies there; homes are seen where something is there."""
    here = section(units(settings())["jobs.service"])
    assert (here["ReadWritePaths"], here["ProtectHome"]) == (["/srv/posts/jobs"], ["yes"])
    state = section(units(settings(Path("/var/lib/shop/jobs")))["jobs.service"])
    assert (state["StateDirectory"], "ReadWritePaths" in state) == (["shop/jobs"], False)
    home = section(units(settings(Path("/home/mai/jobs")))["jobs.service"])
    assert (home["ReadWritePaths"], home["ProtectHome"]) == (["/home/mai/jobs"], ["read-only"])
    server = section(units(settings("nats://one,two/NAME"))["jobs.service"])
    assert "ReadWritePaths" not in server


def test_a_ledger_among_temporary_files_is_seen() -> None:
    assert section(units(settings())["jobs.service"])["PrivateTmp"] == ["yes"]
    among = units(settings(Path("/tmp/jobs")))["jobs.service"]
    assert section(among)["PrivateTmp"] == ["no"]


def test_what_systemd_would_take_for_its_own_is_quoted() -> None:
    given = settings(Path('/srv/50% "off" $HOME'), credentials={"t": Path("/etc/50%")})
    service = section(units(given)["jobs.service"])
    [call] = service["ExecStart"]
    assert r'"/srv/50%% \"off\" $$HOME"' in call
    assert service["LoadCredential"] == ["t:/etc/50%%"]


def test_tokens_are_the_runners_alone_and_only_it_reaches_the_network() -> None:
    made = units(
        settings(serves=True, checks=True, verifies=True, credentials={"t": Path("/etc/t")})
    )
    assert set(made) == ALL
    with_tokens = {name for name, text in made.items() if "LoadCredential" in text}
    assert with_tokens == {"jobs.service"}
    for name in ("jobs-check.service", "jobs-verify.service"):
        assert section(made[name])["PrivateNetwork"] == ["yes"]
    assert section(made["jobs-web.service"])["IPAddressAllow"] == ["localhost"]
    assert "IPAddressDeny" not in section(made["jobs.service"])


def test_a_check_that_finds_something_or_hangs_fails_and_somebody_is_told() -> None:
    """It is started by its timer alone, and ends the service as it ends the command."""
    made = units(settings(checks=True, verifies=True, on_failure="tell-me@%n.service"))
    check = section(made["jobs-check.service"])
    assert (check["Type"], check["TimeoutStartSec"]) == (["oneshot"], ["5min"])
    assert check["ExecStart"] == [
        "/usr/bin/env python3 -m jobledger --ledger /srv/posts/jobs check"
    ]
    assert section(made["jobs-check.timer"], "Timer") == {"OnCalendar": ["*:0/10"]}
    assert to_enable(made) == ["jobs.service", "jobs-check.timer", "jobs-verify.timer"]
    for name, text in made.items():
        tells = section(text, "Unit").get("OnFailure", [])
        assert tells == (["tell-me@%n.service"] if name.endswith(".service") else []), name
    assert "OnFailure" not in units(settings(checks=True))["jobs-check.service"]


@pytest.mark.parametrize("name", ["tell me.service", "tell-me", "tell-me@.service", "%n", "a\nb"])
def test_what_is_no_unit_is_told_of_nothing(name: str) -> None:
    with pytest.raises(ValidationError, match="no unit"):
        units(settings(on_failure=name))


@pytest.mark.parametrize(
    "location",
    ["postgresql://mai:secret@db/posts?ledger=x", "postgresql://db/posts?ledger=x&password=secret"],
)
def test_a_password_stands_in_no_unit(location: str) -> None:
    """Everybody may read one."""
    with pytest.raises(ValidationError, match="password") as refused:
        units(settings(location))
    assert "secret" not in str(refused.value)


def test_the_command_prints_them_or_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger, the program and the directory of the publisher are named in full."""
    monkeypatch.chdir(tmp_path)
    with Ledger("jobs", timezone="UTC"):
        pass
    line = ["--ledger", "jobs", "systemd", "--publisher", "my_posts:publish", "--verify"]
    printed = run_cli_here(*line)
    assert printed.code == 0, printed.err
    assert printed.out.startswith("# jobledger-jobs.service\n[Unit]\n")
    made = json.loads(run_cli_here(*line, "--json").out)
    service = section(made["jobledger-jobs.service"])
    assert service["ExecStart"][0].startswith(
        f"{sys.executable} -m jobledger --ledger {tmp_path}/jobs run "
    )
    assert service["WorkingDirectory"] == [str(tmp_path)]
    (tmp_path / "units").mkdir()
    written = run_cli_here(*line, "--to", "units")
    assert written.code == 0, written.err
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "units").iterdir()} == made
    assert (
        "systemctl enable --now jobledger-jobs.service jobledger-jobs-verify.timer" in written.out
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--credential", "threads"],
        ["--credential", "a/b=/etc/token"],
        ["--name", "../x"],
        ["--to", "nowhere"],
        ["--on-failure", "tell-me"],
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger("jobs", timezone="UTC"):
        pass
    done = run_cli_here("--ledger", "jobs", "systemd", "--publisher", "a:b", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_it_runs_as_whose_the_directory_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger("jobs", timezone="UTC"):
        pass
    printed = run_cli_here("--ledger", "jobs", "systemd", "--publisher", "a:b", "--json")
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert section(json.loads(printed.out)["jobledger-jobs.service"])["User"] == [me]
