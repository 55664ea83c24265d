"""The example of workers on a server runs, and so do the settings of the server in `deploy/`."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from support import postgres
from support.anchors import ROOT

from jobledger import Ledger

COMPOSE = ROOT / "deploy/compose.yaml"


def test_two_workers_post_each_job_once() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/two_workers.py"), postgres.new_url()],
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = [int(count) for count in re.findall(r"has posted (\d+)", done.stdout)]
    assert sum(counts) == 60
    assert "each post is out once, and the log is whole: True" in done.stdout


@pytest.fixture
def services() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here, which schemathesis brings")
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return dict(document["services"])


def test_what_the_services_mount_and_build_is_there(services: dict[str, Any]) -> None:
    for service in services.values():
        for mounted in service.get("volumes", []):
            source = mounted.partition(":")[0]
            if source.startswith("./"):
                assert (COMPOSE.parent / source).is_file(), source
        if "build" in service:
            assert (COMPOSE.parent / service["build"]["context"] / "pyproject.toml").is_file()
            assert (COMPOSE.parent / "../" / service["build"]["dockerfile"]).is_file()


def test_the_settings_of_the_primary_are_such_as_a_ledger_requires(
    services: dict[str, Any],
) -> None:
    """With a standby of the name that they wait for."""
    settings = [word for word in services["primary"]["command"] if "=" in word]
    primary = postgres.Server(postgres.server().programs)
    try:
        primary.start(*settings)
        standby = postgres.Standby(primary, services["standby"]["environment"]["STANDBY_NAME"])
        try:
            standby.start()
            with Ledger(primary.url("shop", require="sync")) as ledger:
                assert ledger.seq == 0
        finally:
            standby.end()
    finally:
        primary.end()
