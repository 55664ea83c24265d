"""Schedules and slots by the HTTP API: made, looked at, changed and previewed by programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import BEARER, asked_of

from jobledger import At, Cron, Every, JobStatus, Ledger, ManualClock, ScheduleStatus

DAY = timedelta(days=1)
V1 = "/api/v1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers.update(BEARER)
    return client


def added(client: TestClient, schedule_id: str = "daily", **more: Any) -> dict[str, Any]:
    new: dict[str, Any] = {"account_id": "shop", "content": "Post {n}", "rule": "0 9 * * *"}
    answer = client.post(f"{V1}/schedules", json=new | {"schedule_id": schedule_id} | more)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{V1}/schedules/{schedule_id}"
    document: dict[str, Any] = answer.json()
    return document


def do(client: TestClient, action: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{V1}/schedules/daily/{action}", json=body)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def test_a_schedule_is_added_with_its_jobs_and_says_what_is_to_come(
    client: TestClient, ledger: Ledger
) -> None:
    found = added(client, jitter=300, metadata={"a": [1]}, until="2026-03-20")
    assert found["words"] == "at 09:00, every day"
    assert (found["state"], found["rule"]) == ("active", {"kind": "cron", "text": "0 9 * * *"})
    assert (found["jitter"], found["grace"], found["until"]) == (300, 600, "2026-03-20T23:59:59")
    assert (found["open_jobs"], len(found["upcoming"]), found["detached"]) == (14, 10, [])
    first = found["upcoming"][0]
    job = ledger.get_job(first["job_id"])
    assert (first["at"], first["local"]) == (
        job.scheduled_time.isoformat().replace("+00:00", "Z"),
        "2026-03-03T09:00:00",
    )
    assert (first["fate"], first["status"], first["moved"]) == ("job", "scheduled", False)
    assert found["next_at"] == first["at"]
    assert client.get(f"{V1}/schedules/daily").json() == found
    assert ledger.history("schedule:daily")[0].by == "api:token"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"kind": "cron", "text": "@daily"}, Cron("@daily")),
        ({"kind": "at", "times": ["9:00"], "weekdays": ["mon"]}, At(("09:00",), ("mon",))),
        (
            {"kind": "every", "interval": 5400, "anchor": "2026-03-02T00:00+01:00"},
            Every(timedelta(minutes=90), datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ),
    ],
)
def test_each_kind_of_rule_is_given_as_it_is_told(
    client: TestClient, ledger: Ledger, given: dict[str, Any], rule: object
) -> None:
    told = added(client, rule=given)["rule"]
    assert ledger.get_schedule("daily").rule == rule
    added(client, "other", rule=told)
    assert ledger.get_schedule("other").rule == rule


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"rule": "61 * * * *"}, "rule"),
        ({"rule": {"kind": "never"}}, "rule.kind"),
        ({"rule": {"kind": "every", "interval": 5}}, "interval"),
        ({"rule": {"kind": "every", "interval": 1e300}}, "interval"),
        ({"rule": {"kind": "at", "times": ["25:00"]}}, "times"),
        ({"content": "{nobody}"}, "content"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"until": "someday"}, "until"),
        ({"jitter": -1}, "jitter"),
        ({"grace": 1e9}, "grace"),
        ({"max_count": 0}, "max_count"),
        ({"misfire": "maybe"}, "misfire"),
        ({"schedule_id": "a b"}, "schedule_id"),
        ({"priority": "highest"}, "priority"),
        ({"contents": "typo"}, "contents"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_field(
    client: TestClient, ledger: Ledger, more: dict[str, Any], field: str
) -> None:
    new = {"schedule_id": "daily", "account_id": "shop", "content": "x", "rule": "0 9 * * *"}
    answer = client.post(f"{V1}/schedules", json=new | more)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert ledger.seq == 0


def test_an_id_is_used_once(client: TestClient, ledger: Ledger) -> None:
    added(client)
    new = {"schedule_id": "daily", "account_id": "shop", "content": "x", "rule": "0 9 * * *"}
    seq = ledger.seq
    assert client.post(f"{V1}/schedules", json=new).json()["field"] == "schedule_id"
    key = {"idempotency-key": "k"}
    first, again = (
        client.post(f"{V1}/schedules", json=new | {"schedule_id": "b"}, headers=key)
        for _ in range(2)
    )
    assert (first.status_code, again.json()) == (201, first.json())
    assert len(ledger.schedules()) == 2
    assert ledger.seq > seq


def test_schedules_are_listed_page_by_page_and_by_what_is_asked_for(
    client: TestClient, ledger: Ledger
) -> None:
    for number in range(5):
        added(client, f"s{number}", account_id=f"account {number % 2}")
    ledger.pause_schedule("s1")
    seen: list[str] = []
    after = ""
    while True:
        page = client.get(f"{V1}/schedules", params={"limit": 2, "after": after}).json()
        seen += [one["schedule_id"] for one in page["schedules"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [f"s{number}" for number in range(5)]

    def ids(**asked: str) -> list[str]:
        found = client.get(f"{V1}/schedules", params=asked).json()["schedules"]
        return [one["schedule_id"] for one in found]

    assert ids(state="paused") == ["s1"]
    assert ids(account_id="account 0") == ["s0", "s2", "s4"]
    assert ids(at="0") == []
    for asked in ({"after": "nobody"}, {"state": "busy"}, {"status": "active"}, {"limit": "501"}):
        assert client.get(f"{V1}/schedules", params=asked).status_code == 422


def test_what_is_said_to_a_schedule_is_done_and_answered_with_it(
    client: TestClient, ledger: Ledger
) -> None:
    added(client)
    found = do(client, "skip", when="2026-03-04T09:00")
    assert [one["fate"] for one in found["upcoming"][:3]] == ["job", "skipped", "job"]
    assert ledger.get_job("daily.20260304T0900").status is JobStatus.CANCELLED
    assert do(client, "skip")["upcoming"][0]["fate"] == "skipped"
    found = do(client, "edit", content=["a {n}", "b {n}"], rule="30 9 * * *", jitter=None)
    assert found["content"] == ["a {n}", "b {n}"]
    assert found["upcoming"][0]["local"] == "2026-03-03T09:30:00"
    found = do(client, "pause", version=found["version"])
    assert (found["state"], found["next_at"]) == ("paused", None)
    assert do(client, "run-now", 409)["status"] == 409
    assert do(client, "resume")["state"] == "active"
    made = do(client, "run-now")
    assert ledger.get_job(made["job_id"]).scheduled_time == ledger.now()
    assert made["job_id"] in made["detached"]
    found = do(client, "end", reason="sold out")
    assert (found["state"], found["end_reason"]) == ("ended", "by_hand")
    assert found["upcoming"] == []
    events = client.get(f"{V1}/schedules/daily/history").json()["events"]
    assert [event["type"] for event in events][-1] == "schedule_ended"
    assert events[-1]["data"]["note"] == "sold out"
    assert {event["by"] for event in events} == {"api:token"}
    assert do(client, "pause", 409)
    assert do(client, "hold", 404)


def test_it_is_done_to_what_somebody_saw_or_not_at_all(client: TestClient, ledger: Ledger) -> None:
    version = added(client)["version"]
    ledger.edit_schedule("daily", max_retries=1)
    seq, now = ledger.seq, ledger.get_schedule("daily").version
    for action in ("pause", "skip", "end", "edit"):
        body = {"hold": True} if action == "edit" else {}
        refused = do(client, action, 409, version=version, **body)
        assert refused["version"] == now > version
    assert ledger.seq == seq
    assert ledger.get_schedule("daily").status is ScheduleStatus.ACTIVE


def test_a_schedule_that_is_not_there_is_not_found(client: TestClient) -> None:
    for path in ("", "/history", "/why"):
        assert client.get(f"{V1}/schedules/nobody{path}").status_code == 404
    assert client.post(f"{V1}/schedules/nobody/pause").status_code == 404


def test_a_job_says_which_schedule_made_it(client: TestClient, ledger: Ledger) -> None:
    schemas = client.get(f"{V1}/openapi.json").json()["components"]["schemas"]
    found = added(client)
    ledger.reschedule_job("daily.20260304T0900", ledger.now() + DAY)
    job = client.get(f"{V1}/jobs/daily.20260304T0900").json()
    assert job["schedule"] == {
        "schedule_id": "daily",
        "occurrence": "20260304T0900",
        "number": 2,
        "is_detached": True,
        "cause": None,
    }
    assert list(job) == list(schemas["JobDocument"]["properties"])
    now = client.get(f"{V1}/schedules/daily").json()
    assert now["detached"] == ["daily.20260304T0900"]
    assert list(found) == [
        name for name in schemas["OneScheduleDocument"]["properties"] if name != "job_id"
    ]
    (listed,) = client.get(f"{V1}/schedules").json()["schedules"]
    assert list(listed) == list(schemas["ScheduleDocument"]["properties"])
    assert list(now["upcoming"][0]) == list(schemas["ComingDocument"]["properties"])


def test_what_follows_says_no_more_than_there_will_be(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    added(client, rule="0 9 1 * *", max_count=3)
    found = client.get(f"{V1}/schedules/daily").json()
    assert [one["fate"] for one in found["upcoming"]] == ["job", "ahead", "ahead"]
    added(client, "texts", rule="0 9 1 * *", content=["a", "b"], order="once")
    assert len(client.get(f"{V1}/schedules/texts").json()["upcoming"]) == 2
    ledger.remove_job("daily.20260401T0900")
    found = client.get(f"{V1}/schedules/daily").json()
    assert [one["fate"] for one in found["upcoming"]] == ["none", "ahead", "ahead"]
    assert found["next_at"] == "2026-05-01T07:00:00Z"


def test_a_schedule_is_there_as_of_any_moment(client: TestClient, ledger: Ledger) -> None:
    added(client)
    seq = ledger.seq
    ledger.end_schedule("daily")
    past = {"at": str(seq)}
    assert client.get(f"{V1}/schedules/daily", params=past).json()["state"] == "active"
    events = client.get(f"{V1}/schedules/daily/history", params=past).json()["events"]
    assert [event["type"] for event in events] == ["schedule_added", "schedule_planned"]
    now, then = (
        client.get(f"{V1}/schedules/daily/why", params=asked).json() for asked in ({}, past)
    )
    assert "ended" in now["answer"]
    assert "The next one is job daily.20260303T0900" in then["answer"]
    assert " ".join(then["standing"]) == then["answer"]
    for path in ("", "/history", "/why"):
        assert client.get(f"{V1}/schedules/daily{path}", params={"at": "0"}).status_code == 404


def test_a_rule_is_tried_without_a_schedule(client: TestClient, ledger: Ledger) -> None:
    asked = {"rule": "30 2 * * *", "after": "2026-03-28T12:00", "count": 2, "zone": "Europe/Paris"}
    found = client.post(f"{V1}/schedules/preview", json=asked).json()
    assert found == {
        "words": "at 02:30, every day",
        "zone": "Europe/Paris",
        "occurrences": [
            {
                "at": "2026-03-29T01:30:00Z",
                "local": "2026-03-29T02:30:00",
                "moved": True,
                "doubled": False,
            },
            {
                "at": "2026-03-30T00:30:00Z",
                "local": "2026-03-30T02:30:00",
                "moved": False,
                "doubled": False,
            },
        ],
    }
    assert ledger.seq == 0
    for bad, field in (
        ({"rule": "x"}, "rule"),
        ({"rule": "@daily", "zone": "Mars"}, "zone"),
        ({"rule": "@daily", "count": 0}, "count"),
        ({"rule": "@daily", "count": 1001}, "count"),
        ({"rule": "@daily", "after": "soon"}, "after"),
    ):
        assert client.post(f"{V1}/schedules/preview", json=bad).json()["field"] == field


# -- slots ---------------------------------------------------------------------------------------


def test_slots_are_set_and_say_which_are_free(client: TestClient, ledger: Ledger) -> None:
    path, week = f"{V1}/slots", {"mon": ["9:00", "12:30"], "thu": ["18:00"]}
    shop = {"account_id": "a/b ?"}
    assert client.get(path, params=shop).json()["week"] == {}
    answer = client.put(path, params=shop, json={"week": week, "zone": "Asia/Tokyo"})
    assert answer.json() | {"free": []} == {
        "account_id": "a/b ?",
        "week": {"mon": ["09:00:00", "12:30:00"], "thu": ["18:00:00"]},
        "zone": "Asia/Tokyo",
        "version": 1,
        "free": [],
    }
    assert client.get(path, params=shop | {"limit": "1"}).json()["free"] == ["2026-03-05T09:00:00Z"]
    assert client.get(path, params=shop | {"at": "0"}).json()["free"] == []
    assert ledger.history("slots:a/b ?")[0].by == "api:token"
    for bad, field in (
        ({"week": {"noday": ["9:00"]}}, "weekdays"),
        ({"week": {"mon": ["25:00"]}}, "times"),
        ({"week": {}, "zone": "Mars"}, "zone"),
        ({}, "week"),
    ):
        refused = client.put(path, params=shop, json=bad)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert client.get(path).json()["field"] == "account_id"


def test_a_job_takes_the_next_free_slot_and_asked_for_again_the_same(
    directory: Path, client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    new = {"account_id": "shop", "content": "x", "scheduled_time": "next-slot"}
    assert client.post(f"{V1}/jobs", json=new).json()["field"] == "scheduled_time"
    ledger.set_slots("shop", {"tue": ["09:00", "10:00"]})
    key = {"idempotency-key": "one"}
    first = client.post(f"{V1}/jobs", json=new, headers=key)
    assert (first.status_code, first.json()["scheduled_time"]) == (201, "2026-03-03T08:00:00+00:00")
    with Ledger(directory, clock=clock) as opened:  # a server that was started anew
        again = asked_of(opened).post(f"{V1}/jobs", json=new, headers=key | BEARER)
    assert (again.status_code, again.json()) == (201, first.json())
    other = client.post(f"{V1}/jobs", json=new).json()
    assert other["scheduled_time"] == "2026-03-03T09:00:00+00:00"
