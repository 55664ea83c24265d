"""The options of `import` that say how files are to be understood, and the command as typed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from click.core import ParameterSource

from ...domain import ValidationError
from ..output import print_error, printable
from ..session import Session
from .saved import TOOLS, Like, with_saved

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ...interchange import Source, Wishes

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "--like",
        type=Like(),
        metavar="TOOL|NAME",
        help=f"The tool that the files are from ({', '.join(TOOLS)}), or what --save-as has kept.",
    ),
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="Which column is a field, or `date` or `time`: content='Full Caption'.",
    ),
    click.option(
        "--set",
        "constants",
        multiple=True,
        metavar="FIELD=VALUE",
        help="A field that is the same in all rows: account_id=shop.",
    ),
    click.option(
        "--state",
        "states",
        multiple=True,
        metavar="WORD=STATE",
        help="What a word for a state means: Approved=scheduled, or Posted=leave-out.",
    ),
    click.option(
        "--dates",
        type=click.Choice(["dmy", "mdy"]),
        help="Of dates with the year last: is day or month first?",
    ),
    click.option(
        "--times-in",
        metavar="ZONE",
        help="The zone of times without an offset, in these files; the ledger's if not given.",
    ),
    click.option(
        "--slots",
        is_flag=True,
        help="A post without a time takes the next free slot of its account (`jobledger slots`).",
    ),
    click.option("--encoding", metavar="NAME", help="Of texts that are not UTF-8: cp1258."),
    click.option("--ask", is_flag=True, help="Ask what each column is; print the command for it."),
    click.option("--sheet", metavar="NAME", help="Of a workbook with several sheets: which one."),
    click.option(
        "--save-as",
        metavar="NAME",
        help="Keep all this in the configuration file, for --like NAME from then on.",
    ),
)


def understanding_options(command: CommandT) -> CommandT:
    """Take the options by which files are understood."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wishes_of(session: Session, given: Mapping[str, Any]) -> Wishes:
    """Return what these options say.

    Raises:
        ValidationError: one says nothing that can be.
    """
    from ...interchange import DATE, KNOWN, TIME, Wishes, check_encoding, check_state
    from ...ledger import load_zone

    saved, like = with_saved(session, given)
    maps = _pairs(given["maps"], "map", "content='Full Caption'")
    constants = _pairs(given["constants"], "set", "account_id=shop")
    typed = maps.keys() | constants.keys()  # which count more than what was saved of the same
    maps = {name: said for name, said in saved.map.items() if name not in typed} | maps
    constants = {
        name: str(said) for name, said in saved.set.items() if name not in typed
    } | constants
    states = saved.state | _pairs(given["states"], "state", "Approved=scheduled")
    for state in states.values():
        check_state(state)
    for name in constants:
        if name in maps:
            raise ValidationError(f"{name} is set, and it is a column", field=name)
        if name in ("job_id", "metadata", "checkpoints") or (
            name in KNOWN and not constants[name].strip()
        ):
            raise ValidationError(f"{name} cannot be set for all rows", field=name)
    for name in (*maps, *constants):
        if name not in KNOWN | {DATE, TIME} and not name.replace("_", "a").isalnum():
            raise ValidationError(f"{name!r:.40} is no name of a field", field="map")
    zone = given["times_in"] or saved.times_in
    encoding = given["encoding"] or saved.encoding
    return Wishes(
        like=like,
        maps=maps,
        constants=constants,
        states=states,
        dates=given["dates"] or saved.dates,
        zone=None if zone is None else load_zone(zone),
        encoding=None if encoding is None else check_encoding(encoding),
        sheet=given["sheet"] or saved.sheet,
        slots=given["slots"],
        program=_program(session),
        words=_words(click.get_current_context()),
    )


def ask_for_wishes(
    session: Session,
    given: Mapping[str, Any],
    wishes: Wishes,
    sources: Sequence[Source],
    zone: ZoneInfo,
) -> Wishes:
    """Ask at the terminal what the file means, and print the command that says the same.

    Raises:
        StorageError: the file cannot be read.
        ValidationError: there is no terminal, or there are several files, or none that is a table.
    """
    from .asking import ask_about

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ValidationError("there is no terminal to ask at", field="ask")
    if len(sources) != 1:
        raise ValidationError("one file can be asked about, and not several", field="ask")
    answers = ask_about(sources[0], wishes, zone, _prompt, print_error_line)
    options = answers.options()
    print_error_line(f"the same without asking: {wishes.typed(*options)}")
    more = {
        **given,
        "maps": (*given["maps"], *answers.maps),
        "constants": (*given["constants"], *answers.constants),
        "states": (*given["states"], *answers.states),
        "dates": answers.dates or given["dates"],
        "times_in": answers.times_in or given["times_in"],
    }
    found = wishes_of(session, more)
    return msgspec.structs.replace(found, words=(*wishes.words, *options))


def _prompt(question: str, usual: str, check: Callable[[str], str]) -> str:
    while True:
        said = click.prompt(question, default=usual, show_default=bool(usual), err=True)
        try:
            return check(str(said))
        except ValidationError as error:
            print_error(str(error))


def print_error_line(text: str) -> None:
    """Print a line on standard error that is no error."""
    click.echo(printable(text), err=True)


def _pairs(texts: Sequence[str], option: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ValidationError(
                f"--{option} {text!r:.60} has no `=`", field=option, hint=f"such as {example}"
            )
        if name.strip() in found:
            raise ValidationError(f"--{option} {name.strip()} is given twice", field=option)
        found[name.strip()] = value
    return found


def _program(session: Session) -> tuple[str, ...]:
    """Return how the program was called: with the place of the ledger where it was typed."""
    words = ["jobledger"]
    for given in (session.given, session.config.given):
        typed = next((each for each in given if each.typed), None)
        words += [] if typed is None else [typed.name, typed.text]
    return tuple(words)


def _words(context: click.Context) -> tuple[str, ...]:
    """Return the words of the command as they were typed, but for what is about printing."""
    words = [str(context.info_name)]
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if isinstance(parameter, click.Argument):
            words += [str(each) for each in (value if isinstance(value, tuple) else (value,))]
            continue
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if (
            not typed
            or name not in context.params
            or name in ("json", "ask", "save_as")
            or value is None
        ):
            continue
        option = parameter.opts[0]
        if isinstance(value, bool):
            words += [option] if value else []
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [option, str(each)]
    return tuple(words)
