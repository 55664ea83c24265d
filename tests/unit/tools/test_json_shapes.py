"""What commands print with `--json`: each has a schema, which is today's, and holds."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from support.cli import every_command, run_here
from support.json_shapes import SCHEMAS, SHAPE_OF, command_of, documents, refresh, validator
from support.media import png
from support.stories import cannot_tell, posts, refuses

from jobledger import Link, ManualClock, Part, Poll, Post, PostResult, Scheduler
from jobledger.tools.shapes.table import SHAPES

LINES = """\
add shop "Hello" +1h --job-id added --metadata '{"campaign": {"n": 1}}' --priority high
add shop "One" +2h --job-id chain --media cat.png --alt "A cat" --then "Two" --topic tea
add shop "Now" --job-id due
show chain
hold added
release added
edit added --content "Hello again"
reschedule added +3h
cancel added
requeue added +4h
remove added
resolve unknown --posted --thread-id 17
list
list --status failed
replay
replay --seq 3
history done
history removed
history schedule:daily
history slots:shop
audit
why done
why waits
why removed
diff 1 9
diff yesterday
import posts.csv --dry-run
import posts.csv
import posts.csv
import wrong.csv
requeue --account shop --error token --dry-run
requeue --account shop --error token
run --once --publisher publisher:post
export jobs.csv
export days --format daily
schedule add weekly "0 9 * * mon" --account shop --content Hi --content Ho
schedule add often --every 90m --account shop --content Hi --max-count 3 --hold
schedule add twice --at 9:00,12:30 --on mon,wed --account shop --content Hi
schedule list
schedule show weekly
schedule show often
schedule show twice
schedule edit weekly "0 10 * * mon"
schedule pause weekly
schedule resume weekly
schedule skip weekly
schedule show weekly
schedule run-now weekly
schedule end weekly --reason over
schedule show weekly
schedule preview @daily --zone Europe/Berlin
slots set other mon-sun 9:00,18:30
add other "In a slot" --slot --job-id slotted
slots show
queue list other
queue move slotted 2 --dry-run
queue move slotted 2
queue shuffle other --seed 7
slots clear other
status
check
check --verify
stats
stats --since "1 day ago" --account shop
report --html report.html
verify
verify --export-head head.json
seal --new-key seals
seal --key seals
status
archive --before today --dry-run
archive --before today
archive --unpack
backup backup
rebuild --check
rebuild
repair
mirror ledger mirror
copy ledger copied
--config shop.toml config show
config show
platforms
platforms bluesky
platforms --count "Chúc mừng năm mới!"
systemd --publisher publisher:post --verify
simulate --seed 7 --steps 20
"""
"""What is asked of the ledger, one after the other."""

WATCHED = """\
runners
runners --all
status
"""
"""What is asked while a runner is at work."""

DAMAGED = """\
status
check
verify
repair
repair --accept-loss
repair
"""
"""What is asked of one whose last line is damaged."""

ALLOWED_CODES = {
    "import wrong.csv": 2, "check": 1, "check --verify": 1, "rebuild --check": 1,
}  # fmt: skip
OF_DAMAGED_CODES = {"status": 1, "check": 1, "verify": 1, "repair": 1}


def story(directory: Path) -> None:
    """Make a ledger that began three days ago, with jobs of every kind."""
    clock = ManualClock(datetime.now(UTC) - timedelta(days=3))
    with Scheduler(
        directory, clock=clock, timezone="Asia/Ho_Chi_Minh", on_interrupted="fail"
    ) as scheduler:
        for job_id, publish in (("done", posts), ("unknown", cannot_tell), ("failed", refuses)):
            scheduler.add_job("shop", job_id, clock.now(), job_id=job_id)
            scheduler.run_due(publish)
        scheduler.add_job("shop", "gone", clock.now(), job_id="removed", hold=True)
        scheduler.remove_job("removed")
        poll = Post(parts=(Part("Tea?", poll=Poll(["yes", "no"])),), topic="tea")
        later = datetime.now(UTC) + timedelta(days=5)
        scheduler.add_job("shop", "Tea?", later, job_id="waits", post=poll)
        card = Post(parts=(Part("See", link=Link("https://example.com", "Here")),))
        scheduler.add_job("shop", "See", later, job_id="card", post=card, hold=True)
        scheduler.add_job("mai", "too late", clock.now() + timedelta(hours=1), job_id="late")
        scheduler.add_schedule(
            "daily", "0 9 * * *", account_id="shop", content="Good morning, {n}", misfire="skip"
        )
        scheduler.set_slots("shop", {"tue": ["09:00"]})
        clock.advance(timedelta(days=2, hours=12))
        scheduler.run_due(posts)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Ask everything once; what each command has printed."""
    here = tmp_path_factory.mktemp("here")
    directory = here / "ledger"
    story(directory)
    (here / "cat.png").write_bytes(png())
    at = datetime.now(UTC) + timedelta(days=30)
    (here / "posts.csv").write_text(
        f"account_id,content,scheduled_time,colour\nmai,Xin chào,{at},red\n", "utf-8"
    )
    (here / "wrong.csv").write_text("account_id,content,scheduled_time\nmai,,soon\n", "utf-8")
    (here / "shop.toml").write_text('[run]\nconcurrency = 2\nnotify = "https://a.example"\n')
    (here / "publisher.py").write_text(
        "from jobledger import PostResult\n\n\ndef post(account_id, content):\n"
        "    return PostResult(True)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.syspath_prepend(here)
        found = list(asked(directory, LINES, ALLOWED_CODES))

        def looks(account_id: str, content: str) -> PostResult:
            found.extend(asked(directory, WATCHED, {}))
            return PostResult(True)

        with Scheduler(directory) as scheduler:
            scheduler.add_job("shop", "Look", datetime.now(UTC))
            scheduler.run_due(looks)
        spoil(directory)
        found += asked(directory, DAMAGED, OF_DAMAGED_CODES)
    return {name: [each for of, each in found if of == name] for name in SHAPE_OF}


def asked(directory: Path, lines: str, allowed: dict[str, int]) -> Iterator[tuple[str, Any]]:
    """Run each line; yield each document, with the command that has printed it."""
    for line in lines.splitlines():
        done = run_here(directory, *shlex.split(line), "--json")
        assert done.code in (0, allowed.get(line)), (line, done.err)
        for document in documents(line, done.out):
            yield command_of(line), document


def spoil(directory: Path) -> None:
    """Damage the newest day's last line, which was acknowledged."""
    newest = max(directory.glob("events_*.jsonl"))
    with newest.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"#")


