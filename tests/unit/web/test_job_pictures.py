"""Images of jobs are shown out of the ledger's own store, to who may see the job, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.media import gif, jpeg, mp4, png, webp
from support.site import BEARER, asked_of, signed_in

from jobledger import Ledger, ManualClock, Media, Part, Post
from jobledger.web import change_user

FILES = {
    "image/png": png(),
    "image/jpeg": jpeg(),
    "image/gif": gif(),
    "image/webp": webp(),
    "video/mp4": mp4(),
    "video/quicktime": mp4(brand=b"qt  "),
}


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers |= BEARER | {"accept-language": "en"}
    return client


def added(ledger: Ledger, *files: bytes, job_id: str = "one") -> list[str]:
    """Add a job with these files, whose names say something else; return the files' SHA-256."""
    kept = [ledger.add_media(data) for data in files]
    media = [Media("x.html", f"File {n}", file) for n, file in enumerate(kept)]
    post = Post([Part("One", media)])
    ledger.add_job("shop", "", ledger.now(), platform="mine", post=post, job_id=job_id)
    return [file.sha256 for file in kept]


@pytest.mark.parametrize("base", ["", "/api/v1"])
@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_what_its_bytes_say_and_nothing_else(
    client: TestClient, ledger: Ledger, kind: str, base: str
) -> None:
    (name,) = added(ledger, FILES[kind])
    answer = client.get(f"{base}/jobs/one/media/{name}")
    assert (answer.status_code, answer.content) == (200, FILES[kind])
    headers = answer.headers
    assert headers["content-type"] == kind
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
    assert re.fullmatch(r'inline; filename="[0-9a-f]{16}\.\w{3,4}"', headers["content-disposition"])
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "img-src 'self';" in headers["content-security-policy"]


def test_a_browser_asks_again_each_time_whether_it_may_still_show_it(
    client: TestClient, ledger: Ledger
) -> None:
    (name,) = added(ledger, png())
    path = f"/jobs/one/media/{name}"
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "private, no-cache"
    ledger.cancel_job("one")
    ledger.remove_job("one")
    assert client.get(path, headers={"if-none-match": tag}).status_code == 404
    part = client.get(f"{path}?at=1", headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")


@pytest.mark.parametrize(
    "name",
    [
        "0" * 64,
        "..%2F..%2Fevents",
        "%2e%2e",
        "media.lock",
        "removed.json",
        "{name}.",
        "{NAME}",
        "x",
    ],
)
def test_nothing_but_the_files_of_a_job_is_given(
    client: TestClient, ledger: Ledger, name: str
) -> None:
    """Whatever is in the store, and around it."""
    (mine,) = added(ledger, png())
    (other,) = added(ledger, jpeg(), job_id="two")
    loose = ledger.add_media(gif()).sha256
    name = name.replace("{name}", mine).replace("{NAME}", mine.upper())
    for base in ("", "/api/v1"):
        for asked in (name, other, loose):
            answer = client.get(f"{base}/jobs/one/media/{asked}")
            assert answer.status_code == 404, asked
            assert b"\x89PNG" not in answer.content
        assert client.get(f"{base}/jobs/none/media/{mine}").status_code == 404
    assert client.get(f"/api/v1/jobs/one/media/{mine}?x=1").status_code == 422


def test_a_viewer_sees_it_and_a_stranger_does_not(ledger: Ledger, tmp_path: Path) -> None:
    (name,) = added(ledger, png())
    users = tmp_path / "users"
    change_user(users, "lan", ("viewer", "a long password"))
    client = asked_of(ledger, users=users)
    assert client.get(f"/jobs/one/media/{name}").status_code in (303, 401)
    signed_in(client, name="lan", password="a long password")
    assert client.get(f"/jobs/one/media/{name}").content == png()


def test_a_page_shows_what_it_has_with_its_description_and_fetches_nothing(
    client: TestClient, ledger: Ledger
) -> None:
    kept, video = ledger.add_media(png(40, 30)), ledger.add_media(mp4())
    media = [
        Media("/secret/cat.png", "A <b>cat</b>", kept),
        Media("clip.mp4", "", video),
        Media("https://a.vn/b.jpg", "Far away"),
    ]
    post = Post([Part("One", media)])
    ledger.add_job("shop", "", ledger.now(), platform="mine", post=post, job_id="one")
    page = client.get("/jobs/one").text
    at = f"/jobs/one/media/{kept.sha256}"
    assert f'src="{at}" alt="A &lt;b&gt;cat&lt;/b&gt;" width="40" height="30"' in page
    assert all(not re.match("https?:", s) for s in re.findall(r'src="([^"]+)"', page))
    assert 'href="https://a.vn/b.jpg" rel="noopener noreferrer nofollow"' in page
    assert f'href="/jobs/one/media/{video.sha256}">Play the video' in page


def test_what_was_cleaned_up_since_says_so(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """Now, and as of when it was there; what the job had before an edit can be seen as of then."""
    (first,) = added(ledger, png(40, 30))
    second = ledger.add_media(png(50, 30))
    ledger.edit_job("one", post=Post([Part("One", [Media("y.png", "New", second)])]))
    page = client.get("/jobs/one?at=1").text
    (source,) = {unescape(found) for found in re.findall(r'<img src="([^"]+)"', page)}
    assert source == f"/jobs/one/media/{first}?at=1"
    assert client.get(source).content == png(40, 30)
    assert client.get(f"/jobs/one/media/{first}").status_code == 404, "it has it no more"
    ledger.cancel_job("one")
    clock.advance(timedelta(days=31))
    assert second.sha256 in ledger.remove_media()
    for address in ("/jobs/one", "/jobs/one?at=2"):
        page = client.get(address).text
        assert "The file was removed from the store since." in page
        assert f"/media/{second.sha256}" not in page
    answer = client.get(f"/api/v1/jobs/one/media/{second.sha256}")
    assert answer.status_code == 404
    assert "not in the ledger's store any more" in answer.json()["detail"]
