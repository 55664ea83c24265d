"""A whole system on one seed: ledger, writers, runner, publisher and platform, on a simulated disk
and a clock that is moved; no threads and no real time, so a seed repeats its history to the byte.

`steps` has what may happen, `life` how each of it is done to a ledger, `platform` where its runner
posts to; `simulation` runs steps, and `shrinking` shortens a run that fails. The stage that this
happens on, and the model that it is held against, are those of the kit, one room above.
"""

from typing import TYPE_CHECKING

from ...faces import face

if TYPE_CHECKING:
    from .shrinking import *
    from .simulation import *
    from .steps import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "shrinking": ("shrink",),
            "simulation": ("Failure", "Outcome", "simulate"),
            "steps": ("Step", "steps_of"),
        },
    )
