"""What a simple scheduler does: a dict, written as a whole at each change."""

from __future__ import annotations

import json
import os
from pathlib import Path

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class JsonFile(LivingPeer):
    durability = "the whole file and fsync at each change; the directory is not synced"
    remark = "slower with every job it keeps; one process only; no history"
    life = "three rewrites: scheduled, running, completed"

    def __init__(self, place: Path) -> None:
        self._place = place
        self._jobs: dict[str, dict[str, str]] = {}

    def add(self, count: int) -> None:
        for _ in range(count):
            self._jobs[str(len(self._jobs))] = {
                "account": ACCOUNT, "text": TEXT, "at": LATER_TEXT, "status": "scheduled",
            }  # fmt: skip
            self._write()

    def live(self, count: int) -> None:
        self.add(count)
        for job in list(self._jobs.values())[-count:]:
            job["status"] = "running"
            self._write()
            publish(job["account"], job["text"])
            job["status"] = "completed"
            self._write()

    def _write(self) -> None:
        path = self._place / "jobs.json.tmp"
        with path.open("w") as file:
            json.dump(self._jobs, file)
            file.flush()
            os.fsync(file.fileno())
        path.replace(self._place / "jobs.json")
