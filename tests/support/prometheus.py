"""Prometheus and its `promtool`, where they are installed (Debian: `prometheus`)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from .required import missing


def program(name: str) -> str:
    """Return where a program of Prometheus's is; without one the test is skipped."""
    found = shutil.which(name)
    if found is None:
        missing("prometheus", f"there is no {name}: Debian has it in the package prometheus")
    return found


def promtool(*arguments: str, stdin: str | None = None) -> str:
    """Run promtool, which has to be content; return what it says."""
    done = subprocess.run(
        [program("promtool"), *arguments], input=stdin, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class Server:
    """A Prometheus that runs."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1"

    def query(self, text: str) -> list[tuple[dict[str, str], float]]:
        """Ask for an instant vector; nothing while it does not answer."""
        found = self._get(f"query?{urlencode({'query': text})}")
        result = [] if found is None else found["result"]
        return [(one["metric"], float(one["value"][1])) for one in result]

    def value(self, text: str) -> float | None:
        """Ask for what has one value; None where there is none yet."""
        found = self.query(text)
        return found[0][1] if len(found) == 1 else None

    def firing(self) -> set[str]:
        """Return the alerts that fire."""
        found = self._get("alerts")
        alerts = [] if found is None else found["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def _get(self, path: str) -> Any:
        try:
            with urlopen(f"{self._base}/{path}", timeout=30) as answer:
                return json.load(answer)["data"]
        except (URLError, OSError):
            return None


@contextmanager
def prometheus(directory: Path, config: str) -> Iterator[Server]:
    """Run a Prometheus with this configuration; its files are in the directory."""
    path, port = directory / "prometheus.yml", free_port()
    path.write_text(config, "utf-8")
    command = [
        program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield Server(port)
        finally:
            process.terminate()
            process.wait(60)