# -- the schemas -----------------------------------------------------------------------------------


def test_every_command_with_json_has_a_schema_and_no_other() -> None:
    takes = {
        name
        for name, command in every_command()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert takes == set(SHAPE_OF)
    assert len(SHAPE_OF) == sum(len(of) for _, _, of in SHAPES.values())


def test_the_page_and_the_schemas_are_todays() -> None:
    """`make manual` writes them."""
    assert refresh["PAGE"].read_text("utf-8") == refresh["page"]()
    there = {path.name: path.read_text("utf-8") for path in refresh["SCHEMAS"].iterdir()}
    made = {f"{name}.schema.json": refresh["text_of"](of) for name, of in SCHEMAS.items()}
    assert there == made


@pytest.mark.parametrize("name", SHAPES)
def test_it_is_a_schema_and_no_key_comes_in_unseen(name: str) -> None:
    """Whatever has keys of its own refuses all others."""
    schema = SCHEMAS[name]
    jsonschema_rs.meta.validate(schema)
    with_keys = [each for each in objects(schema) if "properties" in each]
    assert with_keys or name == "systemd"
    assert all(each["additionalProperties"] is False for each in with_keys)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of objects in a schema."""
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for each in value.values():
            yield from objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from objects(each)


# -- what is printed -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(SHAPE_OF))
def test_what_a_command_prints_is_as_its_schema_says(
    command: str, printed: dict[str, list[Any]]
) -> None:
    holds = validator(SCHEMAS[SHAPE_OF[command]])
    assert printed[command]
    for document in printed[command]:
        holds(document)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_form_of_a_document_is_tried(name: str, printed: dict[str, list[Any]]) -> None:
    """Where it is one of several, each of them is printed once at least; no list is empty always,
    and a key more than the schema has is noticed."""
    schema = SCHEMAS[name]
    every = [each for command in SHAPES[name][2] for each in printed[command]]
    for form in schema.get("anyOf", [schema]):
        fits = validator({"$defs": schema.get("$defs", {}), **form})
        mine = [each for each in every if each and is_valid(fits, each)]
        assert mine, form
        first = mine[0][0] if isinstance(mine[0], list) else mine[0]
        first["a_key_of_tomorrow"] = 1
        assert not is_valid(fits, mine[0])
        del first["a_key_of_tomorrow"]


def is_valid(holds: Callable[[Any], None], document: Any) -> bool:
    try:
        holds(document)
    except jsonschema_rs.ValidationError:
        return False
    return True
