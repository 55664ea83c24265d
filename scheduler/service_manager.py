"""Telling the service manager that runs us: that we are ready, turn, and are stopping.

The protocol of systemd (sd_notify(3), sd_watchdog_enabled(3), of version 252): a datagram of
`KEY=value` lines to the socket that NOTIFY_SOCKET names. Without it nothing is said. Failing to say
it changes nothing: whoever listens notices that it hears nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

STATUS_EVERY_S = 30.0
_NEVER = float("inf")


class ServiceManager:
    """What the manager is told; `address` is its socket (None: there is none).

    `watchdog_s` is how long it waits for a sign of life (None: it waits for none); half of that is
    how often it gets one, if every one of the loops has turned since.
    """

    def __init__(
        self,
        address: str | None,
        watchdog_s: float | None = None,
        *,
        time: Callable[[], float] = monotonic,
    ) -> None:
        self._address = None if address is None else _encoded(address)
        self._every_s = _NEVER if watchdog_s is None else watchdog_s / 2
        self._time = time
        self._loops: frozenset[int] = frozenset()
        self._turned: set[int] = set()
        self._watchdog_at = self._status_at = _NEVER
        self._describe: Callable[[], str] = str
        self._said = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ServiceManager:
        """Return the one that the environment names."""
        address = environment.get("NOTIFY_SOCKET", "")
        if address[:1] not in ("/", "@"):
            return cls(None)
        is_meant = environment.get("WATCHDOG_PID", f"{os.getpid()}") == f"{os.getpid()}"
        every = environment.get("WATCHDOG_USEC", "")
        is_watched = is_meant and every.isdecimal() and int(every) > 0
        return cls(address, int(every) / 1e6 if is_watched else None)

    def ready(self, loops: int, describe: Callable[[], str]) -> None:
        """Say that recovery is done and that we have the right to run; `loops` turn from here on.
        `describe` gives the line that is shown of us now and then."""
        if self._address is None:
            return
        self._loops, self._describe = frozenset(range(loops)), describe
        now = self._time()
        self._watchdog_at = now if self._every_s < _NEVER else _NEVER
        self._status_at = now + STATUS_EVERY_S
        self._say(f"READY=1\nSTATUS={self._line()}")

    def turned(self, loop: int) -> None:
        """Note that a loop turns: what is said of it is said from its own turn. Cheap."""
        now = self._time()
        if now >= self._watchdog_at:
            self._turned.add(loop)
            if self._turned >= self._loops:
                self._turned.clear()
                self._watchdog_at = now + self._every_s
                self._say("WATCHDOG=1")
        if now >= self._status_at:
            self._status_at = now + STATUS_EVERY_S
            line = self._line()
            if line != self._said:
                self._say(f"STATUS={line}")

    def stopping(self) -> None:
        """Say that we begin nothing more, and end."""
        self._status_at = _NEVER
        self._say("STOPPING=1\nSTATUS=stopping: what runs may end")

    def _line(self) -> str:
        line = self._said
        with suppress(Exception):  # a line for people is no reason to fail
            line = " ".join(self._describe().split())
        return line

    def _say(self, text: str) -> None:
        if self._address is None:
            return
        self._said = text.partition("STATUS=")[2] or self._said
        with suppress(Exception):
            import socket

            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(text.encode("utf-8", "replace"), self._address)


def _encoded(address: str) -> bytes:
    """Return a socket's address as the kernel takes it: an abstract one begins with a zero byte."""
    encoded = os.fsencode(address)
    return b"\0" + encoded[1:] if address.startswith("@") else encoded
