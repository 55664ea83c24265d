"""The recipe for Sentry sends each failure, and no word of a post."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BEFORE = """
import functools, sys
import sentry_sdk
from sentry_sdk.transport import Transport

class Memory(Transport):
    def capture_envelope(self, envelope):
        sys.stdout.write(envelope.serialize().decode() + "\\n")

sentry_sdk.init = functools.partial(sentry_sdk.init, transport=Memory)
"""
STORY = """
import logging, urllib.request
from datetime import UTC, datetime
from jobledger import PostResult, Scheduler, mark_secret

mark_secret("canary-token")

def publish(account_id, content):
    text = f"again: {content}"
    logging.getLogger("mine").warning("posting with %s", "canary-token")
    raise ValueError(f"canary-token cannot post {content!r} at https://e.org/?key=canary-query")

with Scheduler("jobs") as scheduler:
    scheduler.add_job("mai", "canary of the text of a post", datetime.now(UTC), job_id="one",
                      max_retries=0, metadata={"note": "canary-metadata"})
    scheduler.run_due(publish)
sentry_sdk.flush()
"""


def test_a_failure_is_sent_and_no_word_of_the_post(tmp_path: Path) -> None:
    """Nor a token, the query of an address, or metadata; once, although it is logged as well."""
    document = (ROOT / "docs/operations.md").read_text("utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    [recipe] = [program for program in programs if "sentry_sdk" in program]
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + recipe + STORY],
        cwd=tmp_path,
        env=os.environ | {"SENTRY_DSN": "https://key@sentry.invalid/1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    sent = [json.loads(line) for line in done.stdout.splitlines() if '"level"' in line]
    [failure] = [each for each in sent if each.get("level") == "error"]
    assert failure["message"] == "attempt ended"
    told = failure["contexts"]["jobledger"]
    assert (told["job_id"], told["status"]) == ("one", "failed")
    assert told["error"] == (
        "ValueError: *** cannot post '[the text of the post]' at https://e.org/"
    )
    assert "canary" not in done.stdout
