"""What tells and changes nothing: the operational log, hooks, progress, secrets kept out of them.

No outcome depends on it: what raises here, or cannot be written, is passed over (`OnlyTold`). It
also reads what is foreign (exceptions, results of a publisher) under a guard.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .foreign import *
    from .interruption import *
    from .log import *
    from .secrets import *
    from .telling import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "foreign": (
                "chain_of",
                "classes_of",
                "described",
                "errno_of",
                "guarded",
                "id_of",
                "is_of",
                "kind_of",
                "leaves_of",
                "place_of",
                "shown",
                "text_of",
            ),
            "interruption": ("is_interruption",),
            "log": ("Log", "is_told", "logger"),
            "secrets": (
                "hide_in",
                "hide_secrets",
                "mark_credentials",
                "mark_secret",
                "without_credentials",
                "without_secrets",
            ),
            "telling": ("OnlyTold", "Progress", "Repeated"),
        },
    )
