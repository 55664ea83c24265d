"""How the times and the state of one row are understood, and what is to be told of that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from ...domain import JobStatus, ValidationError
from ..wishes import Wishes
from .presets import PRESETS
from .states import read_state
from .times import WrittenTimes


class RowReading:
    """Reads the times and the state of one row; `notes` is what a person has to know of it."""

    def __init__(self, now: datetime, zone: ZoneInfo, wishes: Wishes) -> None:
        self.notes: list[tuple[str, str]] = []
        """What is to be told, each with the field that it is about."""
        self.unknown: list[str] = []
        """Words for a state that nobody has said the meaning of."""
        self._times = WrittenTimes(now, zone, wishes)
        self._wishes = wishes
        self._states: Mapping[str, str] = {} if wishes.like is None else PRESETS[wishes.like].states

    def time(self, text: str) -> datetime:
        """Return the moment that a text means.

        Raises:
            ValidationError: it is no time, or not clear.
        """
        moment = self._times.read(text)
        if moment.note:
            self.notes.append(("scheduled_time", f"{text!r:.60}: {moment.note}"))
        return moment.at

    def status(self, word: object) -> JobStatus:
        """Return the state that a word means.

        Raises:
            ValidationError: nobody has said what it means.
        """
        try:
            state = read_state(word, self._wishes, self._states)
        except ValidationError:
            self.unknown.append(str(word).strip())
            raise
        if state.told and state.status is JobStatus.PENDING:
            self.notes.append(("status", f"{str(word).strip()!r:.40} is taken as PENDING"))
        return state.status or JobStatus.PENDING

    def leaves_out(self, word: object) -> bool:
        """Whether somebody has said that rows of this state are to be left out."""
        try:
            return read_state(word, self._wishes, self._states).status is None
        except ValidationError:
            return False
