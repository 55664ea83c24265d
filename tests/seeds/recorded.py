"""The seeds that were found: of each rule and each mistake, by its name."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("seeds.json")
LIFE = 100
"""Steps of each life here."""


class Found(msgspec.Struct, frozen=True):
    """The first seed that notices: at which step of its life (None: at the end of it), and what is
    broken then."""

    seed: int
    step: int | None
    message: str


def recorded() -> dict[str, Found]:
    """Return what was found, by the name of the rule or the mistake."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Found])


def record(found: dict[str, Found]) -> None:
    """Keep what was found."""
    data = msgspec.json.format(msgspec.json.encode(found), indent=2)
    FILE.write_bytes(data + b"\n")


def simulated(name: str) -> str:
    """Return the test of a mutant that its seed is: a command, as `support.mutants` runs it."""
    found = recorded().get(name)
    seed = 0 if found is None else found.seed
    return f"simulate --seed {seed} --steps {LIFE} --engine remote"
