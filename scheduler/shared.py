"""What there is once in a runner, however many chains of jobs it runs."""

from __future__ import annotations

import asyncio

from .account_holds import AccountHolds
from .failures import FailureHook
from .gate import Gate
from .loop import Loop
from .offload import Offload, offload_for
from .own_loop import OwnLoop
from .places import Places
from .settings import RunSettings
from .stop_request import StopRequest
from .uptime import Uptime


class Making:
    """What is made in another way where a runner is simulated."""

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        """Make the event loop of async publishers: a simulated one has its own time."""
        return asyncio.new_event_loop()

    def _new_offload(self, *, is_remote: bool) -> Offload:
        """Make what works with the ledger for event loops: a simulated runner has no threads."""
        return offload_for(is_remote=is_remote)

    def _new_uptime(self) -> Uptime:
        """Count how long this process has run: a simulated one has its own time for that, too."""
        return Uptime()


class SharedParts:
    """The parts that all chains of one runner share."""

    def __init__(self, settings: RunSettings, on_failure: FailureHook, making: Making) -> None:
        self.settings = settings
        self.on_failure = on_failure
        self.making = making
        self.stop_request = StopRequest()
        self.own_loop = OwnLoop(lambda: making._new_loop())
        self.holds = AccountHolds()
        self.places = Places(settings.concurrency)
        self.loops: list[Loop] = []
        """One for each chain."""
        self.gate = Gate(lambda: any(loop.is_running for loop in self.loops))
