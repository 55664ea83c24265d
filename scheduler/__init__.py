"""The running service: what starts when, the attempt at a post, how it ends, and what is rescued.

`Scheduler` is a facade over parts: running attempts, dispatcher, completer, rescuer, loop. A
publisher gets an `Attempt` and gives a `PostResult`, or says that it does not know.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .account_holds import *
    from .adapter import *
    from .attempt import *
    from .failures import *
    from .offload import *
    from .scheduler import *
    from .signals import *
    from .uptime import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "account_holds": ("OF_ACCOUNT",),
            "adapter": ("PublisherAdapter",),
            "attempt": (
                "AccountWaits",
                "Attempt",
                "NoValidToken",
                "NotPosted",
                "OutcomeUnknown",
                "PostResult",
                "Publisher",
                "ReconcilingPublisher",
                "WrongResultError",
            ),
            "failures": ("without_text",),
            "offload": ("InPlace", "Offload"),
            "scheduler": ("Scheduler",),
            "signals": ("StopSignals",),
            "uptime": ("Uptime",),
        },
    )
