"""What a test cannot do without: a reason to skip it, unless it has to be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import postgres
from support.required import missing


@pytest.mark.parametrize("required", ["", "postgres"])
def test_without_it_the_test_is_skipped_for_a_reason(
    monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv("JOBLEDGER_REQUIRE", required)
    with pytest.raises(pytest.skip.Exception, match="it is not installed"):
        missing("pyright", "it is not installed")


def test_where_it_is_required_the_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBLEDGER_REQUIRE", "postgres, pyright")
    with pytest.raises(pytest.fail.Exception, match="JOBLEDGER_REQUIRE has pyright, and it is not"):
        missing("pyright", "it is not installed")


def test_the_programs_of_another_postgresql_are_those_that_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JOBLEDGER_REQUIRE", "postgres")
    monkeypatch.setenv("JOBLEDGER_POSTGRES", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="which has no program postgres"):
        postgres.programs()
    (tmp_path / "postgres").touch()
    assert postgres.programs() == tmp_path
