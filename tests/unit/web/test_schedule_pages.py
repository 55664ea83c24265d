"""The pages of schedules and slots: what they show, and what is done from them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, csrf_of, form_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, ScheduleStatus

TEXT = "Chào buổi sáng {n}"


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def daily(ledger: Ledger, **more: Any) -> None:
    ledger.add_schedule("daily", "0 9 * * *", account_id="shop", content=TEXT, **more)


def read(client: TestClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def test_where_there_is_none_the_page_invites(client: TestClient) -> None:
    page = read(client, "/schedules")
    assert 'href="/new-schedule"' in page


def test_a_list_says_when_the_next_is_and_in_words_when_it_comes(
    client: TestClient, ledger: Ledger
) -> None:
    daily(ledger)
    page = read(client, "/schedules")
    assert "at 09:00, every day" in page
    assert 'href="/schedules/daily"' in page


def test_a_schedule_shows_what_is_to_come_and_what_it_says(
    client: TestClient, ledger: Ledger
) -> None:
    daily(ledger)
    ledger.edit_job("daily.20260304T0900", content="mine")
    ledger.skip_occurrence("daily")
    page = read(client, "/schedules/daily")
    assert "The next one is job daily.20260304T0900" in page
    assert 'href="/jobs/daily.20260305T0900"' in page
    assert "changed by hand" in page
    assert TEXT in page
    assert "schedule_skipped" in page


def test_a_schedule_that_is_not_there_is_not_found(client: TestClient) -> None:
    read(client, "/schedules/none", 404)


def test_a_job_leads_to_its_schedule(client: TestClient, ledger: Ledger) -> None:
    daily(ledger)
    assert 'href="/schedules/daily"' in read(client, "/jobs/daily.20260304T0900")


def filled(page: str, **more: str) -> dict[str, str]:
    return form_of(page, "/new-schedule", 'class="schedule-form"') | {
        "schedule_id": "week", "account_id": "shop", "kind": "at", "times": "9:00, 18:30",
        "on_mon": "true", "content": TEXT,
    } | more  # fmt: skip


def test_a_rule_is_looked_at_before_it_is_saved(client: TestClient, ledger: Ledger) -> None:
    """In words, with its next times; nothing is there until that was seen."""
    sent = filled(read(client, "/new-schedule"))
    looked = client.post("/new-schedule", data=sent | {"look": "true"})
    assert looked.status_code == 200
    assert "at 09:00 and 18:30, Monday" in unescape(looked.text)
    assert ledger.schedules() == []
    again = filled(unescape(looked.text)) | {"save": "true"}
    saved = client.post("/new-schedule", data=again)
    assert (saved.status_code, saved.headers["location"]) == (303, "/schedules/week?did=add")
    [found] = ledger.schedules()
    assert (found.account_id, found.content, found.zone) == ("shop", (TEXT,), "Asia/Ho_Chi_Minh")
    assert [event.by for event in ledger.history("schedule:week")] == ["web:local"] * 2


def test_what_was_changed_since_it_was_looked_at_is_shown_again(
    client: TestClient, ledger: Ledger
) -> None:
    """A rule of which somebody has seen other times is not saved."""
    sent = filled(read(client, "/new-schedule"))
    looked = unescape(client.post("/new-schedule", data=sent | {"look": "true"}).text)
    answer = client.post("/new-schedule", data=filled(looked, times="10:00") | {"save": "true"})
    assert answer.status_code == 422
    assert "the rule was changed since you looked" in unescape(answer.text)
    assert "at 10:00, Monday" in answer.text
    assert ledger.schedules() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"times": "25:00"}, "times"),
        ({"kind": "cron", "cron": "99 * * * *"}, "cron"),
        ({"kind": "every", "every": "0", "unit": "min"}, "every"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"content": "{nonsense}"}, "content"),
        ({"schedule_id": "a b"}, "schedule_id"),
        ({"max_count": "many"}, "max_count"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    client: TestClient, ledger: Ledger, wrong: dict[str, str], field: str
) -> None:
    sent = filled(read(client, "/new-schedule"))
    looked = unescape(client.post("/new-schedule", data=sent | {"look": "true"}).text)
    answer = client.post("/new-schedule", data=filled(looked) | wrong | {"save": "true"})
    assert answer.status_code == 422
    page = unescape(answer.text)
    if f'id="{field}-fault"' not in page:  # what it says is looked at once more, then saved
        answer = client.post("/new-schedule", data=filled(page) | wrong | {"save": "true"})
        page = unescape(answer.text)
    assert f'id="{field}-fault"' in page
    assert TEXT in page or field == "content"
    assert ledger.schedules() == []


def test_an_edit_changes_what_is_said(client: TestClient, ledger: Ledger) -> None:
    daily(ledger)
    action = "/schedules/daily/edit"
    sent = form_of(read(client, action), action, 'class="schedule-form"')
    sent["cron"] = "0 10 * * *"
    looked = unescape(client.post(action, data=sent | {"look": "true"}).text)
    again = form_of(looked, action, 'class="schedule-form"') | {"cron": "0 10 * * *"}
    assert client.post(action, data=again | {"save": "true"}).status_code == 303
    assert ledger.jobs_of_schedule("daily")[0].job_id == "daily.20260303T1000"


def test_an_edit_of_what_has_moved_on_is_refused_and_says_so(
    client: TestClient, ledger: Ledger
) -> None:
    daily(ledger)
    action = "/schedules/daily/edit"
    sent = form_of(read(client, action), action, 'class="schedule-form"')
    looked = unescape(client.post(action, data=sent | {"look": "true"}).text)
    again = form_of(looked, action, 'class="schedule-form"')
    ledger.pause_schedule("daily")
    answer = client.post(action, data=again | {"save": "true", "content": "other"})
    assert answer.status_code == 409
    assert ledger.get_schedule("daily").content == (TEXT,)


def post(client: TestClient, path: str, **form: str) -> int:
    csrf = csrf_of(client.get("/schedules").text)
    return client.post(path, data={"csrf": csrf, **form}).status_code


def test_what_can_be_done_to_one_is_done_from_its_page(client: TestClient, ledger: Ledger) -> None:
    daily(ledger)
    when = ledger.upcoming("daily", 2)[1].occurrence.at.isoformat()
    assert post(client, "/schedules/daily/skip", when=when) == 303
    assert ledger.get_schedule("daily").skipped == ("20260304T0900",)
    assert post(client, "/schedules/daily/pause") == 303
    assert ledger.counts()[JobStatus.SCHEDULED] == 0
    assert post(client, "/schedules/daily/resume") == 303
    assert post(client, "/schedules/daily/run-now") == 303
    assert len(ledger.get_ready_jobs()) == 1
    assert post(client, "/schedules/daily/end", reason="over") == 303
    assert ledger.get_schedule("daily").status is ScheduleStatus.ENDED
    assert post(client, "/schedules/daily/resume") == 409


def test_what_its_state_does_not_allow_is_not_offered(client: TestClient, ledger: Ledger) -> None:
    daily(ledger)
    assert 'action="/schedules/daily/resume"' not in read(client, "/schedules/daily")
    ledger.pause_schedule("daily")
    page = read(client, "/schedules/daily")
    assert 'action="/schedules/daily/resume"' in page
    assert 'action="/schedules/daily/pause"' not in page


def test_a_moment_of_the_past_is_marked_and_has_no_actions(
    client: TestClient, ledger: Ledger
) -> None:
    daily(ledger)
    then = ledger.seq
    ledger.end_schedule("daily")
    page = read(client, f"/schedules/daily?at={then}")
    assert 'method="post" action="/schedules' not in page
    assert "The next one is job daily.20260303T0900" in page
    assert "daily" in read(client, f"/schedules?at={then}")
    read(client, "/schedules/daily?at=0", 404)


def test_slots_are_shown_and_set_as_people_write_them(client: TestClient, ledger: Ledger) -> None:
    ledger.add_job("shop", "x", ledger.now() + timedelta(hours=1))
    form = form_of(read(client, "/accounts/slots?id=shop"), "/accounts/slots", "class")
    sent = form | {"mon": "9:00, 12:30", "sun": "7"}
    assert client.post("/accounts/slots", data=sent).status_code == 422
    sent = form | {"mon": "9:00, 12:30", "sun": "7:15"}
    assert client.post("/accounts/slots", data=sent).status_code == 303
    slots = ledger.slots("shop")
    assert slots is not None
    assert slots.week == {"sun": ("07:15:00",), "mon": ("09:00:00", "12:30:00")}
    assert "9:00, 12:30" in read(client, "/accounts/one?id=shop")


def test_slots_that_were_changed_since_are_not_written_over(
    client: TestClient, ledger: Ledger
) -> None:
    form = form_of(read(client, "/accounts/slots?id=shop"), "/accounts/slots", "class")
    ledger.set_slots("shop", {"fri": ["18:00"]})
    answer = client.post("/accounts/slots", data=form | {"mon": "9:00"})
    assert answer.status_code == 409
    assert "18:00" in answer.text
    slots = ledger.slots("shop")
    assert slots is not None
    assert slots.week.keys() == {"fri"}


def test_a_new_post_can_take_the_next_slot(client: TestClient, ledger: Ledger) -> None:
    ledger.set_slots("shop", {"tue": ["9:00"]})
    page = read(client, "/jobs/new?account_id=shop&slot=true")
    form = form_of(page, "/jobs/new") | {"account_id": "shop", "content": "x", "slot": "true"}
    assert client.post("/jobs/new", data=form).status_code == 303
    [job] = ledger.list_jobs("shop")
    assert f"{job.scheduled_time:%a %H:%M}" == "Tue 02:00"


def test_the_calendar_shows_free_slots_as_ways_to_a_new_post(
    client: TestClient, ledger: Ledger
) -> None:
    ledger.set_slots("shop", {"tue": ["9:00"]})
    ledger.add_job("shop", "x", ledger.now() + timedelta(hours=1))
    page = read(client, "/calendar?day=2026-03-03")
    assert "/jobs/new?" in page
    assert "time=09" in page
