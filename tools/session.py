"""What the commands share: the directory, the kind of output, opening the ledger, finding a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ..domain import (
    JobNotFoundError,
    LedgerCorruptError,
    ScheduledJob,
    StorageError,
    ValidationError,
)
from .location import Given, MediaWish, locate, near
from .output import print_error, print_json, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..domain import Event
    from ..instrumentation import Progress
    from ..ledger import Ledger, LedgerView
    from ..projections import ProjectionFactory
    from .configured import Configured

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
AnswerT = TypeVar("AnswerT")
_LONGEST_ID = 64


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's warnings off a terminal where a command says the same itself."""
    log = logging.getLogger("jobledger")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


class Session:
    """One invocation of the command line."""

    def __init__(self) -> None:
        self.given: list[Given] = []
        """Every location that the command line and the environment give."""
        self.json = self.allow_network = False
        self.pages = True  # what is long, unless it is wished otherwise
        self.media = MediaWish()
        self.exit_code = 0
        self.done = ""
        """What was changed by now, in words: told where standard output cannot be written."""

    @cached_property
    def config(self) -> Configured:
        """The configuration file."""
        from .configured import Configured

        return Configured()

    @cached_property
    def location(self) -> Path | str:
        """The ledger's directory, absolute: whatever the user's own modules change to; or the URL
        of its engine.

        Raises:
            ValidationError: what was given is no location, or two different ones.
        """
        in_file = None if self.given else self.config.location()
        return locate(self.given) if in_file is None else in_file

    @property
    def directory(self) -> Path:
        """The ledger's directory, for a command that works on nothing else.

        Raises:
            ValidationError: as `location`; or it is on another engine.
        """
        if isinstance(self.location, Path):
            return self.location
        raise ValidationError("this command works on a ledger that is a directory", field="ledger")

    @cached_property
    def place(self) -> str:
        """Where the ledger is, for people: there may be a password in its location."""
        from ..eventstore.engines import shown

        return shown(self.location)

    @property
    def own_directory(self) -> Path | None:
        """The directory of the ledger's log; None on another engine."""
        return self.location if isinstance(self.location, Path) else None

    @property
    def name(self) -> str:
        """What people call the ledger: its directory's name, or where it is."""
        own = self.own_directory
        return self.place if own is None else own.resolve().name

    @contextmanager
    def ledger(
        self,
        *,
        create: bool = False,
        timezone: str | None = None,
        unique: bool = False,
        projections: Sequence[ProjectionFactory] = (),
        use_snapshot: bool = True,
        progress: Progress = lambda done, total: None,
    ) -> Iterator[Ledger]:
        """Open the ledger to change it; only `create` makes one, and says so."""
        from ..ledger import Ledger
        from .who import who

        is_new = create and not self.exists()
        if not create:
            self.must_exist()
        with Ledger(
            self.location,
            timezone=self.zone_to_be(timezone) if is_new else timezone,
            unique=unique,
            projections=projections,
            allow_network=self.allow_network,
            use_snapshot=use_snapshot,
            progress=progress,
            by=who(),
            **self.media.settings(self),
        ) as ledger:
            if is_new:
                self.say_made(ledger)
            yield ledger

    def zone_to_be(self, given: str | None) -> str:
        """Choose the zone of a ledger that is made now: the one given, else the machine's."""
        from .machine_zone import machine_zone

        return given or machine_zone()

    def say_made(self, ledger: Ledger) -> None:
        """Say where a ledger was made, and what cannot be changed afterwards."""
        print_error(f"made a ledger in {ledger.location}; its time zone is {ledger.timezone}")

    @contextmanager
    def reading(
        self,
        *,
        projections: Sequence[ProjectionFactory] = (),
        use_snapshot: bool = True,
        progress: Progress = lambda done, total: None,
    ) -> Iterator[Ledger]:
        """Open the ledger to look at it; of a damaged one what is sound, and exit code 1.

        Whoever reads the whole log does so without a snapshot: damage is met at once then.
        """
        from ..ledger import Ledger

        self.must_exist()
        with (
            quiet(),  # damage is reported just below
            Ledger(
                self.location,
                read_only=True,
                projections=projections,
                use_snapshot=use_snapshot,
                progress=progress,
                **self.media.settings(self),
            ) as ledger,
        ):
            damage = ledger.damage
            if damage is not None:
                self.report_damage(damage)
            yield ledger

    def exists(self) -> bool:
        """Whether there is a ledger in the directory, or what is left of one.

        Raises:
            StorageError: the directory cannot be read.
        """
        return is_ledger(self.location)

    def must_exist(self) -> None:
        """Check that there is a ledger.

        Raises:
            StorageError: there is no ledger in the directory.
        """
        try:
            exists = self.exists()
        except StorageError as error:
            if not isinstance(error.__cause__, NotADirectoryError):
                raise
            exists = False  # a file stands there, maybe one of the ledger's
        if not exists:
            meant = None if isinstance(self.location, str) else near(self.location, is_ledger)
            found = "" if meant is None else f"there is one in {meant}; "
            raise StorageError(
                f"there is no ledger in {self.place}{self.config.who_says_so}",
                path=self.place,
                hint=f"{found}name it with --ledger or JOBLEDGER; `jobledger add` makes one",
            )

    def report_damage(self, damage: LedgerCorruptError) -> None:
        print_error(f"the log is damaged, only what is sound before it is shown: {damage.message}")
        self.exit_code = 1

    def show_change(self, job: ScheduledJob, done: str, *, said: str | None = None) -> None:
        """Show the job after a change, as JSON, or in a line: what was done, or `said`."""
        self.done = f"{done} {job.job_id}"
        if self.json:
            print_json(job.to_dict())
        else:
            click.echo(said or self.done)


