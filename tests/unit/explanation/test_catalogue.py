"""Each sentence has a Vietnamese text, of the same facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from support.anchors import ROOT

from jobledger import ValidationError, words
from jobledger.domain.codec import EVENT_TYPES
from jobledger.domain.job.commands import InterruptReason
from jobledger.domain.job.state import JobStatus
from jobledger.explanation.sentence import STEPS, say
from jobledger.explanation.vietnamese import VIETNAMESE
from jobledger.explanation.wording import Wording
from jobledger.tools.remedies import IN_COMMANDS

TONES = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
AS_IN_ENGLISH = {
    "{remark}.", "{how}: {error!r}", "{count} ms", "{times}, {days}", "{one} {other}",
    "{one}, {other}", "{text}",
}  # fmt: skip
"""What has no word that could be another one."""


def sentences() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `say`, and where it is."""
    for path in sorted((ROOT / "explanation").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "say":
                yield f"{path.name}:{node.lineno}:{node.col_offset}", node


def template_of(call: ast.Call) -> str:
    template = ast.literal_eval(call.args[0])
    assert isinstance(template, str)
    return template


def holes(text: str) -> list[tuple[str, str | None]]:
    """Return the name and the conversion of each hole, sorted."""
    found = [(name, how) for _, name, _, how in Formatter().parse(text) if name is not None]
    return sorted(found, key=repr)


SENTENCES = dict(sentences())
TEMPLATES = {template_of(call) for call in SENTENCES.values()}


@pytest.mark.parametrize("place", SENTENCES)
def test_a_sentence_has_a_fact_for_each_of_its_holes(place: str) -> None:
    call = SENTENCES[place]
    given = {word.arg for word in call.keywords} - {"step"}
    assert {name for name, _ in holes(template_of(call))} == given


def test_a_sentence_is_made_by_say_alone() -> None:
    """So that none is missed here."""
    made = {
        path.name
        for path in (ROOT / "explanation").glob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Sentence")
    }
    assert made == {"sentence.py"}


def test_every_sentence_has_a_vietnamese_text_and_there_are_no_others() -> None:
    assert set(VIETNAMESE.texts) == TEMPLATES


@pytest.mark.parametrize("template", VIETNAMESE.texts)
def test_a_vietnamese_text_has_the_facts_of_its_template(template: str) -> None:
    """All of them, quoted where they are; what it begins and ends with, and in Vietnamese."""
    text = VIETNAMESE.texts[template]
    assert holes(text) == holes(template)
    edges = re.compile(r"^\s*|[\s.?]*$")
    assert edges.findall(text) == edges.findall(template)
    assert any(letter in TONES for letter in text.lower()) == (template not in AS_IN_ENGLISH)


def test_whatever_the_log_names_has_a_word_in_each_language() -> None:
    """Types of events and statuses; and what an attempt is interrupted by."""
    for name in (*EVENT_TYPES, *JobStatus, *get_args(InterruptReason)):
        assert words(name) == name
        assert words(name, "vi") != name
    with pytest.raises(ValidationError, match="no type of event and no status named 'nonsense'"):
        words("nonsense")


def test_each_step_has_a_sentence_and_a_command() -> None:
    steps = {
        ast.literal_eval(word.value)
        for call in SENTENCES.values()
        for word in call.keywords
        if word.arg == "step"
    }
    assert steps == set(STEPS) == IN_COMMANDS.keys()


def test_what_the_edge_says_of_a_step_stands_in_its_place() -> None:
    sentence = say("It stays so until {requeued}.", requeued=say("it is requeued", step="requeue"))
    assert Wording(UTC).word(sentence) == "It stays so until it is requeued."
    own = Wording(UTC, "vi", {"requeue": "bạn bấm nút"})
    assert own.word(sentence) == "Bài giữ nguyên như vậy cho đến khi bạn bấm nút."


def test_a_text_that_is_missing_stays_english() -> None:
    assert Wording(UTC, "vi").word(say("No such {thing}.", thing="text")) == "No such text."


def test_what_somebody_wrote_is_never_taken_for_a_template() -> None:
    """Nor is anything in it."""
    sentence = say("{person} said {when} that it was posted{post}.", person="{0}", when="", post="")
    assert Wording(UTC).word(sentence) == "{0} said  that it was posted."


@pytest.mark.parametrize(
    ("span", "english", "vietnamese"),
    [
        (timedelta(milliseconds=12), "12 ms", "12 ms"),
        (timedelta(seconds=4.25), "4.2 s", "4,2 giây"),
        (timedelta(minutes=3, seconds=20), "3.3 min", "3,3 phút"),
        (timedelta(hours=-2), "-2.0 h", "-2,0 giờ"),
        (timedelta(days=1.5), "1.5 d", "1,5 ngày"),
    ],
)
def test_a_span_has_the_unit_that_suits_it(span: timedelta, english: str, vietnamese: str) -> None:
    assert (words(span), words(span, "vi")) == (english, vietnamese)


def test_a_moment_is_said_as_the_zone_has_it() -> None:
    moment, hanoi = datetime(2026, 3, 2, 20, 30, 5, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh")
    assert words(moment) == "2026-03-02 20:30:05"
    assert words(moment, "vi", hanoi) == "03:30:05 ngày 03/03/2026"


def test_a_language_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="language must be one of en, vi, not 'fr'"):
        words(timedelta(0), "fr")  # type: ignore[arg-type]
