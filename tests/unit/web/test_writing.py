"""A post is written on a page: its parts, what is in them, its files, and what is wrong where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.media import jpeg, mp4, png
from support.site import ORIGIN, asked_of, csrf_of, form_of, signed_in

from jobledger import JobStatus, Ledger, Link, ManualClock, Media, Part, Poll, Post
from jobledger.web import change_user

NEW = "/jobs/new"


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers |= {"origin": ORIGIN, "accept-language": "en"}
    signed_in(client)
    return client


def sent(
    client: TestClient, path: str, form: dict[str, str], *files: tuple[str, str, bytes]
) -> Any:
    """Send a form as a browser does: each file with its field and its name."""
    parts = [(field, (name, data)) for field, name, data in files]
    return client.post(path, data=form, files=parts or [("none", ("", b""))])


def asked(client: TestClient, path: str, form: dict[str, str], do: str, *files: Any) -> Any:
    """Press a button within a form, and return the form that is shown then."""
    answer = sent(client, path, form | {"do": do}, *files)
    assert answer.status_code == 200, answer.text
    return answer.text, form_of(answer.text, path)


def marked(page: str) -> set[str]:
    """Return the fields that are marked as wrong, each of which has something said beside it."""
    found = set()
    for field in re.findall(r"<(?:input|textarea|select)[^>]* aria-invalid=[^>]*>", page):
        described = re.search(r'aria-describedby="(?:[^"]* )?([^" ]+)"', field)
        name = re.search(r'name="([^"]+)"', field)
        assert described is not None
        assert name is not None
        assert f'id="{described[1]}"' in page
        found.add(name[1])
    return found


def the_job(ledger: Ledger) -> Any:
    (job,) = ledger.list_jobs()
    return job


def test_a_post_with_all_there_is_is_written_without_a_script(
    client: TestClient, ledger: Ledger
) -> None:
    """Each step is a form that comes back with what was written, and one thing more."""
    form = form_of(client.get(NEW).text, NEW)
    form |= {"account_id": "shop", "content": "One\r\ntwo", "platform": "mine"}
    page, form = asked(client, NEW, form, "add-part")
    assert 'name="p1-text"' in page
    assert re.search(r'name="p1-text"[^>]* autofocus', page)
    form |= {"p1-text": "Part two", "p1-o0": "yes", "p1-o1": "no", "p1-minutes": "60"}
    page, form = asked(client, NEW, form, "add-media:0")
    form |= {"p0-m0-source": "https://a.vn/b.jpg", "p0-m0-alt": "A cat", "p1-multiple": "true"}
    page, form = asked(client, NEW, form, "look", ("p0-upload", "cat.png", png(40, 30)))
    assert form["content"] == "One\r\ntwo"
    assert "cat.png · PNG, 40 × 30" in page
    form |= {"p0-m1-alt": "Two cats", "p1-quote": "17", "topic": "cats", "language": "vi"}
    form |= {"p0-link": "https://a.vn", "p0-link-title": "Shop", "audience": "followers"}
    page, form = asked(client, NEW, form, "add-part")
    page, form = asked(client, NEW, form, "remove-part:2")
    answer = sent(client, NEW, form | {"reply_to": "16", "hold": "true"})
    assert answer.status_code == 303, answer.text
    job = the_job(ledger)
    kept = job.post.parts[0].media[1].file
    assert (job.status, job.platform, job.content) == (JobStatus.PENDING, "mine", "One\ntwo")
    assert (kept.kind, kept.width, kept.height) == ("png", 40, 30)
    assert ledger.media_path(kept.sha256).read_bytes() == png(40, 30)
    assert job.post == Post(
        [
            Part(
                "One\ntwo",
                [Media("https://a.vn/b.jpg", "A cat"), Media("cat.png", "Two cats", kept)],
                Link("https://a.vn", "Shop"),
            ),
            Part("Part two", poll=Poll(["yes", "no"], 60, multiple=True), quote="17"),
        ],
        "cats", "16", "vi", "followers",
    )  # fmt: skip


def test_a_file_is_taken_with_the_form_that_is_saved_at_once(
    client: TestClient, ledger: Ledger
) -> None:
    form = form_of(client.get(NEW).text, NEW) | {"account_id": "shop", "content": ""}
    files = [("p0-upload", name, data) for name, data in (("a.png", png()), ("b.jpg", jpeg()))]
    assert sent(client, NEW, form, *files).status_code == 303
    assert [each.source for each in the_job(ledger).post.media] == ["a.png", "b.jpg"]
    again = sent(client, NEW, form, *files)
    assert again.headers["location"] == f"/jobs/{the_job(ledger).job_id}", "and once"


def test_a_post_is_changed_with_what_it_has(client: TestClient, ledger: Ledger) -> None:
    """Its files stay without being sent anew, and so does what no form has."""
    kept = ledger.add_media(png())
    post = Post(
        [Part("One", [Media("/secret/cat.png", "A cat", kept)]), Part("Two")],
        overrides={"mine": {"x": 1}},
    )
    job_id = ledger.add_job("shop", "", ledger.now(), platform="mine", post=post)
    path = f"/jobs/{job_id}/edit"
    form = form_of(client.get(f"/jobs/{job_id}").text, path)
    assert (form["p0-m0-alt"], form["p1-text"]) == ("A cat", "Two")
    form |= {"p0-m0-alt": "A <b>dog</b>", "content": "1"}
    assert sent(client, path, form).status_code == 303
    found = ledger.get_job(job_id).post
    assert found == Post(
        [Part("1", [Media("/secret/cat.png", "A <b>dog</b>", kept)]), Part("Two")],
        overrides={"mine": {"x": 1}},
    )
    late = sent(client, path, form)
    assert late.status_code == 409
    assert "moved on" in late.text
    assert "A &lt;b&gt;dog&lt;/b&gt;" in late.text
    page = client.get(f"/jobs/{job_id}").text
    page, form = asked(client, path, form_of(page, path), "remove-media:0:0")
    page, form = asked(client, path, form, "remove-part:1")
    sent(client, path, form)
    assert ledger.get_job(job_id).post == Post([Part("1")], overrides={"mine": {"x": 1}})


def test_a_post_that_is_a_text_alone_again_is_one(client: TestClient, ledger: Ledger) -> None:
    job_id = ledger.add_job("shop", "", ledger.now(), post=Post([Part("One"), Part("Two")]))
    path = f"/jobs/{job_id}/edit"
    form = form_of(client.get(f"/jobs/{job_id}").text, path)
    form = asked(client, path, form, "remove-part:1")[1]
    assert ledger.get_job(job_id).version == 1, "nothing is saved by that"
    assert sent(client, path, form).status_code == 303
    job = ledger.get_job(job_id)
    assert (job.content, job.post) == ("One", None)


@pytest.mark.parametrize(
    ("given", "wrong", "says"),
    [
        ({"p1-text": "x" * 501}, {"p1-text"}, "501 of 500 characters: 1 too many"),
        ({"p1-text": " "}, {"p1-text"}, "not only blanks"),
        ({"topic": "x" * 51}, {"topic"}, "at most 50 characters on Threads, not 51"),
        ({"p0-m0-alt": "only a description"}, {"p0-m0-source"}, "is empty"),
        ({"p0-m0-source": "cat.jpg"}, {"p0-m0-source"}, "must be an address"),
        ({"p0-m0-source": "javascript:no()"}, {"p0-m0-source"}, "must be an address"),
        ({"p0-m0-source": "https://"}, {"p0-m0-source"}, "must be an http(s) address"),
        ({"p0-link": "a.vn"}, {"p0-link"}, "must be an http(s) address"),
        ({"p0-o0": "yes"}, {"p0-o0"}, "must be 2 to 50, not 1"),
        ({"p0-o0": "yes", "p0-o1": "yes"}, {"p0-o0"}, "has the same one twice"),
        ({"p0-o0": "y", "p0-o1": "n" * 26}, {"p0-o1"}, "at most 25 characters"),
        ({"p0-o0": "y", "p0-o1": "n", "p0-minutes": "soon"}, {"p0-minutes"}, "number of minutes"),
        ({"language": "vi"}, {"language"}, "Threads has no languages of posts"),
        ({"audience": "followers"}, {"audience"}, "must be public on Threads, not followers"),
        ({"p0-quote": "x" * 3000}, {"p0-quote"}, "at most 2048 characters"),
        (
            {"topic": "x" * 51, "p1-text": "x" * 501, "language": "vi"},
            {"topic", "p1-text", "language"},
            "Nothing was saved. Look at what is marked.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    client: TestClient, ledger: Ledger, given: dict[str, str], wrong: set[str], says: str
) -> None:
    """All of it at once, by the table of the platform, in both forms."""
    ledger.add_job("shop", "text", ledger.now(), job_id="one")
    seq = ledger.seq
    for path, shown in ((NEW, NEW), ("/jobs/one/edit", "/jobs/one")):
        form = form_of(client.get(shown).text, path)
        form |= {"account_id": "shop", "content": "text", "p1-text": "two"} | given
        answer = sent(client, path, form)
        assert answer.status_code == 422, answer.text
        assert marked(answer.text) == wrong
        assert says in unescape(re.sub(r"<[^>]+>", "", answer.text))
        assert answer.text.count(" autofocus") == 1
        again = form_of(answer.text, path)
        for name, text in form.items() - {("account_id", "shop")}:
            assert again.get(name, "").replace("\r\n", "\n") == text.replace("\r\n", "\n"), name
    assert ledger.seq == seq


def test_what_is_wrong_is_said_in_vietnamese(client: TestClient, ledger: Ledger) -> None:
    client.headers["accept-language"] = "vi"
    form = form_of(client.get(NEW).text, NEW)
    form |= {"account_id": "shop", "content": "text", "topic": "x" * 51, "language": "vi"}
    page = sent(client, NEW, form).text
    assert "tối đa 50 ký tự trên Threads, không phải 51" in page
    assert "đã có, mà Threads không có ngôn ngữ của bài" in page
    page = asked(client, NEW, form, "look", ("p0-upload", "a.txt", b"no picture"))[0]
    assert "a.txt: tệp không phải PNG" in page


def test_another_platform_counts_and_takes_as_it_does(client: TestClient) -> None:
    form = form_of(client.get(NEW).text, NEW) | {"content": "👩‍👩‍👧" * 28, "platform": "bluesky"}
    page, form = asked(client, NEW, form, "look")
    assert "28 of 300 characters" in page
    assert "topic" not in form
    assert "language" in form
    page, form = asked(client, NEW, form | {"platform": "threads"}, "look")
    assert "504 of 500 characters: 4 too many" in page
    assert "topic" in form
    assert "language" not in form


def test_what_is_not_written_yet_is_not_wrong_yet(client: TestClient) -> None:
    """Somebody who chooses a platform, or looks at what there is, has not finished."""
    form = form_of(client.get(NEW).text, NEW)
    for do in (
        "look",
        "add-part",
        "add-media:0",
        "add-media:7",
        "remove-media:7:7",
        "remove-part:0",
    ):
        page, form = asked(client, NEW, form, do)
        assert marked(page) == set(), do


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"no picture", "a.txt: the file is no PNG, JPEG, GIF, WebP, MP4 or MOV"),
        ("../../b.png", png()[:20], "b.png: the PNG file is broken"),
        ("c.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "c.svg: the file is no PNG"),
        ("<b>d</b>.png", b"", "d"),
    ],
)
def test_a_file_that_is_none_is_refused_at_its_field(
    client: TestClient, ledger: Ledger, name: str, data: bytes, says: str
) -> None:
    """Whatever its name; and nothing of it is on the disk."""
    form = form_of(client.get(NEW).text, NEW) | {"account_id": "shop", "content": "text"}
    answer = sent(client, NEW, form, ("p0-upload", name, data))
    assert answer.status_code == 422
    assert marked(answer.text) == {"p0-upload"}
    assert says in unescape(re.sub(r"<[^>]+>", "", answer.text))
    assert "<b>d</b>" not in answer.text
    assert ledger.seq == 0
    assert [p for p in (ledger.directory / "media").rglob("*") if p.is_file()] == []


def test_a_form_with_files_has_a_bound(client: TestClient, ledger: Ledger) -> None:
    form = form_of(client.get(NEW).text, NEW) | {"account_id": "shop", "content": "text"}
    assert sent(client, NEW, form, ("p0-upload", "a.png", b"x" * 17_000_000)).status_code == 413
    assert sent(client, NEW, form, ("p0-upload", "a.png", b"x" * 2_000_000)).status_code == 422
    assert ledger.seq == 0


@pytest.mark.parametrize("change", ["another", "tag", "text", "session", "server"])
def test_nobody_gets_at_a_file_by_naming_it(
    client: TestClient, ledger: Ledger, tmp_path: Path, change: str
) -> None:
    """What a form carries is of this server's making, for this visitor, while it runs: else the
    file has to be chosen again, and until then nothing is added."""
    form = form_of(client.get(NEW).text, NEW) | {"account_id": "shop", "content": "text"}
    form = asked(client, NEW, form, "look", ("p0-upload", "a.png", png()))[1]
    carried = form["p0-m0-file"]
    if change == "server":
        client = asked_of(ledger)
        client.headers |= {"origin": ORIGIN, "accept-language": "en"}
        signed_in(client)
    elif change == "another":
        carried = "0" * 32 + '{"source":"/etc/passwd"}'
    elif change == "tag":
        carried = carried[:5] + ("0" if carried[5] != "0" else "1") + carried[6:]
    elif change == "text":
        carried = carried.replace("a.png", "b.png")
    else:
        users = tmp_path / "users"
        change_user(users, "lan", ("author", "a long password"))
        client = asked_of(ledger, users=users)
        client.headers |= {"origin": ORIGIN, "accept-language": "en"}
        signed_in(client, name="lan", password="a long password")
    form |= {"csrf": csrf_of(client.get("/").text), "p0-m0-file": carried, "hold": "true"}
    answer = sent(client, NEW, form)
    assert answer.status_code == 422
    assert "choose the file again" in answer.text
    assert client.get("/sent", params={"file": carried}).status_code == 404
    assert ledger.seq == 0


def test_who_may_not_write_keeps_no_file(ledger: Ledger, tmp_path: Path) -> None:
    """Nor in a job that may not be changed any more."""
    users = tmp_path / "users"
    change_user(users, "lan", ("author", "a long password"))
    change_user(users, "minh", ("viewer", "a long password"))
    ledger.add_job("shop", "text", ledger.now(), job_id="one")
    ledger.add_job("shop", "text 2", ledger.now(), job_id="two", hold=True)
    ledger.cancel_job("two")
    for name, path, status in (
        ("minh", NEW, 403),
        ("minh", "/jobs/one/edit", 403),
        ("lan", "/jobs/one/edit", 403),
        ("lan", "/jobs/two/edit", 409),
    ):
        client = asked_of(ledger, users=users)
        client.headers["origin"] = ORIGIN
        form = {"csrf": signed_in(client, name=name, password="a long password")}
        form |= {"of_post": "true", "content": "x", "version": "1", "do": "look"}
        answer = sent(client, path, form, ("p0-upload", "a.png", png()))
        assert answer.status_code == status, (name, path)
    assert not (ledger.directory / "media").exists()


def test_without_a_store_no_file_is_asked_for(clock: ManualClock) -> None:
    """And one that is sent all the same is refused by a word."""
    with Ledger("memory:writing", clock=clock) as ledger:
        client = asked_of(ledger)
        client.headers |= {"origin": ORIGIN, "accept-language": "en"}
        signed_in(client)
        page = client.get(NEW).text
        assert 'type="file"' not in page
        assert "Media by address" in page
        form = form_of(page, NEW) | {"account_id": "shop", "content": "text"}
        answer = sent(client, NEW, form, ("p0-upload", "a.png", png()))
        assert (answer.status_code, "keeps no files" in answer.text) == (422, True)


def test_the_preview_shows_what_is_kept_and_fetches_nothing(
    client: TestClient, ledger: Ledger
) -> None:
    form = form_of(client.get(NEW).text, NEW) | {"p0-m0-source": "https://a.vn/b.jpg"}
    page, form = asked(
        client, NEW, form, "look",
        ("p0-upload", "a.png", png(40, 30)), ("p0-upload", "b.mp4", mp4()),
    )  # fmt: skip
    sources = {unescape(source) for source in re.findall(r'<img[^>]* src="([^"]+)"', page)}
    assert len(sources) == 1
    assert "a.vn" in page.partition('class="preview"')[2]
    answer = client.get(sources.pop())
    assert (answer.status_code, answer.content) == (200, png(40, 30))
    assert answer.headers["content-type"] == "image/png"
