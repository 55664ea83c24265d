"""What the configuration file says for the command at hand; read when it is asked for."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .location import Given, location_of
from .output import print_error

if TYPE_CHECKING:
    from ..domain import Pacing
    from .configuration import Configuration, SavedImport


class Configured:
    """The configuration of one invocation of the command line."""

    def __init__(self) -> None:
        self.given: list[Given] = []
        """Every file that the command line and the environment give."""
        self.who_says_so = ""
        """That the file says where the ledger is, in words; empty where it does not count."""
        self._is_told = False

    @cached_property
    def file(self) -> Configuration | None:
        """What the file says; None where there is none.

        Raises:
            StorageError: the file that was named cannot be read.
            ValidationError: it says what nothing reads.
        """
        from .configuration import find_configuration

        return find_configuration(self.given)

    def location(self) -> Path | str | None:
        """Return where the file says that the ledger is, as seen from the file.

        Raises:
            StorageError, ValidationError: as `file`; or it names no location.
        """
        file = self.file
        if file is None or file.ledger is None:
            return None
        from .files import naming  # only for those who have a file

        self.tell()
        self.who_says_so = f", which {file.place('ledger')} names"
        with naming(file.place("ledger")):
            return location_of(file.ledger, file.path.parent.resolve())

    def options(self, command: str) -> dict[str, Any] | None:
        """Return what the file says for the options of a command, as that is typed. Raises as
        `file`."""
        if command.split()[1:] != ["run"] or self.file is None:
            return None
        from .configuration import options_of_run

        found = options_of_run(self.file)
        if found:
            self.tell()
        return found

    def saved_import(self, name: str) -> SavedImport | None:
        """Return the mapping that was saved under a name. Raises as `file`."""
        found = None if self.file is None else self.file.imports.get(name)
        if found is not None:
            self.tell()
        return found

    def pacing(self) -> Pacing | None:
        """Return how many posts a runner lets out by what the file says; None where it does not
        say it. Raises as `file`."""
        run = None if self.file is None else self.file.run
        if run is None or run.quota is None:
            return None
        from ..domain import Pacing

        window = {} if run.quota_window_s is None else {"window_s": run.quota_window_s}
        return Pacing(quota=run.quota, **window)

    def tell(self) -> None:
        """Say once that a file counts which nobody has named; not to a shell that asks in the
        middle of somebody's line."""
        if "_JOBLEDGER_COMPLETE" in os.environ:
            return
        if self.file is not None and self.file.is_found and not self._is_told:
            self._is_told = True
            print_error(f"{self.file.path} of this directory counts, see `jobledger config show`")
