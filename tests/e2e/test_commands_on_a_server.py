"""Every command on a ledger on a server: it works, or says what to do instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import postgres
from support.cli import Done, run_cli_here

from jobledger import Ledger, PostResult, Scheduler
from jobledger.tools.cli import cli

NOW = datetime.now(UTC)

WORKS = {
    "add shop another +1h",
    "audit",
    "backup backup",
    "cancel one",
    "check --max-failures 100%",
    "config show",
    "copy {url} copied",
    "diff 1 3",
    "edit one --content changed",
    "export -",
    "history done",
    "hold one",
    "import posts.csv",
    "list",
    "metrics",
    "mirror {url} mirror",
    "platforms",
    "postgres init --print",
    "queue list shop",
    "rebuild --check",
    "rebuild",
    "remove done",
    "replay",
    "report --html report.html",
    "requeue cancelled +1h",
    "reschedule one +2h",
    "run --once --publisher publisher:post",
    "runners",
    "schedule list",
    "show done",
    "slots set shop mon 9:00",
    "stats",
    "status",
    "systemd --publisher publisher:post",
    "traces --since yesterday",
    "verify --export-head head.json",
    "why done",
}
SAYS = {
    "release one": "cannot release job one: it is SCHEDULED",
    "resolve one --posted": "cannot resolve job one: it is SCHEDULED",
    "repair": "`jobledger copy DIRECTORY LOCATION` a backup or a mirror of it to another name",
    "archive --before today": "`jobledger backup DIRECTORY` makes day files of it",
    "seal --key seals": "`jobledger mirror LOCATION DIRECTORY`, and then `jobledger --ledger",
}
NOT_OF_A_LEDGER = {"completion", "demo", "serve", "simulate", "user"}
"""`serve` has its own tests, on servers too; the others know no location."""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "publisher.py").write_text(
        "from jobledger import PostResult\n\n\ndef post(account_id, content):\n"
        "    return PostResult(True)\n",
        "utf-8",
    )
    (tmp_path / "posts.csv").write_text(
        "account_id,content,scheduled_time\nshop,imported,+1h\n", "utf-8"
    )
    location = postgres.new_url()
    with Scheduler(location) as scheduler:
        scheduler.add_job("shop", "text", NOW, job_id="done")
        scheduler.run_due(lambda account_id, content: PostResult(True))
        scheduler.add_job("shop", "text", NOW + timedelta(hours=1), job_id="one")
        scheduler.add_job("shop", "text", NOW + timedelta(hours=1), job_id="cancelled")
        scheduler.cancel_job("cancelled")
        scheduler.set_slots("shop", {"mon": ["09:00"]})
    return location


def ran(url: str, line: str) -> Done:
    words = [word.format(url=url) for word in line.split()]
    return run_cli_here("--ledger", url, *words)


def test_every_command_is_tried() -> None:
    tried = {line.split()[0] for line in (*WORKS, *SAYS)}
    assert tried | NOT_OF_A_LEDGER == set(cli.list_commands(None))  # type: ignore[arg-type]  # has no use for it


@pytest.mark.parametrize("line", sorted(WORKS))
def test_it_works(url: str, line: str) -> None:
    done = ran(url, line)
    assert done.code == 0, done.err


@pytest.mark.parametrize("line", sorted(SAYS))
def test_what_does_not_work_says_what_to_do(url: str, line: str) -> None:
    done = ran(url, line)
    assert done.code == 2
    assert SAYS[line] in done.err
    assert done.err.count("\n") == 1


def test_a_mirror_is_sealed_in_place_of_its_ledger(url: str) -> None:
    assert ran(url, "seal --new-key seals").code == 0
    assert ran(url, "mirror {url} mirror").code == 0
    assert run_cli_here("--ledger", "mirror", "seal", "--key", "seals", "--today").code == 0
    with Ledger(url) as ledger:
        ledger.hold_job("one")
    assert ran(url, "mirror {url} mirror").code == 0
    verified = run_cli_here("--ledger", "mirror", "verify", "--public-key", "seals.pub")
    assert verified.code == 0, verified.out
    assert "proven" in verified.out


def test_what_is_beside_a_ledger_on_a_server_is_verified_by_its_own_name(
    url: str, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    with_files = f"{url}&files={files}"
    assert ran(with_files, "rebuild").code == 0
    [day] = [path for path in files.glob("jobs_*.json") if b'"done"' in path.read_bytes()]
    assert ran(with_files, "verify").code == 0
    day.write_text("{}", "utf-8")
    assert f"projection  {day}: " in ran(with_files, "verify").out
    assert ran(with_files, "rebuild --check").code == 1
    assert ran(with_files, "rebuild").code == 0
    assert ran(with_files, "verify").code == 0
