"""The HTTP API: one with the pages, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from support.media import png
from support.site import BEARER, asked_of

from jobledger import JobStatus, Ledger, ManualClock, Media, Part, Post, PostResult, Scheduler

HOUR = timedelta(hours=1)
V1 = "/api/v1"


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers.update(BEARER)
    return client


def added(client: TestClient, ledger: Ledger, **more: Any) -> dict[str, Any]:
    new = {"account_id": "shop", "content": "Xin chào 🌿"}
    at = (ledger.now() + HOUR).isoformat()
    answer = client.post(f"{V1}/jobs", json=new | {"scheduled_time": at} | more)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= document.keys()
    assert document["status"] == status
    return document


# -- jobs ----------------------------------------------------------------------------------------


def test_a_job_is_added_and_has_the_keys_of_the_daily_files(
    client: TestClient, ledger: Ledger
) -> None:
    job = added(client, ledger, priority="high", metadata={"tags": ["a"]}, max_retries=0)
    known = ledger.get_job(job["job_id"])
    assert job == json.loads(json.dumps(known.to_dict())) | {
        "version": 1,
        "outcome_unknown": False,
    }
    assert (job["priority"], job["metadata"], job["status"]) == (3, {"tags": ["a"]}, "scheduled")
    assert client.get(f"{V1}/jobs/{job['job_id']}").json() == job


def test_a_time_without_an_offset_is_the_ledgers_own(client: TestClient, ledger: Ledger) -> None:
    local = (ledger.now() + HOUR).astimezone(ZoneInfo(ledger.timezone)).replace(tzinfo=None)
    job = added(client, ledger, scheduled_time=local.isoformat())
    assert job["scheduled_time"] == (ledger.now() + HOUR).isoformat()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"account_id": ""}, "account_id"),
        ({"content": "x" * 501}, "content"),
        ({"content": 5}, "content"),
        ({"scheduled_time": "soon"}, "scheduled_time"),
        ({"scheduled_time": "2031-01-01T00:00:00Z"}, "scheduled_time"),
        ({"priority": 9}, "priority"),
        ({"priority": "highest"}, "priority"),
        ({"max_retries": True}, "max_retries"),
        ({"metadata": [1]}, "metadata"),
        ({"contents": "typo"}, "contents"),
        ({"job_id": "with blank"}, "job_id"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_field(
    client: TestClient, ledger: Ledger, more: dict[str, Any], field: str
) -> None:
    new = {"account_id": "shop", "content": "x", "scheduled_time": ledger.now().isoformat()}
    assert problem(client.post(f"{V1}/jobs", json=new | more), 422)["field"] == field
    assert ledger.seq == 0


def test_what_is_missing_is_named(client: TestClient) -> None:
    answer = client.post(f"{V1}/jobs", json={"account_id": "a", "content": "x"})
    assert problem(answer, 422)["field"] == "scheduled_time"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1]", b'"text"', b"{}"])
def test_a_body_that_is_no_job_is_refused(client: TestClient, ledger: Ledger, body: bytes) -> None:
    json_kind = {"content-type": "application/json"}
    answer = client.post(f"{V1}/jobs", content=body, headers=json_kind)
    assert problem(answer, answer.status_code)["status"] in (400, 422)
    assert problem(client.post(f"{V1}/jobs", data={"content": "x"}), 415)
    assert ledger.seq == 0


def test_jobs_are_listed_page_by_page(client: TestClient, ledger: Ledger) -> None:
    for number in range(7):
        added(client, ledger, job_id=f"job-{number}", content=f"text {number % 2}")
    seen: list[str] = []
    asked: dict[str, Any] = {"limit": 3}
    while True:
        page = client.get(f"{V1}/jobs", params=asked).json()
        seen += [job["job_id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        asked["after"] = page["next"]
    assert seen == [f"job-{number}" for number in range(7)]
    found = client.get(f"{V1}/jobs", params={"text": "TEXT 1", "status": "scheduled,pending"})
    assert [job["job_id"] for job in found.json()["jobs"]] == ["job-1", "job-3", "job-5"]
    assert client.get(f"{V1}/jobs", params={"account_id": "other"}).json()["jobs"] == []
    due = (ledger.now() + HOUR).isoformat()
    assert len(client.get(f"{V1}/jobs?due_from={due}").json()["jobs"]) == 7  # "+" as it is
    assert client.get(f"{V1}/jobs", params={"due_to": due}).json()["jobs"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("limit=²", "limit"),
        ("status=gone", "status"), ("order=best", "order"), ("after=~x", "after"),
        ("due_from=soon", "due_from"), ("stauts=failed", "stauts"), ("at=never", "at"),
        ("at=99", "at"), ("outcome_unknown=yes", "outcome_unknown"),
    ],
)  # fmt: skip
def test_a_question_that_is_not_understood_is_refused_by_name(
    client: TestClient, query: str, field: str
) -> None:
    assert problem(client.get(f"{V1}/jobs?{query}"), 422)["field"] == field


def test_what_is_not_there_is_a_problem(client: TestClient) -> None:
    for path in ("/jobs/nobody", "/jobs/nobody/history", "/jobs/nobody/why", "/nothing"):
        assert problem(client.get(f"{V1}{path}"), 404)
    assert problem(client.post(f"{V1}/jobs/nobody/hold"), 404)
    assert problem(client.delete(f"{V1}/jobs"), 405)


# -- changing ------------------------------------------------------------------------------------


def test_every_action_of_a_job(client: TestClient, ledger: Ledger, clock: ManualClock) -> None:
    def do(action: str, **body: Any) -> Any:
        answer = client.post(f"{V1}/jobs/one/{action}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    added(client, ledger, job_id="one")
    assert do("hold", version=1)["status"] == "pending"
    assert do("edit", content="other", priority=4)["content"] == "other"
    later = (clock.now() + 2 * HOUR).isoformat()
    assert do("reschedule", scheduled_time=later)["scheduled_time"] == later
    assert do("release")["status"] == "scheduled"
    assert do("cancel", reason="not today")["status"] == "cancelled"
    assert do("requeue")["status"] == "scheduled"
    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
    assert client.get(f"{V1}/jobs/one").json()["outcome_unknown"] is True
    added(client, ledger, job_id="other")
    asked = {"true": ["one"], "false": ["one", "other"]}
    for word, ids in asked.items():
        page = client.get(f"{V1}/jobs", params={"outcome_unknown": word}).json()
        assert [job["job_id"] for job in page["jobs"]] == ids
    assert do("resolve", posted=True, thread_id="t-1")["thread_id"] == "t-1"
    assert do("remove") is None
    events = client.get(f"{V1}/jobs/one/history").json()["events"]
    assert [event["type"] for event in events] == [
        "added", "held", "edited", "rescheduled", "released", "cancelled", "requeued", "started",
        "interrupted", "resolved", "removed",
    ]  # fmt: skip
    assert events == [json.loads(json.dumps(e.to_dict())) for e in ledger.history("one")]


def test_a_change_of_what_has_moved_on_is_a_conflict(client: TestClient, ledger: Ledger) -> None:
    added(client, ledger, job_id="one")
    ledger.edit_job("one", content="theirs")
    answer = client.post(f"{V1}/jobs/one/edit", json={"content": "mine", "version": 1})
    assert problem(answer, 409)["version"] == 2
    assert problem(client.post(f"{V1}/jobs/one/release"), 409)
    assert problem(client.post(f"{V1}/jobs/one/publish"), 404)
    assert problem(client.post(f"{V1}/jobs/one/hold", json={"reason": "x"}), 422)
    assert ledger.get_job("one").content == "theirs"


def test_what_is_asked_for_again_with_its_key_is_done_once(
    client: TestClient, ledger: Ledger
) -> None:
    key = {"Idempotency-Key": "k-1"}
    new = {"account_id": "a", "content": "x", "scheduled_time": ledger.now().isoformat()}
    first = client.post(f"{V1}/jobs", json=new, headers=key)
    again = client.post(f"{V1}/jobs", json=new, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert ledger.seq == 1
    other = client.post(f"{V1}/jobs", json=new | {"content": "y"}, headers=key)
    assert problem(other, 422)["field"] == "Idempotency-Key"
    job_id = first.json()["job_id"]
    hold = {"Idempotency-Key": "k-2"}
    answers = [client.post(f"{V1}/jobs/{job_id}/hold", headers=hold) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert ledger.seq == 2
    assert client.post(f"{V1}/jobs/{job_id}/hold").status_code == 409


def test_a_job_is_added_once_also_by_a_server_that_was_started_anew(
    client: TestClient, ledger: Ledger
) -> None:
    """Its answer was lost with the process; the key is what the id was made of."""
    key = BEARER | {"Idempotency-Key": "k-1"}
    new = {"account_id": "a", "content": "x", "scheduled_time": ledger.now().isoformat()}
    first = client.post(f"{V1}/jobs", json=new, headers=key).json()
    later = asked_of(ledger)
    assert later.post(f"{V1}/jobs", json=new, headers=key).json() == first
    changes: list[dict[str, Any]] = [
        {"content": "y"}, {"account_id": "b"}, {"priority": 4}, {"max_retries": 0}, {"hold": True},
        {"platform": "x"}, {"metadata": {"a": 1}}, {"publish_timeout": "PT5S"},
        {"scheduled_time": (ledger.now() + HOUR).isoformat()},
    ]  # fmt: skip
    for change in changes:
        other = asked_of(ledger).post(f"{V1}/jobs", json=new | change, headers=key)
        assert problem(other, 422)["field"] == "Idempotency-Key", change
    local = ledger.now().astimezone(ZoneInfo(ledger.timezone)).replace(tzinfo=None).isoformat()
    same = new | {"scheduled_time": local, "priority": "normal", "metadata": {}}
    assert asked_of(ledger).post(f"{V1}/jobs", json=same, headers=key).json() == first
    assert ledger.seq == 1


def test_what_was_refused_may_be_asked_for_again(client: TestClient, ledger: Ledger) -> None:
    key = {"Idempotency-Key": "k-1"}
    new = {"account_id": "a", "content": "", "scheduled_time": ledger.now().isoformat()}
    assert client.post(f"{V1}/jobs", json=new, headers=key).status_code == 422
    assert client.post(f"{V1}/jobs", json=new | {"content": "x"}, headers=key).status_code == 201


# -- events, counts, the past --------------------------------------------------------------------


def test_events_are_those_of_the_log_page_by_page(client: TestClient, ledger: Ledger) -> None:
    for number in range(5):
        added(client, ledger, job_id=f"job-{number}")
    page = client.get(f"{V1}/events", params={"limit": 3}).json()
    assert [event["seq"] for event in page["events"]] == [1, 2, 3]
    rest = client.get(f"{V1}/events", params={"after": page["next"]}).json()
    assert rest["next"] is None
    found = [*page["events"], *rest["events"]]
    assert found == [json.loads(json.dumps(event.to_dict())) for event in ledger.events()]


def test_everything_is_there_as_of_a_moment(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    added(client, ledger, job_id="one")
    at = clock.now().isoformat()
    clock.advance(HOUR / 2)
    ledger.cancel_job("one", "not today")
    added(client, ledger, job_id="two")
    for moment in ("1", at):
        past = {"at": moment}
        job = client.get(f"{V1}/jobs/one", params=past).json()
        assert (job["status"], job["version"]) == ("scheduled", 1)
        assert len(client.get(f"{V1}/jobs", params=past).json()["jobs"]) == 1
        assert client.get(f"{V1}/counts", params=past).json()["counts"]["cancelled"] == 0
        assert len(client.get(f"{V1}/jobs/one/history", params=past).json()["events"]) == 1
        assert "cancelled" not in client.get(f"{V1}/jobs/one/why", params=past).json()["answer"]
        assert len(client.get(f"{V1}/events", params=past).json()["events"]) == 1
        for path in ("", "/history", "/why"):
            assert problem(client.get(f"{V1}/jobs/two{path}", params=past), 404)
    assert "cancelled" in client.get(f"{V1}/jobs/one/why").json()["answer"]
    counts = client.get(f"{V1}/counts").json()
    assert counts["counts"] == {status.value: count for status, count in ledger.counts().items()}
    assert counts["seq"] == ledger.seq


# -- its description -----------------------------------------------------------------------------


def test_the_description_names_every_path_and_each_is_answered(
    client: TestClient, ledger: Ledger
) -> None:
    found = client.get(f"{V1}/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    name = ledger.add_media(png()).sha256
    post = Post([Part("One", [Media("a.png", file=ledger.add_media(png()))])])
    ledger.add_job("shop", "", ledger.now(), job_id="one", post=post)
    ledger.add_schedule("daily", "0 9 * * *", account_id="shop", content="{n}")
    for path, operations in found["paths"].items():
        for method in operations:
            asked = V1 + path.replace("{job_id}", "one").replace("{schedule_id}", "daily")
            asked = asked.replace("{sha256}", name)
            there = client.request(method, asked, json={})
            assert there.status_code not in (404, 405, 500), (method, path)


def test_every_reference_of_the_description_is_there(client: TestClient) -> None:
    found = client.get(f"{V1}/openapi.json").json()
    schemas = found["components"]["schemas"]

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    named = set(references(found))
    operations = {one["operationId"] for path in found["paths"].values() for one in path.values()}
    links = found["paths"]["/jobs"]["post"]["responses"]["201"]["links"].values()
    assert {link["operationId"] for link in links} <= operations
    assert named
    assert {name.rpartition("/")[2] for name in named} <= schemas.keys()


def test_an_answer_has_the_keys_that_the_description_says(
    client: TestClient, ledger: Ledger
) -> None:
    schemas = client.get(f"{V1}/openapi.json").json()["components"]["schemas"]
    job = added(client, ledger, job_id="one")
    assert [*job, "schedule"] == list(schemas["JobDocument"]["properties"])
    answers = {
        "JobPage": "/jobs", "EventPage": "/events", "HistoryDocument": "/jobs/one/history",
        "Why": "/jobs/one/why", "Counts": "/counts",
    }  # fmt: skip
    for name, path in answers.items():
        assert list(client.get(V1 + path).json()) == list(schemas[name]["properties"])
    assert set(JobStatus) == set(schemas["JobStatus"]["enum"])


def test_the_bounds_that_the_description_tells_are_those_of_the_ledger(
    client: TestClient, ledger: Ledger
) -> None:
    """At each bound a job is added, and one step beyond it none."""
    told = client.get(f"{V1}/openapi.json").json()["components"]["schemas"]["AddArguments"]
    at = ledger.now().isoformat()
    new: dict[str, Any] = {"account_id": "a", "content": "x", "scheduled_time": at}
    new["lenient"] = True  # a platform has bounds of its own
    bounds: list[tuple[str, Any, Any]] = []
    for name, schema in told["properties"].items():
        if "maxLength" in schema:
            longest = schema["maxLength"]
            assert schema["minLength"] == 1
            bounds += [
                (name, "é" * longest, "é" * (longest + 1)),
                (name, "x", ""),
                (name, "x", " "),
            ]
        if "maximum" in schema:
            bounds += [(name, schema["maximum"], schema["maximum"] + 1), (name, 0, -1)]
        bounds += [(name, value, "other") for value in schema.get("enum", ())]
    assert {name for name, _, _ in bounds} == {
        "account_id", "content", "platform", "max_retries", "priority",
    }  # fmt: skip
    for name, good, bad in bounds:
        assert client.post(f"{V1}/jobs", json=new | {name: good}).status_code == 201, (name, good)
        assert problem(client.post(f"{V1}/jobs", json=new | {name: bad}), 422)["field"] == name


def test_what_is_there_is_said_of_a_method_that_is_not(client: TestClient) -> None:
    def allowed(method: str, path: str) -> set[str]:
        answer = client.request(method, V1 + path)
        problem(answer, 405)
        return set(answer.headers["allow"].split(", "))

    assert allowed("DELETE", "/jobs") == {"GET", "HEAD", "POST"}
    assert allowed("PUT", "/jobs/one/why") == {"GET", "HEAD"}
    assert allowed("GET", "/jobs/one/hold") == {"POST"}
