"""What the completer asks of its ledger (`completer.Recorder`)."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain import Event, ScheduledJob, StaleAttemptError
from ..domain import commands as c
from ..eventstore import RunnerEndedError
from ..ledger import Outcome
from .execution import interruption
from .ledger_access import LedgerAccess
from .running import Running
from .settings import RunSettings


class LedgerRecorder:
    """Records by the one way to change, and looks into the log where that is in doubt."""

    def __init__(self, ledger: LedgerAccess, settings: RunSettings) -> None:
        self._log = ledger.log
        self._state = ledger.state
        self._handler = ledger.handler
        self._history = ledger.history
        self._settings = settings

    def catch_up(self) -> None:
        self._log.check_not_poisoned()
        self._log.refresh()

    def find(self, job_id: str) -> ScheduledJob | None:
        with self._state.lock:
            return self._state.board.get(job_id)

    def change(self, job_id: str, command: c.Command) -> ScheduledJob | None:
        try:
            return self._handler.change(job_id, command)
        except RunnerEndedError as error:
            # rule: ended-runner-records-no-step
            raise StaleAttemptError(error.message, job_id=job_id) from error

    def change_together(self, changes: Sequence[tuple[str, c.Command]]) -> list[Outcome]:
        outcomes = self._handler.change_each(lambda board, now: list(changes))
        return [outcome for _, outcome in outcomes]

    def events_of(self, job_id: str) -> Sequence[Event]:
        return self._history.of_job(job_id)

    def doubt(self, running: Running, error: str) -> c.OfAttempt:
        settings = self._settings.roll()
        return interruption(running.job, "outcome_unknown", error, settings, settle=True)
