"""The kit for tests of publishers and of programs that use a ledger. Needs `jobledger[testing]`
where hypothesis comes in (LifecycleMachine and the strategies); the rest needs nothing more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..release import how_to_install

if TYPE_CHECKING:
    from ..ledger.clock import ManualClock
    from .crashes import CrashReport, Posts, crash_everywhere, crash_point
    from .disk import SimulatedDisk
    from .faults import Fault, FaultyFileSystem
    from .machine import LifecycleMachine
    from .strategies import commands, disk_faults, jobs, ledgers

_HOMES = {
    "CrashReport": ".crashes",
    "Fault": ".faults",
    "FaultyFileSystem": ".faults",
    "LifecycleMachine": ".machine",
    "ManualClock": "..ledger.clock",
    "Posts": ".crashes",
    "SimulatedDisk": ".disk",
    "commands": ".strategies",
    "crash_everywhere": ".crashes",
    "crash_point": ".crashes",
    "disk_faults": ".strategies",
    "jobs": ".strategies",
    "ledgers": ".strategies",
}
__all__ = [
    "CrashReport",
    "Fault",
    "FaultyFileSystem",
    "LifecycleMachine",
    "ManualClock",
    "Posts",
    "SimulatedDisk",
    "commands",
    "crash_everywhere",
    "crash_point",
    "disk_faults",
    "jobs",
    "ledgers",
]


if not TYPE_CHECKING:  # which is to know that there are no other names

    def __getattr__(name: str) -> Any:
        """Import a name when it is first asked for."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"{__name__} has no {name}")
        try:
            return getattr(import_module(home, __name__), name)
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            raise ModuleNotFoundError(
                f"{name} needs hypothesis ({how_to_install('testing')})", name="hypothesis"
            ) from None
