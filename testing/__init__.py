"""The kit for tests of publishers and of programs that use a ledger (docs/testing.md).

A simulated disk that crashes wherever it is told to, faults of every k-th operation, strategies
and a machine for hypothesis, and the stage that the simulator plays on. Needs `jobledger[testing]`
where hypothesis comes in (LifecycleMachine and the strategies); the rest needs nothing more.
"""

from typing import TYPE_CHECKING, Any

from ..faces import face
from ..release import how_to_install

if TYPE_CHECKING:
    from ..ledger import ManualClock as ManualClock
    from .crashes import CrashReport as CrashReport
    from .crashes import Posts as Posts
    from .crashes import crash_everywhere as crash_everywhere
    from .crashes import crash_point as crash_point
    from .disk import SimulatedDisk as SimulatedDisk
    from .faults import Fault as Fault
    from .faults import FaultyFileSystem as FaultyFileSystem
    from .machine import LifecycleMachine as LifecycleMachine
    from .schedule_machine import ScheduleMachine as ScheduleMachine
    from .schedule_strategies import rules as rules
    from .schedule_strategies import schedule_commands as schedule_commands
    from .schedule_strategies import schedules as schedules
    from .strategies import commands as commands
    from .strategies import disk_faults as disk_faults
    from .strategies import jobs as jobs
    from .strategies import ledgers as ledgers

    __all__: list[str]
else:
    __all__, _find, __dir__ = face(
        __name__,
        {
            "crashes": ("CrashReport", "Posts", "crash_everywhere", "crash_point"),
            "disk": ("SimulatedDisk",),
            "faults": ("Fault", "FaultyFileSystem"),
            "machine": ("LifecycleMachine",),
            "schedule_machine": ("ScheduleMachine",),
            "schedule_strategies": ("rules", "schedule_commands", "schedules"),
            "strategies": ("commands", "disk_faults", "jobs", "ledgers"),
            ".ledger": ("ManualClock",),
        },
    )

    def __getattr__(name: str) -> Any:
        """Import a name when it is asked for, and say what to install where that is missing."""
        try:
            return _find(name)
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            raise ModuleNotFoundError(
                f"{name} needs hypothesis ({how_to_install('testing')})", name="hypothesis"
            ) from None
