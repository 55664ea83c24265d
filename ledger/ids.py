"""Ids for jobs that come without one: random UUIDs (version 4), many for one system call."""

from __future__ import annotations

import os

_AT_ONCE = 64
_unused: list[str] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unused.clear)  # or parent and child would give the same


def new_id() -> str:
    """Return a random UUID. Safe to use from any thread, and in the child of a fork."""
    while True:
        try:
            return _unused.pop()
        except IndexError:
            fresh = os.urandom(16 * _AT_ONCE)
            _unused.extend(_uuid(fresh[at : at + 16]) for at in range(0, len(fresh), 16))


def id_for(job_id: str | None) -> str:
    """Return the id that somebody gave, or a new one."""
    return new_id() if job_id is None else job_id


def _uuid(raw: bytes) -> str:
    digits = raw.hex()
    variant = "89ab"[raw[8] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
