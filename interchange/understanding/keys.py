"""Rows that have keys instead of columns, JSON and calendars: the same wishes, by their keys."""

from __future__ import annotations

from typing import Any

import msgspec

from ...domain import ValidationError
from ..fields import Row
from ..wishes import Wishes
from .cells import read_cell
from .names import DATE, TIME, plain
from .postiz import flattened, is_postiz
from .posts import post_target, put_together
from .presets import LEFT_OUT, Preset
from .times import together


def understood(row: Row, wishes: Wishes, preset: Preset | None) -> Row:
    """Return a row with the keys of a job, by what was wished and by the tool that wrote it.

    Raises:
        ValidationError: it is of a tool whose posts have to be asked for.
    """
    values = row.values
    faults = list(row.faults)
    if is_postiz(values):
        if wishes.like != "postiz":
            raise ValidationError(
                f"{row.source} is a list of posts of Postiz",
                field="file",
                hint=wishes.hint("--like", "postiz"),
            )
        values = flattened(values)
    wished = {plain(key): target for target, key in wishes.maps.items()}
    found: dict[str, Any] = {}
    for key, value in values.items():
        target = wished.get(plain(key)) if wished else None
        if target is None and preset is not None:
            target = preset.columns.get(plain(key))
        if target == LEFT_OUT:
            continue
        name = target or post_target(key) or key
        if name in found and value is not None:
            faults.append(ValidationError(f"{name} is there twice, also as {key!r}", field=name))
        found[name] = value
    if DATE in wishes.maps or TIME in wishes.maps:
        date, clock = (str(found.pop(name, "") or "") for name in (DATE, TIME))
        try:
            found["scheduled_time"] = together(date, clock) or None
        except ValidationError as error:
            faults.append(error)
    try:
        put_together(found, row.source)
    except ValidationError as error:
        faults.append(error)
    for name, text in wishes.constants.items():
        if found.get(name) is not None:
            faults.append(ValidationError(f"{name} is set, and the row has it too", field=name))
        try:
            found[name] = read_cell(text, name)
        except ValidationError as error:
            faults.append(error)
    for name, text in wishes.otherwise.items():
        if name not in (DATE, TIME) and found.get(name) is None:
            found[name] = text
    return msgspec.structs.replace(row, values=found, faults=tuple(faults))
