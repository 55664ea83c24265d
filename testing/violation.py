"""A broken rule of a ledger, and how it is said."""

from __future__ import annotations


class Violation(Exception):
    """A rule is broken."""


def must(condition: object, message: str) -> None:
    """Check that something holds.

    Raises:
        Violation: it does not.
    """
    if not condition:
        raise Violation(message)
