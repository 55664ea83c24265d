"""Lifecycles as they are declared: built with `transitions` once, and read off as flat tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transitions import Machine

Declaration = dict[str, Any]
Table = dict[tuple[str, str], tuple[str, ...]]


def declare(trigger: str, source: Sequence[str] | str, dest: str, when: str = "") -> Declaration:
    """Declare a transition; "=" is the notation of `transitions` for "stays where it is"."""
    # Plain text: an Enum member would be taken by its name, and the log has its value.
    sources = [str(source)] if isinstance(source, str) else [str(state) for state in source]
    return {"trigger": trigger, "source": sources, "dest": str(dest), "when": when}


def build(states: Sequence[str], initial: str, declared: Sequence[Declaration]) -> Machine:
    """Build the machine, which checks what is declared."""
    return Machine(
        model=None,
        states=list(states),
        initial=initial,
        auto_transitions=False,
        transitions=[
            {key: item[key] for key in ("trigger", "source", "dest")} for item in declared
        ],
    )


def flatten(machine: Machine) -> Table:
    """Return `{(state, trigger): destinations}`: what is not in it is not a transition."""
    return {
        (source, trigger): tuple(str(transition.dest) for transition in transitions)
        for trigger, event in machine.events.items()
        for source, transitions in event.transitions.items()
    }


def edges(declared: Sequence[Declaration]) -> dict[tuple[str, str], list[str]]:
    """Return the arrows of a diagram: from, to, and the triggers on each."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in declared:
        for source in item["source"]:
            dest = source if item["dest"] == "=" else item["dest"]
            found.setdefault((source, dest), []).append(item["trigger"])
    return found
