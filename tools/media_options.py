"""Where the files of posts are, and for how long: options before the command, for every ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from ..domain import ValidationError

if TYPE_CHECKING:
    from .session import Session

MEDIA_VARIABLE, KEEP_VARIABLE = "JOBLEDGER_MEDIA", "JOBLEDGER_KEEP_MEDIA"


class MediaSettings(TypedDict, total=False):
    """What a `Ledger` is opened with."""

    media: Path
    keep_media: timedelta


class MediaWish:
    """What was said of the files of posts: a directory for those of a ledger on a server, and for
    how many days they are kept; None: nothing."""

    def __init__(self) -> None:
        self.directory: str | None = None
        self.is_typed = False
        self.days: float | None = None

    def settings(self, session: Session, *, cleans_up: bool = False) -> MediaSettings:
        """Return what a ledger is opened with: what is typed, else the environment, else the file,
        which is not asked where it could not matter: for a directory, by who does not clean up.

        Raises:
            ValidationError: a directory is typed for a ledger that has its own.
            StorageError: the configuration file cannot be read.
        """
        location = session.location
        is_asked = cleans_up or not isinstance(location, Path)
        file = session.config.file if is_asked else None
        directory, base, days = self.directory, Path(), self.days
        if file is not None:
            days = file.keep_media if days is None else days
            if directory is None:
                directory, base = file.media, file.path.parent
            if file.media is not None or file.keep_media is not None:
                session.config.tell()
        found = MediaSettings()
        if days is not None:
            found["keep_media"] = timedelta(days=days)
        if isinstance(location, Path):
            if self.is_typed:
                raise ValidationError(
                    f"--media is for ledgers on a server; that in {location} has a place for files",
                    field="media",
                    hint="leave it out",
                )
        elif directory is not None:
            found["media"] = (base / Path(directory).expanduser()).absolute()
        return found


def media_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a group `--media` and `--keep-media`."""

    def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        from .session import Session

        wish = context.ensure_object(Session).media
        if parameter.name == "keep_media":
            wish.days = value
        elif value is not None:
            source = context.get_parameter_source("media")
            wish.directory = value
            wish.is_typed = source is click.core.ParameterSource.COMMANDLINE

    keep = click.option(
        "--keep-media",
        type=click.FloatRange(0, 100_000),
        metavar="DAYS",
        envvar=KEEP_VARIABLE,
        expose_value=False,
        callback=remember,
        help="Files of posts are removed so long after their last job is closed (30).",
    )
    directory = click.option(
        "--media",
        metavar="DIR",
        envvar=MEDIA_VARIABLE,
        expose_value=False,
        callback=remember,
        help="Where files of posts are, of ledgers on a server.",
    )
    return directory(keep(command))
