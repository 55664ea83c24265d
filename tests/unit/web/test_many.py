"""Many jobs at once: what is shown first, what is left out, and that it is done as it was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from support.site import BEARER, ORIGIN, asked_of, csrf_of, form_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.web import change_user
from jobledger.web.many import MOST
from jobledger.web.words.vi import VI

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{9999*9999}}"
ROLES = ("viewer", "author", "editor", "operator")
LEAST = {
    "hold": "editor",
    "release": "editor",
    "reschedule": "author",
    "cancel": "editor",
    "requeue": "editor",
    "remove": "operator",
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    """Two that are scheduled, a draft and one that was cancelled."""
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        ledger.add_job("shop", "the first", clock.now() + HOUR, job_id="one")
        ledger.add_job("cafe", "the second", clock.now() + 2 * HOUR, job_id="two")
        ledger.add_job("shop", "a draft", clock.now() + HOUR, hold=True, job_id="draft")
        ledger.add_job("shop", "off", clock.now() + HOUR, job_id="off")
        ledger.cancel_job("off")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def shown(client: TestClient, query: str) -> str:
    answer = client.get(f"/many?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def confirmed(client: TestClient, page: str, **fields: str) -> Any:
    """Send the form of a page, as it stands there."""
    return client.post("/many", data=sent_of(page) | fields)


def sent_of(page: str) -> dict[str, Any]:
    """Return what a browser sends of the form; a name that is there several times has a list."""
    form = form_of(page, "/many")
    part = page.partition('method="post" action="/many"')[2].partition("</form>")[0]
    several: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', part):
        several.setdefault(name, []).append(unescape(value))
    return form | several


def states(ledger: Ledger) -> dict[str, str]:
    return {job.job_id: job.status.value for job in ledger.list_jobs()}


def test_it_is_shown_what_would_happen_and_to_how_many(client: TestClient, ledger: Ledger) -> None:
    before = ledger.seq
    page = shown(client, "action=hold&which=all")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Hold: 2 of 4" in text
    assert "shop 1" in text
    assert "cafe 1" in text
    assert "scheduled 2" in text
    assert "Left out: 2" in text
    assert "2 in a state that does not allow it: a draft (pending), off (cancelled)" in text
    assert "become drafts" in text
    assert ledger.seq == before


def test_all_that_match_are_changed_in_one_write_by_whoever_asked(
    client: TestClient, ledger: Ledger
) -> None:
    before = ledger.seq
    page = shown(client, "action=cancel&which=all&status=scheduled&status=pending")
    answer = confirmed(client, page, reason=HOSTILE)
    assert answer.status_code == 303, answer.text
    assert set(states(ledger).values()) == {"cancelled"}
    events = list(ledger.events(before))
    assert {event.job_id for event in events} == {"one", "two", "draft"}
    assert {event.by for event in events} == {"web:local"}
    assert {getattr(event.data, "reason", None) for event in events} == {HOSTILE}
    assert len({event.to_dict()["batch"] for event in events}) == 1
    back = client.get(answer.headers["location"])
    assert "Done. Cancel: 3" in back.text
    assert "status=pending&status=scheduled" in answer.headers["location"]


def test_the_ticked_ones_are_changed_and_no_others(client: TestClient, ledger: Ledger) -> None:
    page = client.get("/jobs").text
    boxes = re.findall(r'name="job" value="([^"]+)" form="many"', page)
    assert sorted(boxes) == ["draft", "off", "one", "two"]
    ledger.remove_job("off")
    page = shown(client, "action=release&which=ticked&job=draft&job=one&job=off&job=draft")
    assert "Release: 1 of 3" in page
    assert "1 removed meanwhile" in page
    assert confirmed(client, page).status_code == 303
    assert states(ledger) == {"one": "scheduled", "two": "scheduled", "draft": "scheduled"}
    assert "Nothing was ticked" in shown(client, "action=release&which=ticked")


def test_each_action_does_what_it_says(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    def do(action: str, more: str = "", **fields: str) -> None:
        answer = confirmed(client, shown(client, f"action={action}&which=all{more}"), **fields)
        assert answer.status_code == 303, answer.text

    do("hold")
    do("release")
    do("requeue", scheduled_time="2026-03-05T09:00", zone="Asia/Tokyo")
    assert ledger.get_job("off").scheduled_time == datetime(2026, 3, 5, tzinfo=UTC)
    assert set(states(ledger).values()) == {"scheduled"}
    do("reschedule", "&account_id=cafe&days=-1")
    assert ledger.get_job("two").scheduled_time == clock.now() + 2 * HOUR - DAY
    do("cancel")
    do("remove")
    assert states(ledger) == {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", LEAST)
def test_the_role_decides(ledger: Ledger, tmp_path: Path, role: str, action: str) -> None:
    users = tmp_path / "users.txt"
    change_user(users, "lan", (role, "a long password"))
    client = asked_of(ledger, users=users)
    client.headers["origin"] = ORIGIN
    csrf = signed_in(client, name="lan", password="a long password")
    operator = asked_of(ledger)
    operator.headers["origin"] = ORIGIN
    signed_in(operator)
    theirs = sent_of(shown(operator, f"action={action}&which=all"))
    may = ROLES.index(role) >= ROLES.index(LEAST[action])
    offered = f'<option value="{action}">' in client.get("/jobs").text
    answer = client.get(f"/many?action={action}&which=all")
    assert (offered, answer.status_code) == (may, 200 if may else 403)
    before = states(ledger), ledger.seq
    form = sent_of(answer.text) if may else theirs | {"csrf": csrf}
    answer = client.post("/many", data=form)
    assert answer.status_code == (303 if may else 403)
    assert (ledger.seq > before[1]) == may
    if may:
        assert {event.by for event in ledger.events(before[1])} == {"web:lan"}


def test_an_author_moves_drafts_and_the_rest_is_left_out(ledger: Ledger, tmp_path: Path) -> None:
    users = tmp_path / "users.txt"
    change_user(users, "lan", ("author", "a long password"))
    client = asked_of(ledger, users=users)
    client.headers |= {"origin": ORIGIN, "accept-language": "en"}
    signed_in(client, name="lan", password="a long password")
    due = {job.job_id: job.scheduled_time for job in ledger.list_jobs()}
    page = shown(client, "action=reschedule&which=all&days=3")
    assert "Reschedule: 1 of 4" in page
    assert "2 that your role may not change so:" in page
    assert confirmed(client, page).status_code == 303
    moved = {job.job_id: job.scheduled_time - due[job.job_id] for job in ledger.list_jobs()}
    assert moved == {"one": 0 * DAY, "two": 0 * DAY, "off": 0 * DAY, "draft": 3 * DAY}


@pytest.mark.parametrize(
    ("stir", "says"),
    [
        (lambda ledger: ledger.edit_job("one", content="theirs"), "changed"),
        (lambda ledger: ledger.hold_job("two"), "does not match any more"),
        (lambda ledger: ledger.remove_job("two"), "removed"),
        (lambda ledger: ledger.requeue_job("off", ledger.now() + HOUR), "new here"),
    ],
)
def test_what_has_moved_since_it_was_shown_is_told_and_nothing_is_done(
    client: TestClient, ledger: Ledger, stir: Any, says: str
) -> None:
    page = shown(client, "action=cancel&which=all&status=scheduled")
    stir(ledger)
    before = ledger.seq
    answer = confirmed(client, page, reason="not <b>today</b>")
    assert answer.status_code == 409
    told = answer.text.partition('role="alert"')[2].partition("</section>")[0]
    assert "Nothing was changed" in told
    assert f"<b>{says}</b>" in told
    assert told.count("<li>") == 1
    assert ledger.seq == before
    assert "not &lt;b&gt;today" in answer.text  # what was written is kept
    assert confirmed(client, answer.text, reason="").status_code == 303  # looked at again
    assert JobStatus.SCHEDULED not in {job.status for job in ledger.list_jobs()}


def test_sent_twice_it_is_done_once(client: TestClient, ledger: Ledger) -> None:
    page = shown(client, "action=hold&which=ticked&job=one")
    assert confirmed(client, page).status_code == 303
    before = ledger.seq
    assert confirmed(client, page).status_code == 409
    assert ledger.seq == before


@pytest.mark.parametrize(
    "forged",
    [
        {"digest": ""},
        {"digest": "0" * 64},
        {"digest": "é"},
        {"days": "2"},
        {"action": "remove"},
        {"which": "ticked", "job": ["one"]},
        {"which": "all", "status": ["cancelled", "scheduled"]},
        {"digest": "", "seen": "99999"},
        {"digest": "", "seen": "-1"},
        {"digest": "", "seen": "x"},
    ],
)
def test_what_was_not_shown_is_not_done(
    client: TestClient, ledger: Ledger, forged: dict[str, Any]
) -> None:
    page = shown(client, "action=reschedule&which=all&status=scheduled")
    before = ledger.seq
    answer = client.post("/many", data=sent_of(page) | forged)
    assert answer.status_code == 409
    assert ledger.seq == before


def test_it_needs_a_page_of_this_session(client: TestClient, ledger: Ledger) -> None:
    form = sent_of(shown(client, "action=hold&which=all"))
    before = ledger.seq
    assert client.post("/many", data=form | {"csrf": "x"}).status_code == 403
    elsewhere = {"origin": "https://evil.example"}
    assert client.post("/many", data=form, headers=elsewhere).status_code == 403
    stranger = asked_of(ledger)
    assert stranger.post("/many", data=form, headers={"origin": ORIGIN}).status_code == 401
    assert ledger.seq == before
    assert client.post("/many", data=form).status_code == 303


@pytest.mark.parametrize(
    "query",
    [
        "",
        "action=hold",
        "action=edit&which=all",
        "action=resolve&which=all",
        "action=hold&which=some",
        "action=hold&which=all&status=nonsense",
        "action=reschedule&which=all&days=0",
        "action=reschedule&which=all&days=367",
        "action=reschedule&which=all&days=soon",
        "action=hold&which=ticked" + "".join(f"&job={n}" for n in range(MOST + 1)),
    ],
)
def test_what_cannot_be_done_to_many_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/many?{query}").status_code == 422


def test_so_many_are_not_changed_at_once(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_jobs([NewJob("many", f"number {n}", clock.now() + HOUR) for n in range(MOST + 1)])
    page = shown(client, "action=hold&which=all&account_id=many")
    assert "More than 1,000 match" in page
    assert 'method="post" action="/many"' not in page
    ledger.remove_job(ledger.list_jobs("many", limit=1)[0].job_id)
    page = shown(client, "action=hold&which=all&account_id=many")
    assert "Hold: 1,000" in page
    assert page.count('class="job scheduled"') == 10
    form = sent_of(page)
    ledger.add_job("many", "one more", clock.now() + HOUR)
    before = ledger.seq
    assert client.post("/many", data=form).status_code == 409
    assert ledger.seq == before


def test_what_the_ledger_refuses_is_said_and_done_to_none(
    client: TestClient, ledger: Ledger
) -> None:
    before = ledger.seq
    page = shown(client, "action=reschedule&which=all&days=366")
    answer = confirmed(client, page)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    page = shown(client, "action=requeue&which=all")
    for time, says in (
        ("2026-03-29T02:30", "That time does not exist"),
        ("soon", "within a year"),
    ):
        answer = confirmed(client, page, scheduled_time=time)
        assert answer.status_code == 422
        assert says in answer.text
    assert ledger.seq == before


def test_a_time_of_day_is_kept_over_a_change_of_the_clocks(
    client: TestClient, ledger: Ledger
) -> None:
    # Clocks are put forward on the 29th: a job of the 27th moves by an hour less than a later one.
    for job_id, day, hour in (("a", 27, 9), ("b", 27, 10), ("c", 30, 9), ("gap", 27, 2)):
        at = datetime(2026, 3, day, hour, 30, tzinfo=BERLIN)
        ledger.add_job("clocks", job_id, at, job_id=job_id)
    page = shown(client, "action=reschedule&which=all&account_id=clocks&days=2")
    assert "Reschedule: 2 of 4" in page
    assert "2 whose clocks change in between" in page
    assert confirmed(client, page).status_code == 303
    moved = ledger.list_jobs("clocks")
    local = {job.job_id: job.scheduled_time.astimezone(BERLIN) for job in moved}
    assert {name: (at.day, at.hour) for name, at in local.items()} == {
        "a": (29, 9),
        "b": (29, 10),
        "c": (30, 9),
        "gap": (27, 2),
    }


def test_those_that_are_due_already_are_counted(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    assert "go out at once: 1." in shown(client, "action=release&which=all")
    assert "Due already" in shown(client, "action=reschedule&which=all&days=-1")
    assert "Due already" not in shown(client, "action=reschedule&which=all&days=1")


def test_posts_that_may_be_out_are_told_before_they_are_requeued(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        scheduler.add_job("shop", "is it out?", clock.now(), job_id="unsure")
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
    warns = "1 of them may be out already"
    assert warns in shown(client, "action=requeue&which=all")
    assert warns in shown(client, "action=remove&which=all")
    assert warns not in shown(client, "action=requeue&which=all&status=cancelled")


def test_nothing_is_changed_from_the_past_or_where_nothing_may_be(
    client: TestClient, ledger: Ledger
) -> None:
    for page in (client.get("/jobs?at=3").text, shown(client, "action=hold&which=all&at=3")):
        assert 'type="checkbox" name="job"' not in page
        assert 'method="post" action="/many"' not in page
    form = sent_of(shown(client, "action=hold&which=all"))
    shut = asked_of(ledger, read_only=True)
    shut.headers["origin"] = ORIGIN
    csrf = signed_in(shut)
    assert 'name="job"' not in shut.get("/jobs").text
    assert shut.get("/many?action=hold&which=all").status_code == 403
    assert shut.post("/many", data=form | {"csrf": csrf}).status_code == 403


def test_a_text_is_shown_and_never_run(client: TestClient, ledger: Ledger) -> None:
    ledger.add_job(HOSTILE[:40], HOSTILE, ledger.now() + HOUR, job_id="hostile")
    for query in (
        {"action": "hold", "which": "all", "text": "<script>"},
        {"action": "release", "which": "all", "text": "<script>"},
        {"action": "hold", "which": "ticked", "job": [HOSTILE, "hostile"]},
        {"action": HOSTILE, "which": "all"},
    ):
        page = client.get("/many", params=query).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "99980001" not in page
    page = client.get("/jobs", params={"did": HOSTILE, "count": "3"}).text
    assert "<script>alert" not in page
    assert "Done." not in page


def test_vietnamese_has_no_english_left(client: TestClient, ledger: Ledger) -> None:
    csrf = csrf_of(client.get("/").text)
    client.post("/language", data={"language": "vi", "back": "/", "csrf": csrf})
    for action in LEAST:
        page = shown(client, f"action={action}&which=all")
        words = set(re.findall(r">\s*([^<>{}]+?)\s*<", page))
        assert words & set(VI) == set()
        assert 'lang="vi"' in page


def test_a_program_with_the_token_needs_the_digest_too(ledger: Ledger) -> None:
    program = asked_of(ledger)
    form = {"action": "hold", "which": "all"}
    assert program.post("/many", data=form, headers=BEARER).status_code == 409
