"""Opening the peers that are here, and saying why others are not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from . import ALL, LivingPeer, NotHereError, Peer, kind_of


class Company(NamedTuple):
    """The peers that take part, and what is to be said of them."""

    peers: dict[str, Peer]
    missing: dict[str, str]
    """Why, by name."""

    def packages(self) -> list[str]:
        return sorted({name for peer in self.peers.values() for name in peer.packages})

    def living(self) -> dict[str, LivingPeer]:
        return {name: peer for name, peer in self.peers.items() if isinstance(peer, LivingPeer)}

    def told(self, *what: str) -> dict[str, dict[str, Any]]:
        """Return these of their attributes, by peer; and what a server said of its settings."""
        told: dict[str, dict[str, Any]] = {}
        for name, peer in self.peers.items():
            told[name] = {each: getattr(peer, each) for each in what}
            ask: Callable[[], dict[str, str]] | None = getattr(peer, "settings", None)
            if ask is not None:
                told[name]["server"] = ask()
        return told


def gather(place: Path, opened: ExitStack, names: list[str] | None = None) -> Company:
    """Open the peers of these names, or all, each in a directory of its own in `place`."""
    company = Company({}, {})
    for name in names or ALL:
        directory = place / name
        directory.mkdir()
        try:
            peer = kind_of(name)(directory)
        except (ImportError, NotHereError) as error:
            company.missing[name] = str(error)
            continue
        opened.callback(peer.close)
        company.peers[name] = peer
    return company
