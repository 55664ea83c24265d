"""How a command line is read: the same for every command, so that none has rules of its own.

`--json` and the ledger's location may stand before a command's name or behind it, an option that
takes one value is given once, and a word that is no command is answered with the one that was
probably meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from ..domain import ValidationError
from .location import place_options

ORDER = "jobledger.order"
"""Where a context has the names of what was given, each as often as it was, in its order."""


class LedgerCommand(click.Command):
    """A command of jobledger."""

    def __init__(self, *args: Any, pages: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pages = pages
        self.params += place_options(of_command=True)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ORDER] = refuse_repetitions(self, ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if _is_of_file(error, ctx):
                raise _named_after_its_file(error, ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> Any:
        for parameter in self.params:
            if parameter.name in ctx.params and not isinstance(parameter.type, click.Path):
                ctx.params[parameter.name] = _as_text(ctx.params[parameter.name])
        with self._paging(ctx):
            return super().invoke(ctx)

    def _paging(self, ctx: click.Context) -> AbstractContextManager[None]:
        """Page what is printed for people to read; not what goes on, or asks for keys."""
        from .session import Session

        session = ctx.ensure_object(Session)
        goes_on = ctx.params.get("follow") or ctx.params.get("step")
        if not self.pages or session.json or not session.pages or goes_on:
            return nullcontext()
        from .pager import paging

        return paging()


class Group(click.Group):
    """Commands under a name, or under none: the whole command line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        refuse_repetitions(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        from .suggestions import suggestion

        meant = suggestion(name, self.list_commands(ctx), ctx.command_path)
        raise click.UsageError(f"No such command {name!r:.40}{meant}", ctx)


def command(
    name: str | None = None, *, short_help: str | None = None, pages: bool = False
) -> Callable[[Callable[..., Any]], LedgerCommand]:
    """Make a function a command, as `click.command` does; one that `pages` prints what people look
    at, through a pager where it is long."""
    return click.command(name, cls=LedgerCommand, short_help=short_help, pages=pages)


def given_by_environment(command: click.Command, names: Sequence[str]) -> None:
    """Let the options of these names be given by the environment, too, each by a variable that is
    named after the command and it, beside those that it has."""
    for option in command.params:
        name = option.opts[0].lstrip("-").replace("-", "_")
        if isinstance(option, click.Option) and name in names:
            given = option.envvar or ()
            own = (given,) if isinstance(given, str) else given
            option.envvar = [*own, f"JOBLEDGER_{command.name}_{name}".upper()]


def refuse_repetitions(
    command: click.Command, context: click.Context, arguments: list[str]
) -> list[str]:
    """Refuse an option that takes one value and is given several: which of them is meant? Returns
    the names of what is given, in its order.

    Raises:
        UsageError: there is one.
    """
    if context.resilient_parsing:
        return []
    _, _, order = command.make_parser(context).parse_args(list(arguments))
    if command.get_help_option(context) in order:
        return []
    for parameter, count in Counter(order).items():
        if count > 1 and takes_one(parameter):
            name = parameter.opts[0]
            raise click.UsageError(f"{name} is given {count} times, and takes one value", context)
    return [parameter.opts[0].lstrip("-") for parameter in order]


def _is_of_file(error: click.BadParameter, context: click.Context) -> bool:
    """Whether a value that cannot be stands in the configuration file."""
    name = None if error.param is None else error.param.name
    return name is not None and (
        context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT_MAP
    )


def _named_after_its_file(error: click.BadParameter, context: click.Context) -> ValidationError:
    from .session import Session

    config = context.ensure_object(Session).config.file
    assert config is not None
    assert error.param is not None
    keys = *context.command_path.split()[1:], error.param.opts[0].lstrip("-").replace("-", "_")
    return ValidationError(
        f"{config.place(*keys)}: {'.'.join(keys)}: {error.message}", field="config"
    )


def _as_text(value: Any) -> Any:
    """Return an argument as what was typed, where the locale knows ASCII alone and it was UTF-8 all
    the same. Paths are not touched: they are bytes to the system."""
    if isinstance(value, tuple):
        return tuple(_as_text(each) for each in value)
    if not isinstance(value, str) or value.isprintable():
        return value
    try:
        return value.encode(errors="surrogateescape").decode()
    except UnicodeError:
        return value  # as it is: whoever takes it says what is wrong with it


def takes_one(parameter: click.Parameter) -> bool:
    """Whether a second value would take the place of the first; a flag only says the same again,
    unless there is one for the opposite."""
    if not isinstance(parameter, click.Option) or parameter.multiple or parameter.count:
        return False
    return not parameter.is_flag or bool(parameter.secondary_opts)
