"""The `platforms` command: what each platform allows, and how it counts a text."""

from __future__ import annotations

import click

from ...domain import PLATFORMS, ValidationError, check_content, meant_platform
from ..grammar import command
from ..job_changes import read_content
from ..output import print_json, printable
from ..render.platform_facts import facts_of
from ..render.tables import Columns, print_facts
from ..session import Session, json_option, pass_session


@command(pages=True)
@click.argument("name", required=False)
@click.option("--count", "text", metavar="TEXT", help="Count a text; `-` reads standard input.")
@json_option
@pass_session
def platforms(session: Session, name: str | None, text: str | None) -> None:
    """Show what the platforms allow, as of which day and by which page; NAME: all of one.

    A text is checked against the table of its job's platform when it is added, counted as that
    counts: `--count` says how long it is there. A platform without a table takes 500 characters,
    and --lenient of the commands that take a text leaves it to the platform.

    \b
    Example:
      jobledger platforms
      jobledger platforms bluesky
      jobledger platforms --count "Chúc mừng năm mới! 🎉 https://example.com/tet"
    """
    if name is not None and name not in PLATFORMS:
        meant = meant_platform(name)
        raise ValidationError(
            f"there is no table for a platform {name!r:.60}",
            field="name",
            hint=f"did you mean {meant!r}?" if meant else f"there are {', '.join(PLATFORMS)}",
        )
    if text is not None:
        _count(session, read_content(text), [name] if name else [*PLATFORMS])
    elif session.json:
        print_json(PLATFORMS[name] if name else [*PLATFORMS.values()])
    elif name is not None:
        print_facts(facts_of(PLATFORMS[name]))
    else:
        columns = Columns(
            ("name", 10), ("longest", 8), ("media", 6), ("as of", 11), ("counted", None)
        )
        columns.title()
        for rules in PLATFORMS.values():
            media = rules.most_media or (rules.images.most if rules.images else None)
            counted = rules.counting.words + ("" if rules.is_counting_documented else " (assumed)")
            columns.row(
                rules.name,
                str(rules.longest),
                str(media or "?"),
                str(rules.as_of),
                printable(counted),
            )


def _count(session: Session, text: str, names: list[str]) -> None:
    """Say how long a text is on each platform, and what would be wrong with it there."""
    found = []
    for name in names:
        rules = PLATFORMS[name]
        try:
            check_content(text, name)
        except ValidationError as error:
            problem: str | None = error.message
        else:
            problem = None
        found.append(
            {
                "name": name,
                "length": rules.length_of(text),
                "longest": rules.longest,
                "fits": problem is None,
                "problem": problem,
            }
        )
    if session.json:
        print_json(found)
        return
    columns = Columns(("name", 10), ("length", 8), ("longest", 8), ("", None))
    columns.title()
    for each in found:
        style = "green" if each["fits"] else "bold red"
        columns.row(
            str(each["name"]),
            str(each["length"]),
            str(each["longest"]),
            printable(each["problem"] or "fits"),
            styles={3: style},
        )
