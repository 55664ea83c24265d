"""Posts of several parts, asked for over HTTP and looked at on the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.media import png
from support.site import BEARER, asked_of, signed_in

from jobledger import Ledger, Link, ManualClock, Media, MediaFile, Part, Poll, Post

V1 = "/api/v1"
POST = Post(
    [
        Part("One", [Media("https://a.vn/b.jpg", "A cat")]),
        Part("Two", poll=Poll(["yes", "no"], 60)),
    ],
    topic="cats",
)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers.update(BEARER)
    return client


def asked(ledger: Ledger, **more: Any) -> dict[str, Any]:
    at = (ledger.now() + timedelta(hours=1)).isoformat()
    return {"account_id": "shop", "content": "", "scheduled_time": at, "platform": "mine"} | more


def test_a_post_is_added_looked_at_and_changed(client: TestClient, ledger: Ledger) -> None:
    answer = client.post(f"{V1}/jobs", json=asked(ledger, post=POST.to_dict()))
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["content"], job["post"]) == ("One", POST.to_dict())
    path = f"{V1}/jobs/{job['job_id']}"
    assert client.get(path).json()["post"] == POST.to_dict()
    edited = client.post(f"{path}/edit", json={"content": "1"}).json()
    assert edited["post"]["parts"][0]["text"] == "1"
    assert "post" not in client.post(f"{path}/edit", json={"post": None}).json()
    assert client.post(f"{path}/edit", json={"post": POST.to_dict()}).json()["content"] == "One"


def test_the_same_post_asked_for_again_is_added_once(client: TestClient, ledger: Ledger) -> None:
    """By its key; another post by that key is refused, also by a process that begins anew."""
    headers = {"Idempotency-Key": "k"}
    new = asked(ledger, post=POST.to_dict())
    first = client.post(f"{V1}/jobs", json=new, headers=headers)
    anew = asked_of(ledger)
    anew.headers.update(BEARER)
    again = anew.post(f"{V1}/jobs", json=new, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = new | {"post": POST.with_text("Another").to_dict()}
    anew = asked_of(ledger)
    anew.headers.update(BEARER)
    assert anew.post(f"{V1}/jobs", json=other, headers=headers).status_code == 422
    assert len(ledger.list_jobs()) == 1


@pytest.mark.parametrize("source", ["cat.jpg", "/etc/passwd", "file:///etc/passwd"])
@pytest.mark.parametrize("way", ["add", "edit"])
def test_a_file_of_this_machine_is_not_for_whoever_asks_over_the_network(
    client: TestClient, ledger: Ledger, source: str, way: str
) -> None:
    """Whose file would it be? Nor can somebody say which file a ledger keeps."""
    kept = MediaFile(sha256="a" * 64, size=1, kind="png", width=1, height=1)
    for media in (Media(source), Media("https://a.vn/b.jpg", "", kept)):
        post = Post([Part("One", [Media("https://a.vn/a.jpg"), media])]).to_dict()
        if way == "add":
            answer = client.post(f"{V1}/jobs", json=asked(ledger, post=post))
        else:
            job_id = ledger.add_job("shop", "text", ledger.now())
            answer = client.post(f"{V1}/jobs/{job_id}/edit", json={"post": post})
        assert answer.status_code == 422
        assert answer.json()["field"] == "post.parts[0].media[1].source"
        assert "must be an address" in answer.json()["detail"]
    assert all(job.post is None for job in ledger.list_jobs())


@pytest.mark.parametrize(
    ("post", "said"),
    [
        ({"parts": []}, "post.parts must be 1 to 100"),
        ({"parts": [{"text": "a", "medai": []}]}, "medai"),
        ({"parts": [{"text": 7}]}, "Expected `str`, got `int`"),
        ("text", "post"),
    ],
)
def test_what_is_no_post_is_refused_by_name(
    client: TestClient, ledger: Ledger, post: Any, said: str
) -> None:
    """Also a key that no post has: it would be left out."""
    answer = client.post(f"{V1}/jobs", json=asked(ledger, post=post))
    assert answer.status_code == 422
    assert said in answer.text
    assert ledger.list_jobs() == []


def test_a_page_shows_each_part_with_what_is_in_it(ledger: Ledger, tmp_path: Path) -> None:
    """And how long it is; what somebody wrote is text there, whatever is in it."""
    picture = tmp_path / "cat.png"
    picture.write_bytes(png(640, 480))
    post = Post(
        [
            Part("One", [Media(str(picture), "A <b>cat</b>"), Media("https://a.vn/b.jpg")]),
            Part("Two", link=Link("https://a.vn/?<x>", "Title"), quote="17"),
            Part("Three", poll=Poll(["yes", "no"], 60, multiple=True)),
        ],
        "cats", "16", "vi", "followers", {"mine": {"x": 1}},
    )  # fmt: skip
    job_id = ledger.add_job("shop", "", ledger.now(), platform="mine", post=post)
    client = asked_of(ledger)
    client.headers["accept-language"] = "en"
    signed_in(client)
    page = client.get(f"/jobs/{job_id}").text
    assert "<b>cat</b>" not in page
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page))
    for words in (
        f"image {picture} PNG, 640 × 480",
        "Description: A &lt;b&gt;cat&lt;/b&gt;",
        "media https://a.vn/b.jpg without a description",
        "Part 2 of 3", "Link: https://a.vn/?&lt;x&gt; Title", "Quotes 17",
        "Part 3 of 3", "Poll: yes / no · open for 60 minutes · several may be chosen",
        "Topic: cats", "Answers 16", "Language: vi", "Seen by: followers", "3 of 500 characters",
    ):  # fmt: skip
        assert words in text, words
