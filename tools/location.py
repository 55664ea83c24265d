"""Where the ledger is: what `--ledger`, `--dir` and the environment say, and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import click

from ..domain import ValidationError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from .session import Session

DEFAULT = "jobs"
_MOST_COMPARED = 1000


class Given(NamedTuple):
    """One location that was given: by which option or variable, whether on the command line."""

    name: str
    text: str
    typed: bool


def locate(given: Sequence[Given]) -> Path | str:
    """Find the ledger's directory, absolute; what is typed counts more than the environment.

    Raises:
        ValidationError: one is no location, or they are different.
    """
    counting = [each for each in given if each.typed] or given
    if not counting:
        return location_of(DEFAULT)
    first, *others = counting
    location = location_of(first.text)
    for other in others:
        if location_of(other.text) != location:
            from ..eventstore.engines import shown

            said, otherwise = shown(first.text), shown(other.text)
            raise ValidationError(
                f"{first.name} says {said!r} and {other.name} says {otherwise!r}",
                field="ledger",
                hint="they mean the same thing: give one of them",
            )
    return location


def location_of(text: str, base: Path | None = None) -> Path | str:
    """Read which directory a location names: a path, from `base` or from here, or `file:` and a
    path; `~` is a home. A URL of another engine stays what it is.

    Raises:
        ValidationError: it names none, or there is no such engine.
    """
    path = text
    if ":" in text or "?" in text:  # which few have: engines are looked for only then
        from ..eventstore.engines import check_scheme, directory_of, scheme_of

        directory = directory_of(text)
        if directory is None:
            check_scheme(scheme_of(text))
            return text
        path = str(directory) if directory.parts else ""
    if not path.strip() or "\0" in path:
        raise ValidationError(f"the ledger's location is {text!r}, which is none", field="ledger")
    try:
        return (base or Path()).joinpath(Path(path).expanduser()).absolute()
    except RuntimeError:
        home = path.split("/")[0]
        raise ValidationError(
            f"the ledger's location is {text!r}, and nobody knows where {home} is",
            field="ledger",
            hint=f"write the whole path; ./{home} is a directory of that name",
        ) from None
    except FileNotFoundError:
        raise ValidationError(
            f"the ledger's location is {text!r}, and the current directory is gone",
            field="ledger",
            hint="write the whole path, or go elsewhere",
        ) from None


def near(directory: Path, is_ledger: Callable[[Path], bool]) -> Path | None:
    """Look for a ledger that was probably meant, where there is none in `directory`."""
    for candidate in _candidates(directory):
        with suppress(Exception):  # it is only a guess
            if is_ledger(candidate):
                return candidate
    return None


def _candidates(directory: Path) -> Iterator[Path]:
    import difflib  # only for those who mistype

    with suppress(OSError):
        names = [entry.name for entry in islice(directory.parent.iterdir(), _MOST_COMPARED)]
        for name in difflib.get_close_matches(directory.name, names):
            yield directory.with_name(name)
    yield directory / DEFAULT
    yield directory.parent
    here = Path.cwd()
    for place in (here, here.parent):
        yield from (place / DEFAULT, place)


class _Location(click.types.StringParamType):
    """A location as text: what it means is decided when all that were given are known."""

    name = "location"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir")]


def place_options(*, of_command: bool = False) -> list[click.Option]:
    """`--ledger`, `--dir` and `--config`, which leave what they are given with the session; those
    behind a command's name look at no variable, and are explained where the others are.
    """
    from .session import Session

    def given(context: click.Context, option: click.Parameter, value: str) -> Given:
        source = context.get_parameter_source(str(option.name))
        typed = source is not click.core.ParameterSource.ENVIRONMENT
        return Given(option.opts[0] if typed else str(option.envvar), value, typed)

    def remember(context: click.Context, option: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.ensure_object(Session).given.append(given(context, option, value))

    def configure(context: click.Context, option: click.Parameter, value: str | None) -> None:
        session = context.ensure_object(Session)
        if value is not None:
            session.config.given.append(given(context, option, value))
        if of_command and not context.resilient_parsing:
            context.default_map = session.config.options(context.command_path)

    texts = {
        "--ledger": (
            "JOBLEDGER",
            "Where the ledger is: a path, or a URL such as postgresql://… (or JOBLEDGER)."
            "  [default: jobs]",
        ),
        "--dir": ("JOBLEDGER_DIR", "The same (or JOBLEDGER_DIR)."),
    }
    return [
        click.Option(
            [name, f"location_{name[2:]}"],
            metavar="LOCATION",
            type=_Location(),
            envvar=None if of_command else variable,
            expose_value=False,
            callback=remember,
            hidden=of_command and name == "--dir",
            help="Where the ledger is (see `jobledger --help`)." if of_command else text,
        )
        for name, (variable, text) in texts.items()
    ] + [
        click.Option(
            ["--config"],
            metavar="FILE",
            type=click.Path(path_type=str),
            envvar=None if of_command else "JOBLEDGER_CONFIG",
            is_eager=True,  # before the options that it has values for
            expose_value=False,
            callback=configure,
            hidden=of_command,
            help="What options say, kept in a file (or JOBLEDGER_CONFIG).  [default: jobledger.toml"
            " in this directory]",
        )
    ]


def check_directory(location: Path | str, otherwise: str, hint: str) -> None:
    """Check that a ledger is a directory; else say why that is needed, and what to do.

    Raises:
        ValidationError: it is on another engine.
    """
    if not isinstance(location, Path):
        raise ValidationError(otherwise, field="ledger", hint=hint)


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
