"""An instance of Mastodon that nobody here wrote: the package `mastodon_mock`, in a process.

It is in an environment of its own (`make mastodon-env`), since it brings a web server and a plugin
for pytest along; `JOBLEDGER_MASTODON=PYTHON` names that of another place. Without it a test is
skipped, or fails where `JOBLEDGER_REQUIRE` has `mastodon`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from support.postgres import free_port
from support.required import missing
from support.waiting import eventually

TOKEN_OF_PEER = "mock_token"
_ENVIRONMENT = Path(__file__).resolve().parents[2] / ".cache/mastodon/bin/python"


@contextmanager
def peer() -> Iterator[str]:
    """Run it, with one account that has no posts, and give its address."""
    python = os.environ.get("JOBLEDGER_MASTODON", str(_ENVIRONMENT))
    if not Path(python).exists():
        missing("mastodon", "there is no mastodon_mock to try it with (make mastodon-env)")
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [python, "-m", "mastodon_mock", "serve", "--in-memory", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        assert process.poll() is None, "mastodon_mock has ended"
        with suppress(httpx.HTTPError):
            return httpx.get(f"{url}/api/v2/instance").is_success
        return False

    try:
        eventually(answers, "mastodon_mock")
        yield url
    finally:
        process.kill()
        process.wait()
