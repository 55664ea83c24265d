"""Projections that users write: anything derived from the log that is kept in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..domain import StorageError, ValidationError, clean_text
from ..instrumentation import is_interruption
from .projection import Change, Projection

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAKEN = {"board", "daily_files"}


class StoredProjection(Projection, Protocol):
    """A projection with a file, `projection_NAME`, beside the log (see docs/projections.md).

    `name` is 1 to 64 of `A-Z a-z 0-9 . _ -` and may end like a file's, `per_account.csv`.
    """

    def render(self) -> bytes:
        """Return the whole contents of its file, from what was applied and nothing else."""


ProjectionFactory = Callable[[], StoredProjection]
"""Makes a fresh, empty one: for a ledger that is opened, and for each rebuild."""


def projection_file(directory: Path, name: str) -> Path:
    return directory / f"projection_{name}"


class Stored:
    """One registered projection. One that raises, whatever that is, is left alone from then on: it
    must not take the ledger with it. `failure` says what happened. An interruption passes.

    Raises:
        ValidationError: the factory does not make a projection.
    """

    def __init__(self, factory: ProjectionFactory) -> None:
        try:
            made = factory()
        except Exception as error:
            raise ValidationError(
                f"projection {factory!r:.60} cannot be made: {type(error).__name__}: {error}",
                field="projections",
                hint="give a class, or a function without arguments that makes one",
            ) from error
        name = getattr(made, "name", None)
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
            raise ValidationError(
                f"a projection's name must be 1 to 64 of A-Z a-z 0-9 . _ - and not"
                f" {' or '.join(sorted(_TAKEN))}, not {name!r}",
                field="projections",
            )
        if not callable(getattr(made, "apply", None)) or not callable(
            getattr(made, "render", None)
        ):
            raise ValidationError(
                f"projection {name!r} must have apply(change) and render()", field="projections"
            )
        self.name = name
        self.projection = made
        self.failure: StorageError | None = None
        self.is_dirty = True
        """Whether something was applied since its file was written."""

    def start_over(self, fresh: Stored) -> None:
        """Have what a fresh one has, which nothing was applied to."""
        self.projection, self.failure, self.is_dirty = fresh.projection, None, True

    def apply(self, change: Change) -> StorageError | None:
        """Take a change in; the failure where it fails just now."""
        if self.failure is not None:
            return None
        self.is_dirty = True
        try:
            self.projection.apply(change)
        except BaseException as error:
            if is_interruption(error):
                raise
            return self._fail(f"event {change.event.seq}", error)
        return None

    def render(self) -> bytes:
        """Return the contents of its file.

        Raises:
            StorageError: the projection failed.
        """
        if self.failure is not None:
            raise self.failure
        try:
            content = self.projection.render()
            if not isinstance(content, bytes):
                raise TypeError(f"render() must give bytes, not {type(content).__name__}")
        except BaseException as error:
            if is_interruption(error):
                raise
            raise self._fail("render()", error) from error
        return content

    def _fail(self, where: str, error: BaseException) -> StorageError:
        self.failure = StorageError(
            f"projection {self.name!r} failed at {where}: {_described(error)}",
            hint="the log is not concerned; mend the projection, then rebuild it",
        )
        return self.failure


def _described(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {clean_text(error)}"
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return type(error).__name__


def make_all(factories: tuple[ProjectionFactory, ...]) -> dict[str, Stored]:
    """Make a fresh one of each, by name.

    Raises:
        ValidationError: one is none, or two have the same name.
    """
    made: dict[str, Stored] = {}
    for factory in factories:
        stored = Stored(factory)
        if stored.name in made:
            raise ValidationError(
                f"two projections have the name {stored.name!r}", field="projections"
            )
        made[stored.name] = stored
    return made
