"""What is to come of a rule, before there is a schedule."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from ..errors import ValidationError
from ..validation import check_number
from .local_time import ZoneClock
from .recurrence import Occurrence, Recurrence
from .rules import At, Cron, Every, Fold, Gap, Rule, as_anchored

MOST = 1000
"""So many occurrences are shown at once."""


def preview(
    rule: Rule | str,
    clock: ZoneClock,
    after: datetime,
    *,
    count: int = 10,
    gap: Gap = "shift",
    fold: Fold = "first",
) -> list[Occurrence]:
    """Return the first occurrences of a rule behind a moment; `Every` without an anchor counts from
    that moment on.

    Raises:
        ValidationError: one of these is not acceptable.
    """
    if isinstance(rule, str):
        rule = Cron(rule)
    if not isinstance(rule, (Cron, At, Every)):
        raise ValidationError(
            f"{rule!r:.60} is no rule", field="rule", hint="a cron text, Cron, At or Every"
        )
    check_number(count, "count", MOST)
    recurrence = Recurrence(as_anchored(rule, after), clock, gap=gap, fold=fold)
    return list(islice(recurrence.after(after), count))
