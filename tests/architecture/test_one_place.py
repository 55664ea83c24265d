"""What is done in one place, beside the check of `verify`, which shares nothing with it."""

from __future__ import annotations

import ast

from support.anchors import ROOT, package_files

# -- cutting the log into lines ------------------------------------------------------------------

OWN = "eventstore/lines.py"
SECOND = "integrity/second_reader.py"
OTHERS = {
    "projections/file_content.py": "compares the text of derived files",
    "testing/raw_log.py": "reads the log as anybody could, for tests",
    "testing/simulator/shared_model.py": "reads what is sent to a server, for a check of its own",
}
"""What else cuts bytes at newlines, and why that is no third reader."""


def cuts_lines(source: str) -> bool:
    """Say whether a module cuts bytes at newlines."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("split", "rsplit")
        and any(isinstance(a, ast.Constant) and a.value == b"\n" for a in node.args)
        for node in ast.walk(ast.parse(source))
    )


def test_only_two_readers_cut_the_log_into_lines() -> None:
    """A rule of the lines is written twice, and not once more in each place that reads some."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in package_files()
        if cuts_lines(path.read_text("utf-8"))
    }
    assert found == {OWN, SECOND, *OTHERS}


def test_the_second_reader_shares_nothing_with_the_first() -> None:
    """One mistake cannot hide in both."""
    imported = {
        f"{node.module}: {alias.name}"
        for node in ast.walk(ast.parse((ROOT / SECOND).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert {name for name in imported if name.startswith("eventstore")} == {
        "eventstore.engines.files: FileSystem",
        "eventstore.engines.files: storage_errors",
    }


# -- applying events to a board ------------------------------------------------------------------


def applies_to_a_board(source: str) -> bool:
    """Say whether a module applies events to a board by itself."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("apply", "take")
        and (
            (isinstance(node.value, ast.Name) and node.value.id == "board")
            or (isinstance(node.value, ast.Attribute) and node.value.attr in ("board", "_board"))
        )
        for node in ast.walk(ast.parse(source))
    )


def test_events_become_state_in_one_place() -> None:
    """Live, at opening, in the past, in a rebuild, for figures: there is no second way."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in package_files()
        if applies_to_a_board(path.read_text("utf-8"))
    }
    assert found == {"projections/replay.py", "integrity/replay_check.py"}


def test_only_the_board_evolves_jobs() -> None:
    """And those who ask what an event that is not there yet will make: the guard of texts, and the
    book of a write in which several commands are on one job."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in package_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "evolve"
    }
    of_the_board = {"projections/board.py", "projections/folding.py"}  # one event, and many
    assert found == of_the_board | {"ledger/uniqueness.py", "ledger/job_book.py"}
