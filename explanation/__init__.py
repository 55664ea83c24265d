"""Why a job is where it is, what an event says, how two states differ: in sentences as values.

A `Sentence` is an English text with holes for facts (a moment, a span, a name, another sentence);
it becomes words at the edge, for a language and a zone (`Wording`). Pure, and made of events and
jobs alone: who asks brings them. What nobody asks for is not imported.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .comparing import *
    from .event_words import *
    from .explanation import *
    from .schedule_standing import *
    from .sentence import *
    from .story import *
    from .wording import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "comparing": ("JobDifference", "difference", "differences"),
            "event_words": ("words",),
            "explanation": ("Explanation", "explain", "explain_schedule"),
            "schedule_standing": ("ScheduleStory",),
            "sentence": ("Step",),
            "story": ("Surroundings",),
            "wording": ("span",),
        },
    )
