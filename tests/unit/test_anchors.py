"""The lists of rules and of planted mistakes hold whatever the source becomes."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from planted.bugs import BUGS
from support.anchors import Anchor, AnchorError, find_anchors, look_at
from support.changes import (
    Always,
    Change,
    ChangeError,
    Drop,
    First,
    Instead,
    Never,
    OffByOne,
    Swap,
    Value,
    Without,
)
from support.mutants import Mutant, change_of, find_tests
from switches.rules import RULES

BEFORE = """\
def take(job, now):
    job.look()
    if job is None or job.at > now or job.gone:  # rule: due
        return None
    # rule: taken
    job.taken = max(job.taken, now)
    job.tell()  # rule: told
    return [
        job,
        more(job) if job.more else job,  # rule: more
        _ORDER,
        # rule: order
        _ORDER,
    ]
"""
"""The statements of some rules."""

AFTER = '''\
class Elsewhere:
    """# rule: told is no anchor here."""

    def take(self, job, now):
        with self.lock:
            while self.goes_on:
                # rule: taken
                job.taken = (
                    max(job.taken, now)
                )
                for _ in self.waiting:
                    self.pause()
                    job.tell()  # rule: told
                if (
                    job is None
                    # Who says that it is not due?
                    or job.at > now  # rule: due
                    or job.gone
                ):
                    return None
        return [
            _ORDER,
            # rule: order
            # It comes last.
            _ORDER,
            job,
            # rule: more
            more(job) if job.more else job,
        ]
