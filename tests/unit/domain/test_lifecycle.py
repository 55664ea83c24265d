"""The one declaration: table, machine, diagram and the contract are the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from transitions import Machine, MachineError

from jobledger import InvalidTransitionError, JobStatus
from jobledger.domain.job.events import JOB_EVENTS, PAST_TENSE
from jobledger.domain.job.lifecycle import (
    NEW,
    REMOVED,
    STATES,
    TABLE,
    TRANSITIONS,
    check,
    diagram,
)

ROOT = Path(__file__).resolve().parents[3]

# By hand, from the contract: trigger, from, to.
CONTRACT = """
add         –                             scheduled|pending
import      –  pending|scheduled|running|completed|failed|cancelled|expired
hold        scheduled                     pending
release     pending                       scheduled
edit        pending                       pending
edit        scheduled                     scheduled
reschedule  pending                       pending
reschedule  scheduled                     scheduled
defer       scheduled                     scheduled
start       scheduled                     running
note        running                       running
checkpoint  running                       running
complete    running                       completed
retry       running                       scheduled
fail        running                       failed
interrupt   running                       scheduled|failed
cancel      pending|scheduled|running     cancelled
expire      pending|scheduled             expired
requeue     failed|expired|cancelled      scheduled
resolve     failed                        completed|failed
remove      pending|scheduled|completed|failed|cancelled|expired  removed
"""


def contract() -> dict[tuple[str, str], set[str]]:
    table: dict[tuple[str, str], set[str]] = {}
    for line in CONTRACT.split("\n"):
        if line:
            trigger, sources, destinations = line.split()
            for source in sources.split("|"):
                table[source, trigger] = set(destinations.split("|"))
    return table


def test_the_table_is_the_contracts() -> None:
    """Every transition of the contract, and no other."""
    assert {pair: set(destinations) for pair, destinations in TABLE.items()} == contract()


class Model:
    """A model for a real machine."""

    state: str


@pytest.mark.parametrize("trigger", PAST_TENSE)
@pytest.mark.parametrize("state", STATES)
def test_table_and_machine_agree_on_every_pair(state: str, trigger: str) -> None:
    """A machine of `transitions`, driven for real, goes where the table says, or nowhere."""
    declared: list[dict[str, Any]] = [
        {name: item[name] for name in ("trigger", "source", "dest")} for item in TRANSITIONS
    ]
    model = Model()
    Machine(model, states=list(STATES), transitions=declared, initial=state, auto_transitions=False)
    if (state, trigger) in TABLE:
        model.trigger(trigger)  # type: ignore[attr-defined]
        assert model.state == TABLE[state, trigger][0]
        assert check(state, trigger) == TABLE[state, trigger]
    else:
        with pytest.raises(MachineError):
            model.trigger(trigger)  # type: ignore[attr-defined]
        with pytest.raises(InvalidTransitionError) as caught:
            check(state, trigger, job_id="j")
        assert (caught.value.state, caught.value.trigger) == (state, trigger)
        assert state.upper() in str(caught.value)
        assert trigger in str(caught.value)


def test_every_state_is_reachable_and_every_other_than_the_last_can_be_left() -> None:
    """From the beginning, by the table alone."""
    reached, edge = {NEW}, {NEW}
    while edge:
        edge = {
            destination
            for (source, _), destinations in TABLE.items()
            if source in edge
            for destination in destinations
        } - reached
        reached |= edge
    assert reached == set(STATES)
    assert {source for source, _ in TABLE} == set(STATES) - {REMOVED}


def test_nothing_leaves_completed_but_its_removal() -> None:
    """A completed job never runs again."""
    assert [trigger for source, trigger in TABLE if source == JobStatus.COMPLETED] == ["remove"]


def test_every_trigger_has_an_event_type() -> None:
    """In the past tense, one for one, but that an import adds."""
    assert set(PAST_TENSE) == {trigger for _, trigger in TABLE}
    assert set(PAST_TENSE.values()) == set(JOB_EVENTS)
    assert len(PAST_TENSE) == len(JOB_EVENTS) + 1
    assert PAST_TENSE["import"] == PAST_TENSE["add"]


def test_the_diagram_shows_every_state_and_trigger() -> None:
    """Also the removal and the import, as notes."""
    drawn = diagram()
    for status in JobStatus:
        assert status.value.upper() in drawn
    for trigger in set(PAST_TENSE) - {"remove"}:
        assert trigger in drawn
    assert "removed" in drawn


def test_the_diagram_in_the_documents_is_up_to_date() -> None:
    """`make diagram` writes it."""
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs/refresh_diagram.py")
    assert spec is not None
    assert spec.loader is not None
    refresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh)
    for name, drawn in refresh.DOCUMENTS.items():
        text = (ROOT / name).read_text("utf-8")
        fresh = refresh.with_diagram(text, drawn)
        assert text == fresh, f"{name} is out of date: run `make diagram`"


def test_a_machine_can_take_every_destination_of_the_table_and_no_other() -> None:
    """Where a trigger has two, a machine of the declaration takes the one that is wanted."""
    model, wanted = Model(), ""

    def is_wanted(destination: str) -> Any:
        return lambda: wanted == destination

    declared = [
        {
            "trigger": item["trigger"],
            "source": source,
            "dest": item["dest"],
            "conditions": is_wanted(source if item["dest"] == "=" else item["dest"]),
        }
        for item in TRANSITIONS
        for source in item["source"]
    ]
    machine = Machine(model, states=list(STATES), transitions=declared, auto_transitions=False)
    taken: dict[tuple[str, str], set[str]] = {}
    for state, trigger in TABLE:
        for wanted in STATES:
            machine.set_state(state)
            if model.trigger(trigger):  # type: ignore[attr-defined]
                assert model.state == wanted
                taken.setdefault((state, trigger), set()).add(wanted)
            else:
                assert model.state == state
    assert taken == {pair: set(destinations) for pair, destinations in TABLE.items()}
