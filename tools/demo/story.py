"""The story that the demo tells: posts, a crash with one of them in flight, recovery, the proof."""

from __future__ import annotations

import shlex
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ...domain import JobStatus, ScheduledJob, StorageError
from ...integrity import VerifyReport
from ...ledger import Ledger
from ...publishers.fake_platform import FakePlatform
from ..commands.verify import print_report
from ..output import printable
from ..render.tables import print_jobs
from ..render.timeline import timeline
from ..serving import has_pages
from ..session import zone_of
from ..typed_name import typed_name
from .posts import Refused, add_posts, demo_csv
from .runner import DemoRunner
from .verdict import Verdict, judge

ZONE = "Asia/Ho_Chi_Minh"
IN_FLIGHT = 6
"""The post that is out, but not yet recorded, when the runner is killed."""
EXPECTED_REFUSALS = 2


def make_directory(given: Path | None) -> Path:
    """Return where the demo's ledger will be: what was given, or a new place among the system's
    temporary files, which is kept.

    Raises:
        StorageError: the directory is not empty.
    """
    if given is None:
        return Path(tempfile.mkdtemp(prefix="jobledger-demo-")) / "jobs"
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise StorageError(
            f"the demo needs an empty directory, and {given} is not", path=str(given)
        )
    return given


def run_demo(directory: Path, console: Console) -> int:
    """Tell the story on a ledger of its own; 0 when everything came out as promised, else 1.

    Raises:
        JobLedgerError: a runner did not do its part in time.
    """
    story = _Story(directory, console)
    # It does not deduplicate: who posts twice is seen to have posted twice.
    with Ledger(directory, timezone=ZONE) as ledger, FakePlatform(dedupe=False) as platform:
        platform.fail("webhook", "silent_after", skip=IN_FLIGHT - 1)
        return story.tell(ledger, platform)


class _Story:
    def __init__(self, directory: Path, console: Console) -> None:
        self._directory = directory
        self._console = console
        self._log = directory.parent / f"{directory.name}-runner.log"
        self._steps = 0

    def tell(self, ledger: Ledger, platform: FakePlatform) -> int:
        self._head("Posts from a CSV file into a ledger")
        added, refused = add_posts(ledger, demo_csv())
        due = [job.job_id for job in ledger.get_ready_jobs()]
        self._say_added(added, due, refused)

        self._head("A runner, killed with a post in flight")
        in_flight = self._crash(ledger, platform)

        self._head("A new runner takes over")
        self._recover(ledger, platform, due)

        self._head("All jobs")
        print_jobs(ledger.list_jobs(), zone_of(ledger))
        self._head(f"The life of the job that was in flight, {in_flight.job_id[:8]}")
        events, width = ledger.history(in_flight.job_id), self._console.width
        self._console.print(timeline(events, zone_of(ledger), width))
        self._head("verify")
        report = ledger.verify()
        print_report(report)
        return self._end(self._judge(ledger, platform, due, refused, report))

    def _say_added(self, added: list[str], due: list[str], refused: Sequence[Refused]) -> None:
        self._say(f"{len(added)} jobs added: {len(due)} due now, {len(added) - len(due)} later.")
        for row in refused:
            why = f"line {row.line} ({printable(row.account_id)}) refused: {printable(row.reason)}"
            self._say(why, style="yellow")

    def _crash(self, ledger: Ledger, platform: FakePlatform) -> ScheduledJob:
        """Run until a post is out and its answer is not; then SIGKILL. The job that was running."""
        with DemoRunner(self._directory, platform.url, self._log) as runner:
            runner.wait_until(lambda: platform.silences > 0, "a post was in flight")
            runner.kill()
            pid = runner.process.pid
        (job,) = ledger.list_jobs(status=JobStatus.RUNNING)
        done = len(ledger.list_jobs(status=JobStatus.COMPLETED))
        self._say(f"Runner {pid} got a kill -9 after {done} posts, in the middle of one more:")
        print_jobs([job], zone_of(ledger))
        self._say("The platform has that post. The ledger does not know it yet.", style="yellow")
        return job

    def _recover(self, ledger: Ledger, platform: FakePlatform, due: list[str]) -> None:
        def all_done() -> bool:
            return all(ledger.get_job(job_id).status is JobStatus.COMPLETED for job_id in due)

        with DemoRunner(self._directory, platform.url, self._log) as runner:
            runner.wait_until(all_done, "everything due was posted")
            code = runner.stop()
            pid = runner.process.pid
        self._say(f"Runner {pid} finished the {len(due)} posts that were due.")
        self._say(f"It was told to stop and ended with exit code {code}.")

    def _judge(
        self,
        ledger: Ledger,
        platform: FakePlatform,
        due: list[str],
        refused: Sequence[Refused],
        report: VerifyReport,
    ) -> Verdict:
        jobs = ledger.list_jobs()
        return judge(
            jobs,
            due,
            {job.job_id: ledger.idempotency_key(job.job_id) for job in jobs},
            Counter(post.key for post in platform.posts()),
            crashes=sum(
                1
                for event in ledger.events(types=["interrupted"])
                if getattr(event.data, "reason", None) == "crashed"
            ),
            refused_as_expected=len(refused) == EXPECTED_REFUSALS,
            verified=report.ok,
        )

    def _end(self, verdict: Verdict) -> int:
        self._head("Look for yourself")
        place = shlex.quote(str(self._directory))
        program = typed_name()
        if has_pages():
            self._say(f"{program} --dir {place} serve   # and open the address that it prints")
        self._say(f"{program} --dir {place} list")
        self._say(f"jq -c '[.seq, .at, .type, .job]' {place}/events_*.jsonl")
        self._console.print()
        style = "bold green" if verdict.ok else "bold red"
        self._console.print(Text(verdict.line(), style=style), soft_wrap=True)
        return 0 if verdict.ok else 1

    def _head(self, title: str) -> None:
        self._steps += 1
        self._console.print()
        self._console.print(Text.assemble((f"{self._steps}. ", "dim"), (title, "bold")))

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)
