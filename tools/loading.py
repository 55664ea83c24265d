"""Loading a user's own objects, which the command line is told by name: `module:object`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import click

from ..domain import ValidationError
from .streams import losing_what_others_print

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def load_object(name: str, what: str) -> Any:
    """Load the object that `module:object` names; modules of the current directory are found too.

    Raises:
        ValidationError: there is none, or its module cannot be imported; `what` is the field.
    """
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise ValidationError(f"{what} {name!r} is not of the form module:object", field=what)
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        with losing_what_others_print():
            found: Any = import_module(module_name)
    except (Exception, SystemExit) as error:
        raise ValidationError(
            f"{what} {name!r}: cannot import {module_name}: {type(error).__name__}: {error}",
            field=what,
        ) from error
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ValidationError(
                f"{what} {name!r}: {module_name} has no {path}", field=what
            ) from None
    return found


def projection_option(command: CommandT) -> CommandT:
    """`--projection MODULE:OBJECT`, any number of times, as the argument `projections`."""

    def load(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> Any:
        return [load_object(name, "projection") for name in names]

    option = click.option(
        "--projection",
        "projections",
        multiple=True,
        metavar="MODULE:OBJECT",
        callback=load,
        help="Also a projection of your own (see docs/projections.md).",
    )
    return option(command)
