"""The form of a schedule: its fields, what they say, and what has been looked at of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple

from .. import At, Cron, Every, Ledger, LedgerView, Occurrence, Schedule, ValidationError
from .actions import read_into
from .scheduling import Rule, ScheduleSaid, naming_zone, said_in, until_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
BETWEEN_TEXTS = "---"
"""A line that divides the texts of a schedule."""
SHOWN = 10
_MOST_LOOKED_AT = 1000
USUAL: Mapping[str, str] = {
    "kind": "at", "times": "9:00", "every": "1", "unit": "d", "order": "turns", "priority": "2",
    "max_retries": "3", "gap": "shift", "fold": "first", "misfire": "latest", "grace": "10",
    "catch_up": "3", "jitter": "0", "overlap": "queue",
}  # fmt: skip
"""What a form begins with."""
_OF_RULE = (
    "account_id", "kind", "times", *(f"on_{day}" for day in DAYS), "cron", "every", "unit",
    "anchor",
    "zone", "until", "max_count", "jitter", "gap", "fold",
)  # fmt: skip
"""What decides when posts are due."""


class RuleLook(NamedTuple):
    """A rule as somebody is to look at it before it is saved: the rule, its zone, when it is due
    next, and whether there is more behind that; `digest` stands for what was looked at."""

    rule: Rule
    zone: str
    coming: list[Occurrence]
    has_more: bool
    digest: str


def fields_of(schedule: Schedule) -> dict[str, str]:
    """Return a form as it stands for a schedule that is there."""
    fields = {
        name: str(getattr(schedule, name))
        for name in (
            "account_id", "zone", "order", "max_retries", "gap", "fold", "misfire", "catch_up",
            "overlap",
        )
    }  # fmt: skip
    fields |= {
        "content": f"\n{BETWEEN_TEXTS}\n".join(schedule.content),
        "priority": str(schedule.priority.value),
        "grace": _number(schedule.grace_s / 60),
        "jitter": _number(schedule.jitter_s / 60),
        "until": "" if schedule.until is None else schedule.until.isoformat(),
        "max_count": "" if schedule.max_count is None else str(schedule.max_count),
        "hold": "true" if schedule.hold else "",
    }
    return {**USUAL, **fields, **_fields_of_rule(schedule.rule)}


def _fields_of_rule(rule: Rule) -> dict[str, str]:
    match rule:
        case Cron():
            return {"kind": "cron", "cron": rule.text}
        case At():
            times = ", ".join(short_time(one) for one in rule.times)
            return {"kind": "at", "times": times} | {f"on_{day}": "true" for day in rule.weekdays}
        case Every():
            unit = next((name for name in ("d", "h") if not rule.interval % UNITS[name]), "min")
            every = _number(rule.interval / UNITS[unit])
            anchor = "" if rule.anchor is None else rule.anchor.isoformat()
            return {"kind": "every", "every": every, "unit": unit, "anchor": anchor}


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def short_time(time: str) -> str:
    """Write a time of day without seconds that are none."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def split_times(text: str) -> list[str]:
    """Return the times of day that a text names."""
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


def texts_in(content: str) -> str | list[str]:
    """Return the text that a form has, or the texts that it has between the lines that divide
    them."""
    texts: list[list[str]] = [[]]
    for line in content.replace("\r\n", "\n").split("\n"):
        if line.strip() == BETWEEN_TEXTS:
            texts.append([])
        else:
            texts[-1].append(line)
    found = ["\n".join(lines).strip("\n") for lines in texts]
    return found if len(found) > 1 else content.replace("\r\n", "\n")


def given_rule(form: Mapping[str, str]) -> object:
    """Return the rule that a form says, as a program would give it."""
    match form.get("kind"):
        case "cron":
            return {"kind": "cron", "text": form.get("cron", "").strip()}
        case "every":
            unit = UNITS.get(form.get("unit", ""), UNITS["min"])
            seconds = _float(form, "every") * unit.total_seconds()
            return {"kind": "every", "interval": seconds, "anchor": form.get("anchor") or None}
        case _:
            days = [day for day in DAYS if form.get(f"on_{day}")]
            return {"kind": "at", "times": split_times(form.get("times", "")), "weekdays": days}


def said_by(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form says of a schedule, as a program would give it.

    Raises:
        ValidationError: a field that is to be a number is none.
    """
    return {
        "rule": given_rule(form),
        "content": texts_in(form.get("content", "")),
        "zone": form.get("zone", "").strip() or None,
        "order": form.get("order", ""),
        "priority": form.get("priority", ""),
        "max_retries": _int(form, "max_retries"),
        "hold": bool(form.get("hold")),
        "gap": form.get("gap", ""),
        "fold": form.get("fold", ""),
        "misfire": form.get("misfire", ""),
        "grace": _float(form, "grace") * 60,
        "catch_up": _int(form, "catch_up"),
        "until": form.get("until") or None,
        "max_count": _int(form, "max_count") if form.get("max_count") else None,
        "jitter": _float(form, "jitter") * 60,
        "overlap": form.get("overlap", ""),
    }


def _float(form: Mapping[str, str], field: str) -> float:
    text = form.get(field, "").strip().replace(",", ".")
    try:
        number = float(text) if len(text) < 20 else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise ValidationError(f"{field} {text!r:.40} is no number", field=field)
    return number


def _int(form: Mapping[str, str], field: str) -> int:
    text = form.get(field, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValidationError(f"{field} {text!r:.40} is no whole number", field=field)
    return int(text)


def as_in_form(error: ValidationError, form: Mapping[str, str]) -> ValidationError:
    """Return a refusal that names the field of the form that is wrong."""
    kind = form.get("kind", "at")
    of_rule = {"cron": "cron", "every": "every"}.get(kind, "times")
    fields = {"rule": of_rule, "interval": "every", "anchor": "every", "text": "cron"}
    field = (error.field or "").removeprefix("rule.")
    return ValidationError(error.message, field=fields.get(field, field) or None, hint=error.hint)


def look_at(ledger: Ledger, queries: Ledger | LedgerView, form: Mapping[str, str]) -> RuleLook:
    """Work out when the posts of a form would be due; nothing is changed.

    Raises:
        ValidationError: something of it is not acceptable.
    """
    read_into(ScheduleSaid, said_by(form), is_form=False)  # what is no number, and no choice
    said = said_in(read_into(ScheduleSaid, {"rule": given_rule(form)}, is_form=False))
    rule: Rule = said["rule"]
    slots = queries.slots(form.get("account_id", ""))
    zone = form.get("zone", "").strip() or (ledger.timezone if slots is None else slots.zone)
    most = int(form["max_count"]) if form.get("max_count") else _MOST_LOOKED_AT
    with naming_zone():
        found = ledger.preview(
            rule,
            zone=zone,
            count=min(most, SHOWN) + 1,
            gap=form["gap"],  # type: ignore[arg-type]  # as above
            fold=form["fold"],  # type: ignore[arg-type]  # as above
        )
    if form.get("until"):
        until = until_of(form["until"], zone)
        found = [one for one in found if one.local.replace(fold=0) <= until]
    shown = list(islice(found, min(most, SHOWN)))
    return RuleLook(rule, zone, shown, len(found) > len(shown) and most > SHOWN, digest_of(form))


def digest_of(form: Mapping[str, str]) -> str:
    """Return what stands for all that decides when posts are due."""
    lines = [f"{name}={form.get(name, '').strip()!r}" for name in _OF_RULE]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
