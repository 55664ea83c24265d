"""The operational log of `run`, on standard error: lines of JSON for a program, text for people."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
Form = Literal["auto", "text", "json"]
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
LEVELS = "debug", "info", "warning", "error"


def log_options(run: CommandT) -> CommandT:
    """Add the options that say how the operational log is written."""
    run = click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        envvar="JOBLEDGER_LOG_LEVEL",
        show_envvar=True,
        help="The least of what is logged.  [default: info; with --once, warning]",
    )(run)
    return click.option(
        "--log",
        type=click.Choice(["auto", "text", "json"]),
        default="auto",
        show_default=True,
        envvar="JOBLEDGER_LOG",
        show_envvar=True,
        help="How the operational log is written: auto is text on a terminal, else JSON lines.",
    )(run)


def log_to_stderr(form: Form, level: str) -> None:
    """Write the operational log, and what other libraries log, to standard error from now on."""
    is_terminal = sys.stderr.isatty()
    handler = logging.StreamHandler(sys.stderr)
    if form == "json" or (form == "auto" and not is_terminal):
        handler.setFormatter(JsonLines())
    elif is_terminal:
        handler.setFormatter(Pretty(in_colour=not os.environ.get("NO_COLOR")))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """Makes one JSON object of a record: `at` (UTC), `level`, `logger`, `event`, its values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        import msgspec

        event, values = _parts(record)
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event,
        }
        for name, value in values.items():
            line.setdefault(name, value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode({k: _sound(v) for k, v in line.items()}).decode()


class Pretty(logging.Formatter):
    """Makes a line for people on a terminal: the time, the level, the event, then its values."""

    def __init__(self, *, in_colour: bool) -> None:
        super().__init__()
        self._in_colour = in_colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows it."""
        event, values = _parts(record)
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        rest = " ".join(f"{name}={_one_word(value)}" for name, value in values.items())
        said = self._styled(event, bold=True)
        colour = _COLOURS.get(record.levelname)
        level = self._styled(f"{record.levelname.lower():7}", fg=colour)
        line = f"{self._styled(at, dim=True)} {level} {said}{'  ' if rest else ''}{rest}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line + trace

    def _styled(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self._in_colour else text


def _parts(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """Return the event of a record, and its values; another library's has its text alone."""
    values = dict(getattr(record, "jobledger", {}))
    return str(values.pop("event", None) or record.getMessage()), values


def _sound(value: object) -> object:
    """Return what JSON has as it is, and anything else as a text that can be written."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


def _one_word(value: object) -> str:
    from ..domain import printable

    text = printable(value)
    return text if text and " " not in text and "=" not in text else f'"{text}"'
