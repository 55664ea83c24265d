"""A content calendar of a team: looked at, taken in as a whole, and the same again adds nothing.

It prints:

    would import 2 jobs: 1 pending, 1 scheduled; nothing was changed
    imported 2 jobs: 1 pending, 1 scheduled
    imported 0 jobs
    pending Thứ Hai: quán mở cửa từ 6 giờ
    scheduled Thứ Ba: cà phê trứng
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobledger import Ledger

days = [datetime.now(UTC).date() + timedelta(days=n) for n in (10, 11)]
Path("calendar.csv").write_text(
    "Date,Publish Time,State,Full Caption\n"
    f"{days[0]},7:30 AM,Draft,Thứ Hai: quán mở cửa từ 6 giờ\n"
    f"{days[1]},7:30 AM,Approved,Thứ Ba: cà phê trứng\n",
    "utf-8",
)
HOW = (
    "--map", "content=Full Caption", "--map", "date=Date", "--map", "time=Publish Time",
    "--map", "status=State", "--state", "Draft=pending", "--state", "Approved=scheduled",
    "--set", "account_id=my-shop", "--timezone", "Asia/Ho_Chi_Minh",
)  # fmt: skip


def take_in(*more: str) -> str:
    """Run `jobledger import calendar.csv` as one types it, and return what it says of the jobs."""
    command = [sys.executable, "-m", "jobledger", "import", "calendar.csv", *HOW, *more]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return next(line for line in done.stdout.splitlines() if "import" in line)


print(take_in("--dry-run"))
print(take_in())
print(take_in())
with Ledger("jobs") as ledger:
    for job in ledger.list_jobs(order="time"):
        print(job.status, job.content)
