"""Asking what a table means, column by column, at a terminal: the answers are options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from ...domain import ValidationError
from ...interchange import (
    CHOICES,
    DATE,
    KNOWN,
    READ,
    TIME,
    Column,
    FileColumns,
    NamedTable,
    Source,
    Wishes,
    is_ours,
    look_into,
    read_state,
    sounds_like,
)
from ..files import naming
from ..output import printable

Prompt = Callable[[str, str, Callable[[str], str]], str]
"""Asks for a text, with what Enter means, until what is answered is acceptable; returns that."""
_OFTEN = ("account_id", "content", "scheduled_time", DATE, TIME, "status", "platform", *READ)
_KEEP = "-"
_YEAR_LAST = re.compile(r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)\b")
_SAMPLES = 2
_LONGEST = 30


class Answers(msgspec.Struct):
    """What was answered, as the options that say it."""

    maps: list[str] = []
    constants: list[str] = []
    states: list[str] = []
    dates: str | None = None
    times_in: str | None = None

    def options(self) -> list[str]:
        """Return the words to type."""
        words: list[str] = []
        for option, values in (
            ("--map", self.maps), ("--set", self.constants), ("--state", self.states),
        ):  # fmt: skip
            for value in values:
                words += [option, value]
        for option, said in (("--dates", self.dates), ("--times-in", self.times_in)):
            words += [] if said is None else [option, said]
        return words


def ask_about(
    source: Source, wishes: Wishes, zone: ZoneInfo, prompt: Prompt, say: Callable[[str], None]
) -> Answers:
    """Ask what the columns of a table are, and what else has to be known of it.

    Raises:
        StorageError: the file cannot be read.
        ValidationError: it is no table, or none that can be read as it was said.
    """
    table = look_into(source, wishes)
    if table is None:
        raise ValidationError(
            f"{source.said} is no table, or empty: there is nothing to ask of it", field="ask"
        )
    rows, answers = len(table.rows), Answers()
    say(f"{source.said} has {rows} rows. What is each column? Enter takes what stands in [ ],")
    say(f"{_KEEP} keeps it in the metadata. Fields: {', '.join(_OFTEN)}")
    has_states = any(column.target == "status" for column in table.columns.columns)
    columns = [
        Column(
            each.name,
            _ask_of_column(
                each, table.samples(n, _SAMPLES), answers, prompt, has_states=has_states
            ),
        )
        for n, each in enumerate(table.columns.columns)
    ]
    table = NamedTable(FileColumns(columns, wishes), table.rows)
    _ask_what_is_missing(table.columns, answers, prompt)
    _ask_of_dates(table, wishes, answers, prompt)
    _ask_of_states(table, wishes, answers, prompt)
    if wishes.zone is None:
        name = prompt("Of which zone are times without an offset?", zone.key, _zone)
        answers.times_in = None if name == zone.key else name
    return answers


def _ask_of_column(
    column: Column, samples: Sequence[str], answers: Answers, prompt: Prompt, *, has_states: bool
) -> str:
    """Ask what a column is; what it is."""
    if not column.name:
        return ""
    like_states = sounds_like("status", [column.name]) is not None
    usual = column.target if is_ours(column.target) or column.target in READ else _KEEP
    if usual == _KEEP and like_states and not has_states:
        usual = "status"
    shown = ", ".join(printable(text)[:_LONGEST] for text in samples)
    said = prompt(f"{printable(column.name)}{f' ({shown})' if shown else ''}", usual, _target)
    if said == usual and said in (_KEEP, column.target):
        return column.target
    if said == _KEEP:
        said = "note" if like_states else re.sub(r"\W", "_", f"column_{column.name}")
    answers.maps.append(f"{said}={column.name}")
    return said


def _ask_what_is_missing(columns: FileColumns, answers: Answers, prompt: Prompt) -> None:
    targets = {column.target for column in columns.columns}
    for name in columns.missing():
        if name == "account_id":
            said = prompt("Of which account are all of them?", "", _not_empty)
            answers.constants.append(f"account_id={said}")
        else:
            raise ValidationError(f"no column is {name}", field=name)
    if DATE in targets and TIME not in targets and "scheduled_time" not in targets:
        said = prompt("At which time of day, where a date says none?", "09:00", _not_empty)
        answers.constants.append(f"time={said}")


def _ask_of_dates(table: NamedTable, wishes: Wishes, answers: Answers, prompt: Prompt) -> None:
    for text in table.values({"scheduled_time", DATE}):
        if wishes.dates is None and _YEAR_LAST.search(text):
            said = prompt(
                f"{printable(text)}: does day or month come first (dmy, mdy)?", "", _order
            )
            answers.dates = said
            return


def _ask_of_states(table: NamedTable, wishes: Wishes, answers: Answers, prompt: Prompt) -> None:
    asked: set[str] = set()
    for text in table.values({"status"}):
        word = text.strip()
        try:
            read_state(word, wishes)
        except ValidationError:
            if word.casefold() in asked:
                continue
            asked.add(word.casefold())
            question = f"What does the state {printable(word)} mean ({', '.join(CHOICES)})?"
            answers.states.append(f"{word}={prompt(question, 'pending', _state)}")


def _target(text: str) -> str:
    if text == _KEEP or text in KNOWN or text in (DATE, TIME, *READ):
        return text
    raise ValidationError(f"{text!r:.40} is no field", field="map", hint=", ".join(_OFTEN))


def _not_empty(text: str) -> str:
    if text.strip():
        return text.strip()
    raise ValidationError("that is empty", field="set")


def _order(text: str) -> str:
    if text in ("dmy", "mdy"):
        return text
    raise ValidationError("say dmy or mdy", field="dates")


def _state(text: str) -> str:
    if text in CHOICES:
        return text
    raise ValidationError(f"{text!r:.40} is no state", field="state", hint=", ".join(CHOICES))


def _zone(text: str) -> str:
    from ...ledger import load_zone

    with naming(text):
        return load_zone(text).key