'''
"""The same in another file, order and form."""

CHANGES: dict[str, list[tuple[Change, str]]] = {
    "due": [
        (Never(), "if (job is None or job.at > now or job.gone) and False:"),
        (Drop(), "pass"),
        (OffByOne(), "if job is None or job.at >= now or job.gone:"),
        (Swap("job.gone", "job.late"), "if job is None or job.at > now or job.late:"),
        (Instead("raise Gone"), "raise Gone"),
    ],
    "taken": [
        (Value("now"), "job.taken = now"),
        (Swap("max", "min"), "job.taken = min(job.taken, now)"),
    ],
    "told": [(Drop(), "pass")],
    "more": [(Always(), "more(job) if job.more or True else job")],
    "order": [(Swap("_ORDER", "_ORDER, _MORE"), "_ORDER, _MORE")],
}


def normal(source: str) -> str:
    return ast.unparse(ast.parse(source))


def placed(directory: Path, text: str, file: str = "a/here.py") -> dict[str, Anchor]:
    path = directory / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return find_anchors(directory)


def test_every_mutant_can_be_made_and_is_still_a_program() -> None:
    anchors = find_anchors()
    sound = cache(lambda path: ast.dump(ast.parse(path.read_text("utf-8"))))
    for mutant in [*RULES, *BUGS]:
        path, source = change_of(mutant, anchors)
        assert ast.dump(ast.parse(source)) != sound(path)


def test_no_anchor_of_the_source_is_without_a_mutant_and_no_mutant_without_its_anchor() -> None:
    assert set(find_anchors()) == {mutant.anchor for mutant in [*RULES, *BUGS]}


def test_the_names_of_rules_and_of_mistakes_are_each_there_once() -> None:
    for mutants in (RULES, BUGS):
        assert len({mutant.name for mutant in mutants}) == len(mutants)


def test_every_test_that_a_mutant_names_is_there() -> None:
    for mutant in [*RULES, *BUGS]:
        assert len(find_tests(mutant.tests)) == len(mutant.tests) > 0


@pytest.mark.parametrize("text", [BEFORE, AFTER], ids=["before", "after it moved"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_statement_may_move_and_be_written_otherwise(
    tmp_path: Path, name: str, text: str
) -> None:
    """To another line, function and file; over more lines; with other comments."""
    anchors = placed(tmp_path, text, "a/here.py" if text is BEFORE else "b/c/there.py")
    at = look_at(anchors[name])
    original = normal(text)
    for change, changed in CHANGES[name]:
        mutant = normal(change(at))
        assert mutant != original
        assert "".join(changed.split()) in "".join(mutant.split())


def test_the_operand_behind_which_the_comment_stands_is_dropped(tmp_path: Path) -> None:
    """On one line, on a line of its own, under a comment, and in brackets."""
    for text in [
        "a = b or (c and d)  # rule: it\n",
        "a = (\n    b\n    or (\n        d  # rule: it\n        and c\n    )\n)\n",
        "a = (\n    b\n    or (\n        c\n        # rule: it\n        and d\n    )\n)\n",
    ]:
        at = look_at(placed(tmp_path, text)["it"])
        assert normal(Without()(at)) == "a = b or c"


def test_a_statement_is_moved_to_the_front_of_its_block(tmp_path: Path) -> None:
    text = "try:\n    write()\n    head(\n        1,\n    )  # rule: it\nfinally:\n    close()\n"
    at = look_at(placed(tmp_path, text)["it"])
    assert normal(First()(at)) == normal(
        "try:\n    head(1)\n    write()\n    pass\nfinally:\n    close()\n"
    )


@pytest.mark.parametrize(
    "change",
    [Never(), Always(), Without(), OffByOne(), Value("1"), Swap("lost", "found"), First()],
    ids=repr,
)
def test_a_change_that_the_statement_has_no_place_for_is_refused(
    change: Change, tmp_path: Path
) -> None:
    at = look_at(placed(tmp_path, "begin(a, b)  # rule: it\nend()\n")["it"])
    with pytest.raises(ChangeError):
        change(at)


@pytest.mark.parametrize("change", [OffByOne(), Swap("a", "c")], ids=repr)
def test_what_is_there_twice_is_not_changed(change: Change, tmp_path: Path) -> None:
    at = look_at(placed(tmp_path, "if a < b and b < a:  # rule: it\n    end()\n")["it"])
    with pytest.raises(ChangeError, match="2 times"):
        change(at)


def test_the_body_of_a_statement_is_not_part_of_it(tmp_path: Path) -> None:
    at = look_at(placed(tmp_path, "if here:  # rule: it\n    there(here)\n")["it"])
    assert normal(Swap("here", "gone")(at)) == "if gone:\n    there(here)"
    with pytest.raises(ChangeError):
        Swap("there", "gone")(at)


def test_an_anchor_that_is_there_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    placed(tmp_path, "one()  # rule: it\n", "one.py")
    with pytest.raises(AnchorError, match=r"two\.py:2.*one\.py:1"):
        placed(tmp_path, "\ntwo()  # rule: it\n", "two.py")


@pytest.mark.parametrize("comment", ["# rule:it", "# rule: It", "# rule: it  # noqa", "# rule it"])
def test_a_comment_that_only_looks_like_an_anchor_is_refused(comment: str, tmp_path: Path) -> None:
    with pytest.raises(AnchorError, match=r"here\.py:1"):
        placed(tmp_path, f"one()  {comment}\n")


def test_an_anchor_at_the_end_of_a_file_is_at_no_statement(tmp_path: Path) -> None:
    anchors = placed(tmp_path, "one()\n# rule: it\n")
    with pytest.raises(AnchorError, match="at no statement"):
        look_at(anchors["it"])


def test_a_mutant_whose_anchor_is_gone_says_which(tmp_path: Path) -> None:
    anchors = placed(tmp_path, "one()  # rule: it\n")
    with pytest.raises(ValueError, match="a rule: nowhere is `# rule: gone`"):
        change_of(Mutant("a rule", "gone", Drop(), []), anchors)


@pytest.mark.parametrize("file", ["tests/unit/test_it.py", "docs/it.py", ".venv/it.py", "it.md"])
def test_only_the_source_is_searched_for_anchors(file: str, tmp_path: Path) -> None:
    placed(tmp_path, "one()  # rule: it\n", file)
    assert list(placed(tmp_path, "two()  # rule: other\n", "room/it.py")) == ["other"]
