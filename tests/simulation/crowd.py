"""Many processes on one ledger at once, and every state that any of them saw.

    PYTHONPATH=tests python -m simulation.crowd --writers 4 --changes 200

Writers add, change and cancel, a runner runs what is due, readers look all the time and note what
they saw: the position and a digest of all jobs there. Afterwards each of these has to be what the
log gives up to that position. However busy the machine is, the writers go on until every reader has
seen something.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from support.durability import Broken, expect, without_background

from jobledger import Ledger, PostResult, Scheduler
from jobledger.domain.errors import InvalidTransitionError
from jobledger.domain.job.state import ScheduledJob
from jobledger.eventstore.engines.registry import open_reader
from jobledger.eventstore.record import RECORDS
from jobledger.projections.rebuild import Replay

ACCOUNTS = 7
READERS = ("reader-0", "reader-1")
STATES = 20
"""The least that each reader has to see."""


def digest(jobs: Iterable[ScheduledJob]) -> str:
    documents = sorted((job.job_id, json.dumps(job.to_dict(), sort_keys=True)) for job in jobs)
    return hashlib.sha256(repr(documents).encode()).hexdigest()


def write(directory: Path, name: str, changes: int, out: Path) -> None:
    chance = random.Random(name)
    said: list[tuple[str, str]] = []
    with Ledger(directory) as ledger:
        for n in count():
            if n >= changes and not _has_to_go_on(out.parent):
                break
            if n == changes:
                os.nice(5)  # who reads is behind, and has ever more to read
            account = f"account {chance.randrange(ACCOUNTS)}"
            job_id = ledger.add_job(account, "x", ledger.now(), job_id=f"{name}-{n}")
            said.append(("added", job_id))
            if n % 3 == 0:
                try:
                    ledger.cancel_job(job_id)
                    said.append(("cancelled", job_id))
                except InvalidTransitionError:  # the runner was faster
                    said.append(("completed", job_id))
    out.write_text(json.dumps(said))


def _has_to_go_on(place: Path) -> bool:
    has_failed = any(place.glob("*.failed"))
    return not has_failed and not all((place / f"{name}.seen").exists() for name in READERS)


def run(directory: Path, name: str, changes: int, out: Path) -> None:
    posted: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        posted.append(account_id)
        return PostResult(success=True)

    with Scheduler(directory) as scheduler:
        while not (out.parent / "enough").exists():
            scheduler.run_due(post)
        scheduler.run_due(post)
    out.write_text(json.dumps(len(posted)))


def look(directory: Path, name: str, changes: int, out: Path) -> None:
    seen: dict[int, str] = {}
    with Ledger(directory, read_only=name == "reader-0") as ledger:
        while not (out.parent / "enough").exists():
            jobs = ledger.list_jobs()
            found = digest(jobs)
            expect(seen.setdefault(ledger.seq, found) == found, "one position, two states")
            expect(max(seen) == ledger.seq, "a reader went back")
            if len(seen) == STATES:
                out.with_suffix(".seen").touch()
    out.write_text(json.dumps(seen))


def fork(work: object, directory: Path, name: str, changes: int, place: Path) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(directory, name, changes, place / name)  # type: ignore[operator]
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told to the parent
            (place / f"{name}.failed").write_text(repr(error))
            os._exit(3)
    return pid


def crowd(place: Path, writers: int, changes: int) -> dict[str, int]:
    """Let so many writers and readers work at once, and check what they leave and saw.

    Raises:
        Broken: a change is missing or doubled, or a reader saw what never was.
    """
    directory = place / "jobs"
    Ledger(directory).close()
    others = [fork(run, directory, "runner", 0, place)]
    others += [fork(look, directory, name, 0, place) for name in READERS]
    busy = [fork(write, directory, f"writer-{n}", changes, place) for n in range(writers)]
    codes = [os.waitpid(pid, 0)[1] for pid in busy]
    (place / "enough").touch()
    codes += [os.waitpid(pid, 0)[1] for pid in others]
    failed = [path.read_text() for path in place.glob("*.failed")]
    expect(not any(codes) and not failed, f"{codes}: {failed}")

    with Ledger(directory) as ledger:
        happened = Counter((event.type, event.job_id) for event in ledger.events())
        expect(ledger.verify().ok, "verify")
        expect(not ledger.rebuild(check=True).changed, "not what a rebuild gives")
        zone = ZoneInfo(ledger.timezone)
    for path in place.glob("writer-?"):
        for change in map(tuple, json.loads(path.read_text())):
            expect(happened[change] == 1, f"{change} happened {happened[change]} times")
    started, completed = (
        sum(times for (kind, _), times in happened.items() if kind == name)
        for name in ("started", "completed")
    )
    posts = json.loads((place / "runner").read_text())
    # One that is cancelled while it runs is out, and its completion is refused.
    expect(0 < completed <= posts <= started, f"{posts} posts, {completed} of {started} completed")
    states = 0
    for name in READERS:
        states += _check_states(directory, zone, json.loads((place / name).read_text()))
    return {"events": happened.total(), "states": states}


def _check_states(directory: Path, zone: ZoneInfo, seen: dict[str, str]) -> int:
    reader, replay = open_reader(directory, RECORDS), Replay(zone)
    records = iter(list(reader.records()))
    reader.close()
    for seq, found in sorted((int(seq), found) for seq, found in seen.items()):
        while replay.seq < seq:
            replay.feed([next(records)])
        given = digest(replay.board.jobs.values())
        expect(given == found, f"no prefix gives what was seen at {seq}")
    return len(seen)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--changes", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, without_background():
        try:
            print(json.dumps(crowd(Path(place), arguments.writers, arguments.changes)))
        except Broken as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
