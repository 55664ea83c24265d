"""The whole proof that nothing is posted twice: every scenario, what came of each, and the table.

`python docs/refresh_proof.py` plays all of it and writes the table into docs/publishers.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from support.crashes import ALWAYS, Kind, Mode, Outcome, Scenario, Trouble, play

from jobledger.publishers.fake_platform.faults import Exchange, Fault

_CUT: tuple[Fault, ...] = (
    "500_before", "500_after", "silent_before", "silent_after", "drop_before", "drop_after",
    "late", "twice", "garbage", "half",
)  # fmt: skip
_REFUSED: tuple[Fault, ...] = ("rate_limited", "token_expired", "restricted", "missing")
_LOOKING: tuple[Fault, ...] = ("500_before", "silent_before", "drop_before", "garbage", "half")
_FAULTS: dict[Exchange, tuple[Fault, ...]] = {
    "limit": (*_LOOKING, *_REFUSED),
    "create": (
        *_CUT, *_REFUSED[:3], "container_error", "container_expired", "container_stuck",
    ),
    "status": (*_LOOKING, *_REFUSED),
    "publish": (*_CUT, *_REFUSED),
    "permalink": _LOOKING,
    "bluesky_login": (*_CUT, *_REFUSED[:3]),
    "bluesky_write": (*_CUT, *_REFUSED[:3]),
    "bluesky_record": _LOOKING,
    "post_status": (*_CUT, "forgotten", *_REFUSED),
    "own_account": (*_LOOKING, *_REFUSED),
    "own_statuses": (*_LOOKING, *_REFUSED),
    "instance": (*_LOOKING, *_REFUSED),
    "webhook": (*_CUT, "rate_limited", "token_expired"),
    "webhook_status": (*_LOOKING, "rate_limited", "token_expired"),
}  # fmt: skip
_OF_KIND: dict[Kind, tuple[Exchange, ...]] = {
    "threads": ("limit", "create", "status", "publish", "permalink"),
    "bluesky": ("bluesky_login", "bluesky_write"),
    "mastodon": ("post_status", "own_account", "own_statuses", "instance"),
    "webhook": ("webhook",),
}
_LOST: tuple[Fault, ...] = ("500_after", "forgotten", "silent_after", "late", "500_before")
_TOGETHER: dict[Kind, tuple[tuple[Trouble, ...], ...]] = {
    "threads": (
        (Trouble("publish", "silent_after"), Trouble("list", "500_before", ALWAYS)),
        (Trouble("publish", "twice"), Trouble("list", "garbage", ALWAYS)),
        *(
            (Trouble("publish", fault, 2), Trouble("publish", "missing", 2))
            for fault in ("500_after", "silent_after", "late", "drop_after", "twice")
        ),
    ),
    "bluesky": tuple(
        (Trouble("bluesky_write", first), Trouble("bluesky_record", second, times))
        for first in ("500_after", "silent_after", "500_before", "late", "twice")
        for second in _FAULTS["bluesky_record"]
        for times in (1, ALWAYS)
    ),
    "mastodon": tuple(
        (Trouble("post_status", first), second._replace(times=times))
        for first in _LOST
        for second in (
            Trouble("own_statuses", "500_before"),
            Trouble("status_source", "garbage"),
            Trouble("status_source", "missing"),
            Trouble("post_status", "rate_limited"),
        )
        for times in (1, ALWAYS)
    ),
    "webhook": tuple(
        (Trouble("webhook", first), Trouble("webhook_status", second, times))
        for first in ("500_after", "silent_after", "500_before", "late")
        for second in _FAULTS["webhook_status"]
        for times in (1, ALWAYS)
    ),
}


class Setting(NamedTuple):
    """A row of the table: a publisher, how it is used, and what its endpoint does."""

    kind: Kind
    mode: Mode
    dedupe: bool
    told: str

    @property
    def promises_no_double(self) -> bool:
        return self.mode != "retry" or self.kind != "webhook" or self.dedupe


SETTINGS = (
    Setting("threads", "asked", True, "Threads, as it is"),
    Setting("threads", "fail", True, 'Threads, kept from asking, `"fail"`'),
    Setting("threads", "retry", True, 'Threads, kept from asking, `"retry"`'),
    Setting("bluesky", "asked", True, "Bluesky, as it is"),
    Setting("bluesky", "fail", True, 'Bluesky, kept from asking, `"fail"`'),
    Setting("bluesky", "retry", True, 'Bluesky, kept from asking, `"retry"`'),
    Setting("mastodon", "asked", True, "Mastodon, as it is"),
    Setting("mastodon", "fail", True, 'Mastodon, kept from asking, `"fail"`'),
    Setting("mastodon", "retry", True, 'Mastodon, kept from asking, `"retry"`'),
    Setting("webhook", "asked", True, "webhook with `status_url`"),
    Setting("webhook", "idempotent", True, 'webhook, `idempotent=True`, `"fail"`'),
    Setting("webhook", "fail", False, 'webhook, neither, `"fail"`'),
    Setting("webhook", "retry", True, 'webhook, endpoint acts once on a key, `"retry"`'),
    Setting("webhook", "retry", False, 'webhook, neither, `"retry"`'),
)


def troubles(setting: Setting, *, lasting: bool) -> Iterator[tuple[Trouble, ...]]:
    """Yield what the platform does: faults that pass (none, each once, some together), or stay.

    The two faults that act twice by themselves are left out for an endpoint that would do so too,
    whoever asks it: nothing at this end can help there.
    """
    if not lasting:
        yield ()
    for exchange in _OF_KIND[setting.kind]:
        for fault in _FAULTS[exchange]:
            if setting.dedupe or fault not in ("twice", "late"):
                yield (Trouble(exchange, fault, ALWAYS if lasting else 1),)
    if setting.kind != "webhook" or setting.mode == "asked":
        for together in _TOGETHER[setting.kind]:
            if lasting is any(trouble.times == ALWAYS for trouble in together):
                yield together


def deaths(points: int, *, twice: bool) -> Iterator[tuple[int, ...]]:
    """At every point; and, where `twice`, at every point once more within the next dozen."""
    for first in range(1, points + 1):
        yield (first,)
        if twice:
            yield from ((first, first + later) for later in range(1, 13))


class Row(NamedTuple):
    """What came of all scenarios of a setting."""

    setting: Setting
    verdicts: Counter[str]
    bad: list[tuple[Scenario, Outcome]]

    @property
    def cells(self) -> list[str]:
        names = ("once", "failed", "unknown", "twice")
        lost = sum(self.verdicts[name] for name in ("claimed", "denied", "left"))
        numbers = [self.verdicts.total(), *(self.verdicts[name] for name in names), lost]
        return [self.setting.told, *map(str, numbers)]


def played(
    setting: Setting, *, lasting: bool, dying: bool = True
) -> Iterator[tuple[Scenario, Outcome]]:
    """Each scenario of a setting, with what came of it.

    The runner dies once, at each point in turn (where faults stay, of the first attempts only); and
    where the platform is sound and can be asked, also twice.
    """
    kind, mode, dedupe, _ = setting
    for trouble in troubles(setting, lasting=lasting):
        calm = Scenario(kind, mode, trouble, (), dedupe)
        outcome = _play(calm)
        yield calm, outcome
        if not dying:
            continue
        points = min(len(outcome.points), 24) if lasting else len(outcome.points)
        for points_of_death in deaths(points, twice=mode == "asked" and not trouble):
            scenario = calm._replace(deaths=points_of_death)
            yield scenario, _play(scenario)


def _play(scenario: Scenario) -> Outcome:
    with TemporaryDirectory() as root:
        return play(scenario, Path(root))


def row(setting: Setting, *, lasting: bool) -> Row:
    """Play all of a setting."""
    verdicts: Counter[str] = Counter()
    bad = []
    for scenario, outcome in played(setting, lasting=lasting):
        verdicts[outcome.verdict] += 1
        if not sound(setting, outcome):
            bad.append((scenario, outcome))
    return Row(setting, verdicts, bad)


def sound(setting: Setting, outcome: Outcome) -> bool:
    """Whether an outcome is one that the setting allows."""
    if outcome.verdict == "twice":
        return not setting.promises_no_double
    if outcome.verdict == "failed":
        return bool(outcome.job.error)
    return outcome.verdict in ("once", "unknown")


HEAD = ("", "scenarios", "out once", "failed, not out", "unknown", "**out twice**", "**lost**")


def table(rows: Iterable[Row]) -> str:
    """Write the rows as Markdown."""
    lines = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
