"""The demo's runner: `jobledger run` as a process of its own, so that it can really be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ...domain import JobLedgerError
from .publisher import URL_VARIABLE

DEADLINE_S = 40.0


class DemoRunner:
    """One runner process, from entering its `with` block; nothing of it outlives the block.

    What it logs is appended to `log`.
    """

    def __init__(self, directory: Path, url: str, log: Path) -> None:
        self._command = [
            sys.executable, "-m", "jobledger", "--dir", str(directory), "run",
            "--publisher", "jobledger.tools.demo.publisher:publisher", "--retry-base-s", "0.2",
        ]  # fmt: skip
        self._environment = os.environ | {URL_VARIABLE: url}
        self._log_path = log
        self._log: IO[bytes]
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self._log = self._log_path.open("ab")
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log
        )
        return self

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Return as soon as `condition` holds, while the process lives.

        Raises:
            JobLedgerError: it has ended, or the deadline has passed.
        """
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if self.process.poll() is not None:
                raise self._failure(f"the runner ended with {self.process.returncode}", what)
            if time.monotonic() > end:
                raise self._failure(f"{DEADLINE_S:g} s have passed", what)
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: nothing in the process gets to run any more."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code of the graceful end."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE_S)

    def _failure(self, why: str, what: str) -> JobLedgerError:
        return JobLedgerError(f"demo: {why} before {what}", hint=f"see {self._log_path}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self._log.close()
