"""Posts and jobs as people and other programs write them: in tables, calendars, JSON, daily files.

A file is read by its form (`reading/`) and understood by its columns and words (`understanding/`),
its rows are checked as the ledger will and as people would, and compared with what is there; what
would come of it is a plan, before anything is changed. `writing/` is the way back. Nobody is asked
and nothing is printed here: the command line and the pages do that, each in its way.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .checking import *
    from .ledger_posts import *
    from .named_table import *
    from .plan import *
    from .plan_document import *
    from .problems import *
    from .reading.encodings import *
    from .shards import *
    from .sources import *
    from .typed_times import *
    from .understanding.columns import *
    from .understanding.extras import *
    from .understanding.names import *
    from .understanding.presets import *
    from .understanding.states import *
    from .wishes import *
    from .writing.calendar_form import *
    from .writing.csv_form import *
    from .writing.json_form import *
    from .writing.tools import *
    from .writing.workbook import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "checking": ("Allowed",),
            "ledger_posts": ("LedgerPosts",),
            "named_table": ("NamedTable", "look_into"),
            "plan": ("ImportPlan", "PlannedJob", "Target", "make_plan"),
            "plan_document": ("document",),
            "problems": ("RowProblem", "in_lines", "line_ranges", "of_a_kind"),
            "reading.encodings": ("check_encoding",),
            "shards": ("by_shard",),
            "sources": ("Form", "Source", "find_sources", "form_of", "source_of"),
            "typed_times": ("Moment", "parse_moment", "parse_time", "say_moment", "span_in_words"),
            "understanding.columns": ("Column", "FileColumns", "is_ours"),
            "understanding.extras": ("READ",),
            "understanding.names": ("DATE", "KNOWN", "TIME", "sounds_like"),
            "understanding.presets": ("LEFT_OUT", "PRESETS"),
            "understanding.states": ("CHOICES", "check_state", "read_state"),
            "wishes": ("Bounds", "DateOrder", "Wishes"),
            "writing.calendar_form": ("write_calendar",),
            "writing.csv_form": ("write_csv",),
            "writing.json_form": ("write_daily", "write_lines"),
            "writing.tools": ("write_for",),
            "writing.workbook": ("write_workbook",),
        },
    )