def is_ledger(location: Path | str) -> bool:
    """Say whether a directory has a log, or what is left of one; or an engine has a ledger.

    Raises:
        StorageError: the directory cannot be read, or there is one with other shards.
    """
    if isinstance(location, str):
        from ..eventstore.engines import is_there

        return is_there(location)
    from ..eventstore.engines.files import holds_ledger

    return holds_ledger(location)


def find_job(ledger: Ledger | LedgerView, text: str) -> ScheduledJob:
    """Find the job of an id, or of the beginning of one when it is the only such job.

    Raises:
        JobNotFoundError: there is none.
        ValidationError: several ids begin so.
    """
    try:
        return ledger.get_job(text)
    except JobNotFoundError:
        found = _the_one(text, (job.job_id for job in ledger.list_jobs()))
        if found is None:
            raise
    return ledger.get_job(found)


def find_history(ledger: Ledger, text: str) -> list[Event]:
    """Find the events of the job that `text` names as in `find_job`; also of one that was removed.

    Raises:
        JobNotFoundError, ValidationError: as `find_job`.
    """
    return ask_of_job(ledger, text, ledger.history)


def ask_of_job(ledger: Ledger, text: str, ask: Callable[[str], AnswerT]) -> AnswerT:
    """Ask by the id of the job that `text` names as in `find_job`; also of one that was removed.

    Raises:
        JobNotFoundError, ValidationError: as `find_job`.
    """
    try:
        return ask(text)
    except JobNotFoundError:
        found = _the_one(text, ledger.known_ids())
        if found is None:
            raise
    return ask(found)


def _the_one(text: str, ids: Iterable[str]) -> str | None:
    matches = [job_id for job_id in ids if text and job_id.startswith(text)]
    if len(matches) > 1:
        some = ", ".join(sorted(matches)[:3])
        raise ValidationError(
            f"{len(matches)} jobs begin with {text!r}: {some} …", field="job_id", hint="give more"
        )
    return matches[0] if matches else None


class JobId(click.types.StringParamType):
    """A job's id, or the beginning of one; a shell completes it from the ledger at hand."""

    name = "job"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if len(value) > _LONGEST_ID:
            raise ValidationError(
                f"a job's id has at most {_LONGEST_ID} characters, and this has {len(value)}",
                field="job_id",
            )
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete with the ids that begin with what is typed; never an error."""
        from click.shell_completion import CompletionItem

        from ..ledger import Ledger

        found: list[ScheduledJob] = []
        with suppress(Exception), quiet():
            location = ctx.ensure_object(Session).location
            with Ledger(location, read_only=True) as ledger:
                found = ledger.list_jobs()
        return [
            CompletionItem(job.job_id, help=f"{job.status} {printable(job.content)[:40]}")
            for job in found
            if job.job_id.startswith(incomplete)
        ]


JOB = JobId()


def zone_of(ledger: Ledger) -> ZoneInfo:
    return ZoneInfo(ledger.timezone)


def json_option(command: CommandT) -> CommandT:
    """`--json`, also behind the command's name."""

    def remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(Session).json = True

    option = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Print JSON for machines.",
    )
    return option(command)


pass_session = click.make_pass_decorator(Session)
