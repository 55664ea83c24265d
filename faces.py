"""The faces of the rooms: the names that other rooms may use, each imported when it is asked for.

A room's `__init__.py` says what the room does and which of its names others may use. Nobody
reaches past it into the modules behind (a contract in `pyproject.toml`), and nobody waits for what
is not asked for: to list jobs is no reason to import what verifies a log.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Make `__all__`, `__getattr__` and `__dir__` of a package, of the names by their modules.

    A module is named as seen from the package; what it lacks is a module in it. What was asked for
    once is an ordinary attribute from then on.
    """
    homes = {name: f".{module}" for module, some in names.items() for name in some}

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(home, package)
        try:
            value = getattr(module, name)
        except AttributeError:
            value = import_module(f"{home}.{name}", package)
        setattr(sys.modules[package], name, value)
        return value

    return sorted(homes), find, lambda: sorted({*vars(sys.modules[package]), *homes})
