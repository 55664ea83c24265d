"""FastAPI with several workers: each holds the ledger, and exactly one of them posts.

    LEDGER=jobs uvicorn fastapi_app:app --workers 2

Whichever worker is first is the runner; when it ends, another one takes over within a second.
docs/how-to/fastapi.md says why it is written so.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

from jobledger import (
    JobNotFoundError,
    Ledger,
    PostResult,
    Scheduler,
    SchedulerRunningError,
    ValidationError,
)

LOCATION = os.environ.get("LEDGER", "jobs")


class NewPost(BaseModel):
    """What a client sends."""

    account_id: str
    content: str
    at: datetime | None = None


async def publish(account_id: str, content: str) -> PostResult:
    """Stand in for a platform: say which process has posted."""
    return PostResult(True, thread_id=f"by-{os.getpid()}")


async def run_when_nobody_does() -> None:
    """Be the runner whenever no other worker is."""
    while True:
        with suppress(SchedulerRunningError):
            scheduler = await asyncio.to_thread(Scheduler, LOCATION)
            try:
                await scheduler.start(publish)
                while scheduler.is_running:
                    await asyncio.sleep(1)
            finally:
                await scheduler.stop()
                await asyncio.to_thread(scheduler.close)
        await asyncio.sleep(1)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the ledger in the process that uses it, and not when the module is imported."""
    app.state.ledger = await asyncio.to_thread(Ledger, LOCATION)
    runner = asyncio.create_task(run_when_nobody_does())
    yield
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)
    await asyncio.to_thread(app.state.ledger.close)


app = FastAPI(lifespan=lifespan)


@app.post("/posts", status_code=201)
def add(post: NewPost, request: Request) -> dict[str, str]:
    """Add a post; a plain `def`, since it waits for the disk."""
    ledger: Ledger = request.app.state.ledger
    try:
        at = post.at or datetime.now(UTC)
        return {"job_id": ledger.add_job(post.account_id, post.content, at)}
    except ValidationError as error:
        raise HTTPException(422, str(error)) from None


@app.get("/posts/{job_id}")
def show(job_id: str, request: Request) -> dict[str, str | None]:
    """Say how it stands, and why."""
    ledger: Ledger = request.app.state.ledger
    try:
        job = ledger.get_job(job_id)
    except JobNotFoundError:
        raise HTTPException(404, "there is no such post") from None
    why = ledger.why(job_id).said("en").answer
    return {"status": job.status, "thread_id": job.thread_id, "why": why}


@app.get("/worker")
def worker() -> dict[str, int]:
    """Say which process answers."""
    return {"pid": os.getpid()}
