"""`jobledger schedule`: schedules as people add, see and change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.cli import Done, run_here
from support.terminal import Terminal

from jobledger import JobStatus, Ledger, ManualClock, SystemClock

ZONE = "Asia/Ho_Chi_Minh"
ADD = ("schedule", "add", "daily")
SAID = ("--account", "shop", "--content", "Post {n}")


@pytest.fixture
def place(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a ledger in which it is noon of a Monday, for every command too."""
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now())
    with Ledger(directory, timezone=ZONE):
        pass
    return directory


def ok(place: Path, *arguments: str) -> list[str]:
    done = run_here(place, *arguments)
    assert done.code == 0, done.err
    return done.out.splitlines()


def told(place: Path, *arguments: str) -> Any:
    return json.loads(run_here(place, *arguments, "--json").out)


def refused(place: Path, *arguments: str) -> str:
    done: Done = run_here(place, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    return done.err


# -- adding ----------------------------------------------------------------------------------------


def test_a_schedule_is_shown_as_it_was_understood_with_what_it_has_made(place: Path) -> None:
    assert ok(place, *ADD, "30 9 * * mon-fri", *SAID) == [
        f"at 09:30, Monday to Friday, in {ZONE}",
        "day             time      offset  state      job",
        "Tue 2026-03-03  09:30     +07:00  scheduled  daily.20260303T0930",
        "Wed 2026-03-04  09:30     +07:00  scheduled  daily.20260304T0930",
        "Thu 2026-03-05  09:30     +07:00  scheduled  daily.20260305T0930",
        "Fri 2026-03-06  09:30     +07:00  scheduled  daily.20260306T0930",
        "Mon 2026-03-09  09:30     +07:00  scheduled  daily.20260309T0930",
        f"the next 5, times in {ZONE}",
        "added daily: 10 jobs made",
    ]
    assert ok(place, "show", "daily.20260303T0930")[1].split() == ["account_id", "shop"]


def test_a_dry_run_says_the_same_and_adds_nothing(place: Path) -> None:
    words = [*ADD, "--at", "9:00,12:30", "--on", "sat-sun", *SAID, "--jitter", "20m"]
    shown = ok(place, *words, "--dry-run")
    assert shown[-1] == "would add daily: 8 jobs made"
    with Ledger(place, read_only=True) as ledger:
        assert (ledger.seq, ledger.schedules()) == (0, [])
    assert ok(place, *words)[:-1] == shown[:-1]
    assert "was used before" in refused(place, *words, "--dry-run")
    assert "was used before" in refused(place, *words)


def test_what_clocks_have_moved_is_said(place: Path) -> None:
    berlin = ["--zone", "Europe/Berlin", "--until", "2026-03-30"]
    shown = ok(place, *ADD, "30 2 29 3 *", *SAID, *berlin)
    assert shown[2] == (
        "Sun 2026-03-29  03:30     +02:00  scheduled  daily.20260329T0230"
        "  moved: clocks skip 02:30 on 29 Mar"
    )


def test_everything_that_can_be_said_can_be_typed(place: Path) -> None:
    ok(
        place, *ADD, "--every", "90m", "--anchor", "2026-03-02T06:00", *SAID,
        "--content", "Two", "--order", "shuffle", "--zone", "Europe/Berlin", "--priority", "high",
        "--max-retries", "5", "--platform", "elsewhere", "--metadata", '{"a": 1}', "--hold",
        "--gap", "end", "--fold", "both", "--misfire", "all", "--grace", "1h", "--catch-up", "7",
        "--until", "2026-03-05 18:00", "--max-count", "9", "--jitter", "0", "--overlap", "skip",
    )  # fmt: skip
    with Ledger(place, read_only=True) as ledger:
        [found] = ledger.schedules()
        assert found.content == ("Post {n}", "Two")
        assert (found.order, found.zone, found.platform) == (
            "shuffle",
            "Europe/Berlin",
            "elsewhere",
        )
        assert (found.priority.name, found.max_retries, found.hold) == ("HIGH", 5, True)
        assert (found.gap, found.fold, found.overlap) == ("end", "both", "skip")
        assert (found.misfire, found.grace_s, found.catch_up) == ("all", 3600.0, 7)
        assert (str(found.until), found.max_count) == ("2026-03-05 18:00:00", 9)
        assert found.metadata == {"a": 1}
        first = ledger.jobs_of_schedule("daily")[0]
        assert (first.status, first.scheduled_time.isoformat()) == (
            JobStatus.PENDING, "2026-03-02T12:30:00+00:00",
        )  # fmt: skip
    facts = " ".join(ok(place, "schedule", "show", "daily"))
    for said in (
        "2, shuffled", "high", "5 at most", "drafts", "gap's end", "posted at both", "by more than",
        "at most 7", "while the one before", "Thu 2026-03-05 18:00", "9 posts", "elsewhere",
    ):  # fmt: skip
        assert said in facts


def test_the_zone_is_that_of_the_accounts_slots_if_none_is_given(place: Path) -> None:
    ok(place, "slots", "set", "shop", "daily", "9:00", "--zone", "Asia/Tokyo")
    shown = ok(place, *ADD, "@daily", *SAID, "--until", "tomorrow", "--dry-run")
    assert shown[0] == "at 00:00, every day, in Asia/Tokyo"
    assert shown[2].split()[:4] == ["Tue", "2026-03-03", "00:00", "+09:00"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("texts.txt", "One\n\nTwo\n"),
        ("texts.jsonl", '"One"\n{"content": "Two"}\n'),
    ],
)
def test_texts_may_stand_in_a_file(place: Path, tmp_path: Path, name: str, lines: str) -> None:
    (tmp_path / name).write_text(lines)
    file = str(tmp_path / name)
    ok(place, *ADD, "@daily", "--account", "shop", "--content-file", file, "--order", "once")
    with Ledger(place, read_only=True) as ledger:
        assert [job.content for job in ledger.jobs_of_schedule("daily")] == ["One", "Two"]
        assert ledger.get_schedule("daily").end_reason == "texts"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"One"\n{"content": "Two", "link": "x"}\n', "texts.jsonl, line 2: nothing reads link"),
        ('{"text": "Two"}\n', "line 1: nothing reads text"),
        ("{}\n", "line 1: there is no text as `content`"),
        ("One\n", "line 1: no JSON text"),
        ("\n", "has no text"),
        ("\udcff", "is not UTF-8: byte 0 is 0xff"),
    ],
)
def test_what_is_no_file_of_texts_is_named_with_its_line(
    place: Path, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_bytes(text.encode(errors="surrogateescape"))
    shop = ["--account", "shop", "--content-file", str(file)]
    assert says in refused(place, *ADD, "@daily", *shop)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["@daily", "--content", "x"], "--account NAME"),
        (["@daily", "--account", "shop"], "--content TEXT"),
        (SAID, "a cron text such as"),
        (["@daily", "--every", "1h", *SAID], "not several"),
        (["61 * * * *", *SAID], "RULE: minute '61'"),
        (["--every", "soon", *SAID], "--every: 'soon' is no duration (such as 90m"),
        (["--every", "1h", "--anchor", "never", *SAID], "--anchor: 'never' is not a time"),
        (["@daily", "--anchor", "9:00", *SAID], "--anchor goes with --every"),
        (["--at", "25:00", *SAID], "--at: '25:00' is no time of day (such as"),
        (["--at", "9:00", "--on", "someday", *SAID], "--on: 'someday' is no weekday (such as"),
        (["@daily", "--on", "mon", *SAID], "--on goes with --at"),
        (["@daily", "--zone", "Mars", *SAID], "--zone: timezone 'Mars' is not known (an IANA"),
        (["@daily", "--until", "never", *SAID], "--until: 'never' is not a time"),
        (["@daily", "--until", "2020-01-01", *SAID], "--until: '2020-01-01' is past"),
        (["@daily", "--grace", "9d", *SAID], "--grace must be from 0 to 7 days"),
        (["@daily", "--jitter", "long", *SAID], "--jitter: 'long' is no duration"),
        (["@daily", "--max-count", "few", *SAID], "--max-count: 'few' is no number"),
        (["@daily", "--max-count", "0", *SAID], "--max-count"),
        (["@daily", "--max-retries", "-1", *SAID], "--max-retries"),
        (["@daily", "--catch-up", "0", *SAID], "--catch-up"),
        (["@daily", "--metadata", "[]", *SAID], "metadata is not a JSON object"),
        (["@daily", "--misfire", "never", *SAID], "'--misfire'"),
        (["@daily", "--account", "shop", "--content", "{name}"], "nothing fills"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_the_name_of_its_option(
    place: Path, arguments: list[str], says: str
) -> None:
    assert says in refused(place, *ADD, *arguments)
    with Ledger(place, read_only=True) as ledger:
        assert ledger.seq == 0


def test_an_id_is_what_a_jobs_id_can_begin_with(place: Path) -> None:
    assert "ID must be 1 to 40 of" in refused(place, "schedule", "add", "a b", "@daily", *SAID)


# -- looking ---------------------------------------------------------------------------------------


def test_a_list_says_of_each_when_its_next_post_is(place: Path) -> None:
    assert "`jobledger schedule add` makes one" in ok(place, "schedule", "list")[0]
    ok(place, *ADD, "30 9 * * *", *SAID)
    ok(place, "schedule", "add", "few", "--at", "8:00", *SAID, "--max-count", "2")
    ok(place, "schedule", "add", "later", "--every", "1h", *SAID, "--paused")
    ok(place, "schedule", "skip", "daily")
    rows = ok(place, "schedule", "list")
    assert [row.split()[:3] for row in rows[1:4]] == [
        ["daily", "active", "Wed"], ["few", "ended", "Tue"], ["later", "paused", "–"],
    ]  # fmt: skip
    daily, few, later = told(place, "schedule", "list")
    assert (daily["schedule_id"], daily["state"], daily["rule"], daily["zone"]) == (
        "daily", "active", "30 9 * * *", ZONE,
    )  # fmt: skip
    assert daily["next_at"] == "2026-03-04T02:30:00.000000Z"
    assert (few["rule"], few["end_reason"], few["waiting"]) == ("--at 08:00", "count", 2)
    assert (later["rule"], later["next_at"]) == (
        "--every 60m --anchor 2026-03-02T12:00:00.000000Z", None,
    )  # fmt: skip
    assert told(place, "schedule", "list", "--account", "other") == []


def test_one_shows_what_is_to_come_with_what_became_of_it(place: Path) -> None:
    """Skipped, changed by hand, made beside the rule, and not made yet."""
    ok(place, *ADD, "0 9 * * mon,tue", *SAID)
    ok(place, "schedule", "skip", "daily", "mon")
    ok(place, "reschedule", "daily.20260310T0900", "2026-03-11T10:00")
    extra = ok(place, "schedule", "run-now", "daily")[0]
    shown = ok(place, "schedule", "show", "schedule:daily", "--count", "6")
    table = [" ".join(line.split()) for line in shown[shown.index("") + 2 :]]
    assert table == [
        f"Mon 2026-03-02 19:00 +07:00 scheduled {extra} run-now",
        "Tue 2026-03-03 09:00 +07:00 scheduled daily.20260303T0900",
        "Mon 2026-03-09 09:00 +07:00 skipped daily.20260309T0900",
        "Wed 2026-03-11 10:00 +07:00 scheduled daily.20260310T0900 changed by hand;"
        " it was Tue 09:00",
        "Mon 2026-03-16 09:00 +07:00 scheduled daily.20260316T0900",
        "Tue 2026-03-17 09:00 +07:00 later daily.20260317T0900",
        "Mon 2026-03-23 09:00 +07:00 later daily.20260323T0900",
        f"7 to come, times in {ZONE}",
    ]
    found = told(place, "schedule", "show", "daily", "--count", "2")
    assert found["detached"] == ["daily.20260310T0900"]
    assert found["definition"]["rule"] == {"kind": "cron", "text": "0 9 * * mon,tue"}
    assert [(one["status"], one["skipped"]) for one in found["coming"]] == [
        ("scheduled", False), ("cancelled", True),
    ]  # fmt: skip
    assert len(found["jobs"]) == 4


def test_of_one_that_is_over_the_jobs_that_wait_are_shown(place: Path) -> None:
    ok(place, *ADD, "@daily", *SAID, "--max-count", "3")
    shown = ok(place, "schedule", "show", "daily", "--count", "2")
    assert shown[1] == "state     ended: as many as were asked for are planned"
    assert shown[-2:] == [
        f"2 to come, times in {ZONE}", "1 more job: `jobledger list --schedule daily`",
    ]  # fmt: skip
    assert len([line for line in shown if "scheduled" in line]) == 2


@pytest.mark.parametrize("columns", [60, 80])
def test_nothing_is_cut_on_a_narrow_terminal(place: Path, columns: int) -> None:
    name = "a-schedule-with-a-name-of-its-own"
    ok(place, "schedule", "add", name, "--at", "9:00,12:00,15:00,18:15", *SAID)
    ok(place, "edit", f"{name}.20260303T0900", "--content", "by hand")
    for words in (["show", name], ["list"]):
        terminal = Terminal(place, "schedule", *words, columns=columns, NO_COLOR="1")
        lines = terminal.rest().replace("\r", "").splitlines()
        assert terminal.wait() == 0
        assert max(map(len, lines)) <= columns
        text = " ".join(" ".join(lines).split())
        assert "…" not in text
        assert "at 09:00, 12:00, 15:00 and 18:15, every day" in text
        if words[0] == "show":
            assert f"{name}.20260303T0900" in text or "2026-03-03" not in text


def test_one_that_is_not_there_is_named_with_the_nearest(place: Path) -> None:
    ok(place, *ADD, "@daily", *SAID)
    for words in (["show"], ["pause"], ["edit"], ["skip"], ["run-now"], ["end"], ["resume"]):
        more = ["@weekly"] if words == ["edit"] else []
        assert "no schedule 'daly' in this ledger (the nearest is 'daily')" in refused(
            place, "schedule", *words, "daly", *more
        )


# -- changing --------------------------------------------------------------------------------------


def test_an_edit_says_what_became_of_the_jobs(place: Path) -> None:
    ok(place, *ADD, "0 9 * * *", *SAID)
    ok(place, "edit", "daily.20260304T0900", "--content", "by hand")
    assert ok(place, "schedule", "edit", "daily", "--content", "Else {n}")[-1] == (
        "edited daily: 13 jobs changed, 1 kept as changed by hand"
    )
    found = told(place, "schedule", "edit", "daily", "0 9 * * mon-fri", "--priority", "high")
    assert {name: len(ids) for name, ids in found["jobs"].items() if ids} == {
        "changed": 9, "cancelled": 4, "kept": 1,
    }  # fmt: skip
    assert found["rule"] == "0 9 * * mon-fri"
    assert ok(place, "schedule", "edit", "daily", "0 9 * * *")[-1] == (
        "edited daily: 4 jobs made again, 1 kept as changed by hand"
    )
    same = ok(place, "schedule", "edit", "daily", "0 9 * * *")[-1]
    assert same.startswith("daily is so already: 1 job kept")
    assert "nothing to edit" in refused(place, "schedule", "edit", "daily")


def test_an_end_can_be_said_and_taken_back(place: Path) -> None:
    ok(place, *ADD, "0 9 * * *", *SAID, "--until", "2026-12-31", "--max-count", "100")
    ok(place, "schedule", "edit", "daily", "--until", "none", "--max-count", "none", "--hold")
    with Ledger(place, read_only=True) as ledger:
        found = ledger.get_schedule("daily")
        assert (found.until, found.max_count, found.hold) == (None, None, True)
    ok(place, "schedule", "edit", "daily", "--no-hold", "--zone", "Europe/Berlin")
    with Ledger(place, read_only=True) as ledger:
        found = ledger.get_schedule("daily")
        assert (found.hold, found.zone) == (False, "Europe/Berlin")


def test_a_schedule_is_paused_resumed_and_ended(place: Path) -> None:
    ok(place, *ADD, "0 9 * * *", *SAID)
    assert ok(place, "schedule", "pause", "daily") == ["paused daily: 14 jobs held"]
    assert "cannot pause schedule daily" in refused(place, "schedule", "pause", "daily")
    edited = ok(place, "schedule", "edit", "daily", "--content", "new")
    assert edited[-1] == "it is paused: its jobs are made and changed when it is resumed"
    assert ok(place, "schedule", "resume", "daily") == [
        "resumed daily: 14 jobs released"
    ]  # fmt: skip
    assert ok(place, "schedule", "end", "daily", "--reason", "over") == [
        "ended daily: 14 jobs cancelled"
    ]
    assert "cannot resume schedule daily: it is ENDED" in refused(
        place, "schedule", "resume", "daily"
    )
    with Ledger(place, read_only=True) as ledger:
        assert ledger.history("schedule:daily")[-1].to_dict()["data"]["note"] == "over"


def test_one_that_is_added_paused_makes_its_jobs_when_it_is_resumed(place: Path) -> None:
    shown = ok(place, *ADD, "0 9 * * *", *SAID, "--paused")
    assert shown[-2:] == [
        "added daily: no job is made or changed",
        "it is paused: its jobs are made and changed when it is resumed",
    ]
    assert ok(place, "schedule", "resume", "daily") == ["resumed daily: 14 jobs made"]


def test_one_post_is_left_out_by_its_time_its_day_or_as_the_next(place: Path) -> None:
    ok(place, *ADD, "--at", "9:00", *SAID)
    ok(place, "schedule", "add", "twice", "--at", "9:00,15:00", *SAID)
    skip = ("schedule", "skip", "daily")
    assert ok(place, *skip) == ["skipped daily on Tue 2026-03-03 09:00: 1 job cancelled"]
    assert ok(place, *skip, "friday")[0].startswith("skipped daily on Fri 2026-03-06 09:00")
    assert ok(place, *skip, "2026-03-07", "9:00")[0].startswith("skipped daily on Sat 2026-03-07")
    assert "is skipped already" in refused(place, *skip, "2026-03-07T09:00")
    assert "has no post to come on Fri 2026-03-06" in refused(place, *skip, "2026-03-06")
    assert "has no occurrence ahead at" in refused(place, *skip, "2026-03-08T10:00")
    both = refused(place, "schedule", "skip", "twice", "friday")
    assert "has 2 posts on Fri 2026-03-06 (give a time too: 09:00, 15:00)" in both


def test_one_more_is_made_now_and_its_id_is_printed(place: Path) -> None:
    ok(place, *ADD, "0 9 1 * *", *SAID)
    done = run_here(place, "schedule", "run-now", "daily")
    assert done.out == "daily.now-20260302T190000\n"
    assert "no runner is at work: `jobledger run` starts one" in done.err
    with Ledger(place, read_only=True) as ledger:
        assert ledger.get_job("daily.now-20260302T190000").content == "Post 2"
    assert told(place, "schedule", "end", "daily")["jobs"]["kept"] == []


# -- the words of the command line -----------------------------------------------------------------


def test_ids_of_schedules_are_completed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ok(place, *ADD, "@daily", *SAID)
    monkeypatch.setenv("_JOBLEDGER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"jobledger --dir {place} schedule show da")
    monkeypatch.setenv("COMP_CWORD", "5")
    assert "daily" in run_here(place).out


@pytest.mark.parametrize(
    "name", ["add", "edit", "end", "list", "pause", "preview", "resume", "run-now", "show", "skip"]
)
def test_each_has_an_example(name: str, tmp_path: Path) -> None:
    done = run_here(tmp_path, "schedule", name, "--help")
    assert (done.code, f"jobledger schedule {name} " in done.out) == (0, True)
