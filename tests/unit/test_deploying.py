"""What is in `deploy/` for containers says what the commands take, and no more than a runner needs.

None of it is run: there is no container runtime where the tests are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from jobledger.tools.cli import cli
from jobledger.tools.commands.run import run as run_command
from jobledger.tools.loading import load_object

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text("utf-8")
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
WORKLOADS = {"directory.yaml": "StatefulSet", "postgresql.yaml": "Deployment"}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def workload(path: Path) -> dict[str, Any]:
    [found] = [each for each in documents(path) if each["kind"] == WORKLOADS[path.name]]
    return found


def pod(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = workload(path)["spec"]["template"]["spec"]
    return found


def container(path: Path) -> dict[str, Any]:
    [only] = pod(path)["containers"]
    assert isinstance(only, dict)
    return only


def options_of(words: list[str]) -> dict[str, Any]:
    """Read the words of `run` as the command does."""
    assert words[0] == "run"
    parent = click.Context(cli, info_name="jobledger")
    return run_command.make_context("run", words[1:], parent=parent).params


by_manifest = pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.name))


def test_each_manifest_is_known_here() -> None:
    assert {path.name for path in MANIFESTS} == set(WORKLOADS)


@by_manifest
def test_the_words_are_those_that_the_command_takes(path: Path) -> None:
    options = options_of(container(path)["args"])
    assert options["create"]
    assert options["publisher"] == "my_posts:publisher"


@by_manifest
def test_it_is_asked_where_it_answers(path: Path) -> None:
    """By the paths that `run --metrics` answers on."""
    one = container(path)
    [port] = one["ports"]
    assert options_of(one["args"])["metrics"] == f"0.0.0.0:{port['containerPort']}"
    asked = {
        name: one[name]["httpGet"] for name in ("livenessProbe", "readinessProbe", "startupProbe")
    }
    assert {name: each["path"] for name, each in asked.items()} == {
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
        "startupProbe": "/healthz",
    }
    assert {each["port"] for each in asked.values()} == {port["name"]}


@by_manifest
def test_it_may_no_more_than_a_runner_needs(path: Path) -> None:
    of_pod, one = pod(path), container(path)
    assert of_pod["securityContext"]["runAsNonRoot"] is True
    assert of_pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert of_pod["automountServiceAccountToken"] is False
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert of_pod["securityContext"]["runAsUser"] == int(
        re.findall(r"--uid (\d+)", CONTAINERFILE)[0]
    )


@by_manifest
def test_it_has_the_time_to_stop(path: Path) -> None:
    """What runs may end, as long as `--grace-s` says, and is recorded then."""
    assert (
        pod(path)["terminationGracePeriodSeconds"] > options_of(container(path)["args"])["grace_s"]
    )


def test_a_directory_has_one_runner_and_a_volume_of_its_own() -> None:
    found = workload(ROOT / "deploy/kubernetes/directory.yaml")["spec"]
    assert found["replicas"] == 1
    [claim] = found["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    one = container(ROOT / "deploy/kubernetes/directory.yaml")
    [ledger] = [each["value"] for each in one["env"] if each["name"] == "JOBLEDGER"]
    assert ledger.startswith("/data/")
    assert {"name": "data", "mountPath": "/data"} in one["volumeMounts"]


def test_a_password_is_in_a_secret_and_in_no_word() -> None:
    one = container(ROOT / "deploy/kubernetes/postgresql.yaml")
    of = {each["name"]: each for each in one["env"]}
    assert "secretKeyRef" in of["PGPASSWORD"]["valueFrom"]
    assert not re.search(r"://[^/]*:[^/]*@", of["JOBLEDGER"]["value"])


def test_the_publisher_of_the_manifest_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = [each["data"] for each in documents(ROOT / "deploy/kubernetes/directory.yaml")
                if each["kind"] == "ConfigMap"]  # fmt: skip
    for name, text in source.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert callable(load_object("my_posts:publisher", "publisher").publish)


def test_the_container_is_nobodys_root_and_ends_in_words_of_the_command() -> None:
    assert re.findall(r"^USER (.*)$", CONTAINERFILE, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^VOLUME (.*)$", CONTAINERFILE, re.MULTILINE) == ["/data"]
    [words] = re.findall(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)
    assert options_of(yaml.safe_load(words))["publisher"] == "my_posts:publish"


def test_the_health_check_asks_where_every_runner_of_the_image_listens() -> None:
    """Within the container alone."""
    [listens] = re.findall(r"\bJOBLEDGER_RUN_METRICS=(\S+)", CONTAINERFILE)
    host, _, port = listens.partition(":")
    assert (host, port.isdecimal()) == ("127.0.0.1", True)
    [asked] = re.findall(r"^HEALTHCHECK (?:.*\\\n)*.* CMD (.*)$", CONTAINERFILE, re.MULTILINE)
    assert f"http://{listens}/healthz" in yaml.safe_load(asked)[-1]
