"""What the commands that add or change one job share: how a time, a text and metadata are typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
import msgspec

from ..domain import JobPriority, ValidationError
from ..interchange import Moment, parse_time, say_moment
from ..ledger import Ledger
from .files import read_in
from .output import print_error
from .session import Session, find_job, zone_of

_MOST_BYTES = 1024 * 1024
"""Of standard input: more than any post, so that the wrong file is refused before it is read."""
CommandT = TypeVar("CommandT", bound=Callable[..., Any])
PRIORITIES = click.Choice([priority.name.lower() for priority in JobPriority], False)


def time_argument(*, required: bool) -> Callable[[CommandT], CommandT]:
    """Take the time of a job, as one word or, unquoted, as several; `now` where there is none."""

    def join(context: click.Context, argument: click.Parameter, words: tuple[str, ...]) -> str:
        return " ".join(words) or "now"

    return click.argument(
        "scheduled_time",
        nargs=-1,
        required=required,
        metavar="TIME" if required else "[TIME]",
        callback=join,
    )


def lenient_option(command: CommandT) -> CommandT:
    """Take whether a text may be as long as its platform may take it."""
    return click.option(
        "--lenient",
        is_flag=True,
        help="Leave it to the platform how long the text may be (see `jobledger platforms`).",
    )(command)


def read_content(text: str) -> str:
    """Return the text, or what standard input has where it is `-`.

    Raises:
        StorageError: standard input cannot be read.
        ValidationError: it is no UTF-8, or longer than any text.
    """
    if text != "-":
        return text
    data = read_in("-", most_bytes=_MOST_BYTES)
    try:
        return data.decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"standard input is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            field="content",
            hint="iconv -t UTF-8 makes it so",
        ) from None


def read_metadata(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ValidationError(
            f"metadata is not a JSON object: {error}",
            field="metadata",
            hint='such as \'{"campaign": "spring"}\'',
        ) from None


def change_job(
    session: Session, job: str, done: str, change: Callable[[Ledger, str], None]
) -> None:
    """Find the job, change it, and show it as it is then."""
    with session.ledger() as ledger:
        job_id = find_job(ledger, job).job_id
        change(ledger, job_id)
        session.show_change(ledger.get_job(job_id), done)


def move_job(
    session: Session,
    job: str,
    done: str,
    move: Callable[[Ledger, str, datetime], None],
    scheduled_time: str,
) -> None:
    """Give a job another time, and say how that was understood."""
    typed = parse_time(scheduled_time)
    with session.ledger() as ledger:
        job_id = find_job(ledger, job).job_id
        now = ledger.now()
        moment = typed.ahead(now, zone_of(ledger))
        move(ledger, job_id, moment.at)
        session.show_change(ledger.get_job(job_id), done)
        echo_time(ledger, moment, now)


def echo_time(ledger: Ledger, moment: Moment, now: datetime) -> None:
    """Say how a time was understood at `now`, however long the change has taken since."""
    print_error(f"due {say_moment(moment, now, ledger.expire_after)}")
