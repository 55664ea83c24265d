"""A file that is imported from a page: what was said of it, and what would come of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from secrets import token_hex
from typing import Literal, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from .. import ValidationError
from ..interchange import (
    CHOICES,
    DATE,
    PRESETS,
    TIME,
    Allowed,
    Bounds,
    DateOrder,
    ImportPlan,
    LedgerPosts,
    NamedTable,
    Source,
    Target,
    Wishes,
    check_encoding,
    look_into,
    make_plan,
    source_of,
)
from .local_time import zone_of
from .problems import Refusal
from .roles import ADD, IMPORTED, Role
from .settings import MAX_FILE_BYTES
from .site import Call
from .uploads import Upload, clean_name

BOUNDS = Bounds(rows=5000, cells=500_000, columns=1000, unpacked=10_000_000, whole=2_000_000)
"""How much is read of a file here: what anybody sends is looked at while others wait."""
ALLOWANCES: dict[str, str] = {
    "existing": "--skip-existing",
    "doubles": "--allow-doubles",
    "again": "--again",
    "past": "--allow-past",
    "odd_text": "--allow-odd-text",
}
"""What is taken although it would be refused: fields of the form, and the options of `import`."""
FIELDS = (
    "content", "account_id", "scheduled_time", DATE, TIME, "status", "platform", "priority",
    "image_url", "video_url", "link_attachment", "alt_text", "topic_tag",
)  # fmt: skip
"""What a column may be said to be."""
KEPT = "-"
"""And one that is no field, though it may be called as one: it is in the metadata as `name_of`."""
SAMPLES = 2
MOST_COLUMNS = 40
"""So many can be said to be something."""
MOST_WORDS = 20
_LONGEST_WORD = 40
_WAIT_S = 10.0
_IDS = UUID("0f1c7d52-40d2-5c39-9b9f-6c1b1a1d7a55")
How = Literal["scheduled", "drafts"]
_ORDERS: dict[str, DateOrder] = {"dmy": "dmy", "mdy": "mdy"}


class ImportAsked(NamedTuple):
    """What was sent: the file, and what was said of it. `key` is what this import is called, so
    that it is done once, `since` the moment that times such as `+2h` are counted from; `is_other`
    where the file was chosen just now, so that what was said of columns is not of this one."""

    upload: Upload
    form: Mapping[str, str]
    key: str
    since: datetime
    is_other: bool

    @property
    def kept(self) -> str:
        """The file as a form carries it."""
        return base64.b64encode(self.upload.data).decode()

    @property
    def how(self) -> How:
        """Whether its posts go out by themselves."""
        return "drafts" if self.form.get("how") == "drafts" else "scheduled"


class ColumnLook(NamedTuple):
    """A column of the file: what it is called, what it is, and some of what stands in it."""

    name: str
    target: str
    samples: list[str]


class ImportLook(NamedTuple):
    """What would come of a file. `digest` stands for all of it; `words` are those for states that
    nobody knows, each with what it was said to mean."""

    asked: ImportAsked
    plan: ImportPlan
    zone: ZoneInfo
    columns: list[ColumnLook]
    words: dict[str, str]
    digest: str


def read_asked(call: Call) -> ImportAsked:
    """Return what a form asks for.

    Raises:
        ValidationError: there is no file in it.
        Refusal: the file is too large.
    """
    form, now = dict(call.form), call.site.ledger.now()
    upload, is_other = call.upload, True
    if upload is None and form.get("kept"):
        upload, is_other = _kept(form), False
    if upload is None:
        raise ValidationError("no file was chosen", field="file")
    if len(upload.data) > MAX_FILE_BYTES:
        raise too_large()
    if not upload.data:
        raise ValidationError(f"{upload.name} is empty", field="file")
    since = None if is_other else _moment(form.get("since", ""))
    key = form.get("key", "")[:64] or token_hex(12)
    return ImportAsked(upload, form, key, since or now.replace(microsecond=0), is_other)


def too_large() -> Refusal:
    """Return the refusal of a file that has too much in it."""
    return Refusal(
        413,
        f"a file has at most {MAX_FILE_BYTES // 1_000_000} MB here",
        field="file",
        hint="split it, or use `jobledger import`",
    )


def _kept(form: Mapping[str, str]) -> Upload:
    try:
        data = base64.b64decode(form["kept"], validate=True)
    except ValueError:
        raise ValidationError("the file did not come back", field="file") from None
    return Upload(clean_name(form.get("name", "")), data)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def allowed_of(form: Mapping[str, str], role: Role) -> Allowed:
    """Return what is taken of what this role may bring in: an author drafts, an editor also what
    goes out, an operator also jobs that some scheduler has, with their state."""
    plans_only = role < Role.OPERATOR  # rule: authors-bring-plans-alone
    return Allowed(
        existing="existing" in form,
        again="again" in form,
        doubles="doubles" in form,
        past="past" in form,
        odd_text="odd_text" in form,
        states=IMPORTED[role],
        files=False,
        plans_only=plans_only,
    )


def wishes_of(call: Call, asked: ImportAsked, labels: Mapping[str, str]) -> Wishes:
    """Return how the file is to be understood, but for its columns and its words for states.

    Raises:
        ValidationError: something is said that cannot be; `field` is the one.
        Refusal: the visitor may add drafts, and not what goes out by itself.
    """
    form = asked.form
    if asked.how != "drafts":
        call.must_be(ADD)  # rule: authors-import-drafts
    like, dates = (form.get(name, "") for name in ("like", "dates"))
    for name, text, known in (("like", like, [*PRESETS]), ("dates", dates, [*_ORDERS])):
        if text and text not in known:
            raise ValidationError(f"{name} {text!r:.40} is none", field=name, hint=", ".join(known))
    otherwise = {
        name: text
        for name, field in (("account_id", "account_id"), (TIME, "time"))
        if (text := form.get(field, "").strip())
    }
    encoding = form.get("encoding", "").strip()
    platform = form.get("platform", "").strip()
    return Wishes(
        like=like or None,
        constants={"platform": platform} if platform else {},
        otherwise=otherwise,
        dates=_ORDERS.get(dates),
        zone=zone_of(form.get("zone", ""), call.site.zone),
        encoding=check_encoding(encoding) if encoding else None,
        sheet=form.get("sheet", "").strip() or None,
        slots="slots" in form,
        drafts=asked.how == "drafts",
        most=BOUNDS,
        labels=labels,
    )


@contextmanager
def one_at_a_time(call: Call) -> Iterator[None]:
    """Wait until no other file is looked at: one that was made to be much takes all that it can.

    Raises:
        Refusal: it takes too long, or too many wait.
    """
    lock, waiting = call.site.importing, call.site.waiting_to_import
    busy = Refusal(429, "another file is being looked at", after_s=5)
    if not waiting.acquire(blocking=False):  # rule: few-wait-to-import
        raise busy
    try:
        if not lock.acquire(timeout=_WAIT_S):  # rule: one-file-at-a-time
            raise busy
        try:
            yield
        finally:
            lock.release()
    finally:
        waiting.release()


def look_at(call: Call, asked: ImportAsked, wishes: Wishes) -> ImportLook:
    """Read the file as it was said, and check each row as the ledger will, and against it.

    Raises:
        ValidationError: it is nothing that could be imported, or more than is read here.
    """
    ledger = call.site.ledger
    source = source_of(asked.upload.name, asked.upload.data)
    table = _table(source, wishes)
    wishes = _with_columns(wishes, asked, table)
    table = table and _table(source, wishes)
    words = _words(asked)
    wishes = msgspec.structs.replace(
        wishes, states={word: state for word, state in words.items() if state}
    )
    target = Target(call.site.zone, frozenset(ledger.known_ids()), LedgerPosts(ledger))
    name = f"{ledger.ledger_id} {call.visitor.by} {asked.key}"
    ids = (str(uuid5(_IDS, f"{name} {n}")) for n in count())
    plan = make_plan(
        [source],
        target,
        ledger.now(),
        since=asked.since,
        wishes=wishes,
        allowed=allowed_of(asked.form, call.role),
        new_id=lambda: next(ids),
    )
    for word in plan.unknown_states:
        if len(words) < MOST_WORDS and len(word) <= _LONGEST_WORD:
            words.setdefault(word, "")
    found = [] if table is None else table.columns.columns[:MOST_COLUMNS]
    columns = [
        ColumnLook(each.name, each.target, table.samples(n, SAMPLES) if table else [])
        for n, each in enumerate(found)
    ]
    zone = wishes.zone or call.site.zone
    return ImportLook(asked, plan, zone, columns, words, _digest(plan))


def _table(source: Source, wishes: Wishes) -> NamedTable | None:
    """Look into a table; None where it is none, or names no columns."""
    try:
        table = look_into(source, wishes)
    except ValidationError:
        return None  # the plan will say what is wrong
    preset = PRESETS.get(wishes.like or "")
    if table is None or (preset is not None and preset.order and not table.columns.found):
        return None
    return table


def _with_columns(wishes: Wishes, asked: ImportAsked, table: NamedTable | None) -> Wishes:
    """Return the wishes with what was said of the columns, where it differs from what their names
    say.

    Raises:
        ValidationError: two columns were said to be one field.
    """
    if table is None or asked.is_other:
        return wishes
    maps: dict[str, str] = {}
    for number, column in enumerate(table.columns.columns[:MOST_COLUMNS]):
        said = asked.form.get(f"is_{number}", "")
        if said == column.target or said not in (*FIELDS, KEPT):
            continue
        target = name_of(number) if said == KEPT else said
        if target in maps:
            raise ValidationError(f"two columns are {target}", field="columns")
        maps[target] = column.name
    return msgspec.structs.replace(wishes, maps=maps)


def name_of(number: int) -> str:
    """Return what a column is called that was said to be no field."""
    return f"column_{number + 1}"


def _words(asked: ImportAsked) -> dict[str, str]:
    """Return what words for states were said to mean; nothing where that is not said."""
    found: dict[str, str] = {}
    for number in range(0 if asked.is_other else MOST_WORDS):
        word, said = (asked.form.get(f"{name}_{number}", "") for name in ("word", "means"))
        if 0 < len(word) <= _LONGEST_WORD:
            found[word] = said if said in CHOICES else ""
    return found


def _digest(plan: ImportPlan) -> str:
    """Return what stands for all that is shown of a plan: another outcome has another one."""
    lines: list[object] = [
        [each.item.line, each.written, each.given_id, each.item.job] for each in plan.planned
    ]
    told: Sequence[object] = (*plan.problems, *plan.warnings, *plan.unread)
    lines += [told, plan.skipped, plan.repeated, plan.withdrawn, plan.left_out]
    return hashlib.sha256(msgspec.json.encode(lines)).hexdigest()
