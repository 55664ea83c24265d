"""A stream of events ends in good order, whenever whoever listens goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import anyio
import pytest

from jobledger import Event
from jobledger.web.api.events import told


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20])
def test_who_goes_away_while_nothing_happens_leaves_nothing_behind(turns: int) -> None:
    """Also where what is watched takes some turns of the loop to let go, while the server goes on
    cancelling whoever answers."""
    let_go: list[bool] = []

    async def watched() -> AsyncGenerator[Event, None]:
        try:
            await asyncio.Event().wait()
            raise AssertionError("nothing happens")
            yield
        finally:
            for _ in range(turns):
                await asyncio.sleep(0)
            let_go.append(True)

    async def answer(streams: set[asyncio.Event]) -> None:
        async for _ in told(watched(), streams):
            pass

    async def serve() -> set[asyncio.Event]:
        streams: set[asyncio.Event] = set()
        async with anyio.create_task_group() as group:
            group.start_soon(answer, streams)
            while not streams:
                await asyncio.sleep(0)
            for _ in range(3):
                await asyncio.sleep(0)
            group.cancel_scope.cancel()
        return streams

    assert asyncio.run(serve()) == set()
    assert let_go == [True]
