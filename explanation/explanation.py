"""Why a job is where it is, in words: "why has it not been posted?", "why was it posted twice?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import msgspec

from ..domain import Event, JobStatus, ScheduledJob, ScheduleStatus, of_jobs, of_schedules
from .duplicates import duplicates
from .sentence import Sentence, Step
from .standing import standing
from .story import Story, Surroundings
from .wording import Language, Wording, catalogue_of

if TYPE_CHECKING:
    from .schedule_standing import ScheduleStory


class Explanation(msgspec.Struct, frozen=True):
    """Where a job stands and why, and every way in which its post may be out twice.

    `answer`, `standing` and `twice` say so in English, with times in the ledger's zone; `said`
    gives the same in another language or zone. `status` is None where the job was removed.
    """

    job_id: str
    status: JobStatus | ScheduleStatus | None
    _standing: tuple[Sentence, ...]
    _twice: tuple[Sentence, ...]
    _wording: Wording

    @property
    def standing(self) -> list[str]:
        """Return where it stands, and what has led there, in sentences."""
        return [self._wording.word(sentence) for sentence in self._standing]

    @property
    def twice(self) -> list[str]:
        """Return each way in which it may be out more than once; other jobs with its text, too."""
        return [self._wording.word(sentence) for sentence in self._twice]

    @property
    def answer(self) -> str:
        """Put all of it in one paragraph."""
        return " ".join([*self.standing, *self.twice])

    def said(
        self,
        language: Language = "en",
        zone: tzinfo | None = None,
        *,
        steps: Mapping[Step, str] | None = None,
    ) -> Explanation:
        """Return the same in words of `language`, with times in `zone` (None: the ledger's).

        `steps` are what to say, in that language, of what a person could do next, instead of the
        words that there are for those who use the library: "it is released".

        Raises:
            ValidationError: there is no such language here.
        """
        catalogue_of(language)
        wording = Wording(zone or self._wording.zone, language, steps or {})
        return msgspec.structs.replace(self, _wording=wording)


def explain_schedule(
    of: ScheduleStory, events: Sequence[Event], around: Surroundings
) -> Explanation:
    """Explain a schedule by all its events, oldest first."""
    from .schedule_standing import standing_of_schedule  # for those who have schedules

    told = standing_of_schedule(of, of_schedules(events), around)
    status = of.schedule.status
    return Explanation(of.schedule.key, status, tuple(told), (), Wording(around.zone))


def explain(job: ScheduledJob | None, events: Sequence[Event], around: Surroundings) -> Explanation:
    """Explain a job by all its events, oldest first; `job` is None when it was removed."""
    story = Story(job, of_jobs(events), around)
    return Explanation(
        events[0].job_id,
        None if job is None else job.status,
        tuple(standing(story)),
        tuple(duplicates(story)),
        Wording(around.zone),
    )
