"""What every request goes through: its name, its body, who asks, and whether they meant it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from support.site import BEARER, ORIGIN, TOKEN, asked_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, StorageError, ValidationError
from jobledger.web import WebSettings, change_user, create_app, hash_password, read_users
from jobledger.web.guard import AccessGuard
from jobledger.web.sessions import Sessions, TooManyTriesError
from jobledger.web.users import TooBusyError, is_password


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("shop", "hello", clock.now() + timedelta(hours=1), job_id="one")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    return asked_of(ledger)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a:b:c"])
def test_an_unknown_name_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/api/v1/jobs", "/static/app.css"):
        assert client.get(path, headers={"host": host} | BEARER).status_code == 421


def test_known_names_are_answered(ledger: Ledger) -> None:
    client = asked_of(ledger, allowed_hosts=("posts.example.org",))
    for host in ("localhost:8420", "127.0.0.1:9", "[::1]:8420", "posts.example.org"):
        assert client.get("/api/v1/counts", headers={"host": host} | BEARER).status_code == 200


def test_nothing_is_told_to_whoever_has_not_signed_in(client: TestClient) -> None:
    for path in ("/api/v1/jobs", "/api/v1/events", "/events", "/api/v1/openapi.json"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (
            401,
            "application/problem+json",
        )
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/jobs", "/jobs/one", "/inbox", "/nothing"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/enter")


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}é"]
)
def test_a_wrong_token_is_refused(client: TestClient, authorization: str) -> None:
    headers = {b"authorization": authorization.encode()}
    assert client.get("/api/v1/jobs", headers=headers).status_code == 401


def test_every_answer_tells_a_browser_what_not_to_do(client: TestClient) -> None:
    answers = [client.get("/enter"), client.get("/api/v1/jobs"), client.get("/static/app.css")]
    answers.append(client.get("/nothing", headers=BEARER))
    answers.append(client.get("/", headers={"host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
    assert [a.headers.get("cache-control") for a in answers[:2]] == ["no-store"] * 2


def test_the_address_that_is_printed_works_once(ledger: Ledger) -> None:
    app = create_app(ledger, WebSettings(token=TOKEN))
    once = app.state.site.sessions.make_once()
    browser, other = (TestClient(app, base_url=ORIGIN, follow_redirects=False) for _ in range(2))
    signed_in(browser, token=once)
    assert browser.get("/").status_code == 200
    again = other.post("/enter", data={"token": once}, headers={"origin": ORIGIN})
    assert again.status_code == 403
    assert other.get("/").status_code == 303


def test_a_session_is_a_cookie_that_no_script_and_no_other_page_has(client: TestClient) -> None:
    answer = client.post("/enter", data={"token": TOKEN}, headers={"origin": ORIGIN})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


def test_behind_tls_the_cookie_goes_nowhere_else(ledger: Ledger) -> None:
    client = asked_of(ledger, behind_tls=True)
    answer = client.post(
        "/enter", data={"token": TOKEN}, headers={"origin": "https://127.0.0.1:8420"}
    )
    assert answer.headers["set-cookie"].startswith("__Host-jobledger=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_change_needs_the_page_that_it_comes_from(client: TestClient, ledger: Ledger) -> None:
    csrf = signed_in(client)
    path, form = "/jobs/one/hold", {"csrf": csrf, "version": "1"}
    refused = [
        (form, {"origin": "http://evil.example"}),
        (form, {"origin": "null"}),
        (form, {"sec-fetch-site": "cross-site"}),
        (form, {"sec-fetch-site": "same-site"}),
        (form, {}),
        ({"version": "1"}, {"origin": ORIGIN}),
        ({"csrf": "x" * 32, "version": "1"}, {"origin": ORIGIN}),
    ]
    for data, headers in refused:
        assert client.post(path, data=data, headers=headers).status_code == 403, (data, headers)
    assert ledger.get_job("one").status is JobStatus.SCHEDULED
    assert client.post(path, data=form, headers={"origin": ORIGIN}).status_code == 303
    assert ledger.get_job("one").status is JobStatus.PENDING
    assert ledger.history("one")[-1].by == "web:local"


def test_a_program_with_the_token_needs_no_page_but_no_foreign_one_may_use_it(
    client: TestClient, ledger: Ledger
) -> None:
    path = "/api/v1/jobs/one/hold"
    foreign = BEARER | {"origin": "http://evil.example"}
    assert client.post(path, headers=foreign).status_code == 403
    assert client.post(path, headers=BEARER).status_code == 200
    assert ledger.history("one")[-1].by == "api:token"


@pytest.mark.parametrize("role", ["viewer", "author"])
def test_a_file_may_be_sent_by_who_may_import_it_and_only_there(
    ledger: Ledger, tmp_path: Path, role: str
) -> None:
    users = tmp_path / "users"
    change_user(users, "lan", (role, "a long password"))
    client = asked_of(ledger, users=users)
    csrf = signed_in(client, name="lan", password="a long password")
    headers, file = {"origin": ORIGIN, "x-csrf-token": csrf}, {"file": ("a.csv", b"x" * 1_900_000)}
    form = {"how": "drafts"}
    answer = client.post("/import", data=form, files=file, headers=headers)
    assert answer.status_code == (413 if role == "viewer" else 200)
    for path in ("/jobs/one/hold", "/many", "/import/"):
        answer = client.post(path, data=form, files=file, headers=headers)
        assert answer.status_code == 413, path


def test_few_large_bodies_are_in_memory_at_once(ledger: Ledger) -> None:
    """Who sends one more is told to come again; what is small goes on as ever."""

    async def done(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("done")(scope, receive, send)

    settings = WebSettings(token=TOKEN)
    guard = AccessGuard(done, settings, Sessions(settings, {}, ledger.now))

    async def send_body(size: int, may_end: asyncio.Event) -> int:
        headers = [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"content-length", str(size).encode()),
        ]
        scope = {
            "type": "http", "method": "POST", "path": "/jobs/new", "scheme": "http",
            "headers": headers, "query_string": b"", "app": create_app(ledger, settings),
        }  # fmt: skip
        found: list[int] = []

        async def receive() -> Message:
            await may_end.wait()
            return {"type": "http.request", "body": b"x" * size}

        async def send(message: Message) -> None:
            found.append(message.get("status", 0))

        await guard(scope, receive, send)
        return found[0]

    async def ask() -> None:
        may_end, at_once = asyncio.Event(), asyncio.Event()
        at_once.set()
        four = [asyncio.create_task(send_body(2_000_000, may_end)) for _ in range(4)]
        await asyncio.sleep(0)
        assert await send_body(2_000_000, at_once) == 429
        assert await send_body(10, at_once) == 200
        may_end.set()
        assert await asyncio.gather(*four) == [200] * 4
        assert await send_body(2_000_000, at_once) == 200

    asyncio.run(ask())


def test_a_form_with_a_file_is_read_where_one_may_be_sent(client: TestClient) -> None:
    """Elsewhere it is no form, and so has not the token of the session."""
    csrf = signed_in(client)
    file = {"file": ("a.csv", b"x")}
    data, headers = {"csrf": csrf, "version": "1"}, {"origin": ORIGIN}
    assert client.post("/import", data=data, files=file, headers=headers).status_code == 200
    assert client.post("/jobs/one/hold", data=data, files=file, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--y"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a: b\r\n" * 10_000),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 100_000 + b": b\r\n\r\n"),
        ("multipart/form-data; boundary=x; charset=nonsense", b"--x--"),
        (
            "multipart/form-data; boundary=x; charset=undefined",
            b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
        ),
        (
            "multipart/form-data; boundary=x; charset=base64",
            b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
        ),
        ("multipart/form-data; boundary=" + "x" * 2000, b"--x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n' * 1000 + b"--x--",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n' * 2
            + b"--x--",
        ),
    ],
)
def test_a_form_that_is_none_is_refused(client: TestClient, kind: str, body: bytes) -> None:
    csrf = signed_in(client)
    headers = {"origin": ORIGIN, "x-csrf-token": csrf, "content-type": kind}
    answer = client.post("/import", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text


def test_entering_cannot_be_done_from_a_foreign_page(client: TestClient) -> None:
    answer = client.post("/enter", data={"token": TOKEN}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    assert client.post("/api/v1/jobs", content=b"x" * 1_000_001, headers=BEARER).status_code == 413
    assert client.post("/api/v1/jobs", content=parts(), headers=BEARER).status_code == 413


def test_who_has_not_signed_in_may_send_little(client: TestClient) -> None:
    """And on a page that is not open to them nothing: what they send is not even read."""
    form = {"token": "x" * 16_000}

    def parts() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    headers = {"origin": ORIGIN}
    assert client.post("/enter", data=form, headers=headers).status_code == 403
    form["token"] += "x" * 1000
    assert client.post("/enter", data=form, headers=headers).status_code == 413
    assert client.post("/enter", content=parts(), headers=headers).status_code == 413
    too_large = b"x" * 1_000_001
    for path in ("/jobs/new", "/api/v1/jobs"):
        assert client.post(path, content=too_large, headers=headers).status_code == 401


def test_what_a_proxy_in_front_asks_for_is_no_token_and_keeps_nobody_out(
    client: TestClient, ledger: Ledger
) -> None:
    """A browser sends a proxy's name and password on with each request."""
    client.headers["authorization"] = "Basic dXNlcjpwYXNzd29yZA=="
    assert client.get("/enter").status_code == 200
    csrf = signed_in(client)
    assert client.get("/jobs/one").status_code == 200
    assert client.post("/jobs/one/hold", headers={"origin": ORIGIN}).status_code == 403
    held = client.post("/jobs/one/hold", data={"csrf": csrf}, headers={"origin": ORIGIN})
    assert held.status_code == 303
    assert ledger.get_job("one").status is JobStatus.PENDING


def test_a_wrong_token_is_not_sent_from_the_door_to_the_door(client: TestClient) -> None:
    answer = client.get("/enter", headers={"authorization": "Bearer wrong"})
    assert (answer.status_code, "location" in answer.headers) == (401, False)


def test_leaving_ends_the_session(client: TestClient) -> None:
    csrf = signed_in(client)
    cookies = dict(client.cookies)
    client.post("/leave", data={"csrf": csrf}, headers={"origin": ORIGIN})
    client.cookies.update(cookies)
    assert client.get("/").status_code == 303


def test_a_session_ends_half_a_day_after_its_last_request(
    client: TestClient, clock: ManualClock
) -> None:
    signed_in(client)
    for _ in range(3):
        clock.advance(timedelta(hours=11))
        assert client.get("/").status_code == 200
    clock.advance(timedelta(hours=13))
    assert client.get("/").status_code == 303


def test_a_ledger_that_is_only_shown_is_not_changed(directory: Path, ledger: Ledger) -> None:
    with Ledger(directory, read_only=True) as shown:
        client = asked_of(shown, read_only=True)
        csrf = signed_in(client)
        for path in ("/api/v1/jobs", "/api/v1/jobs/one/hold"):
            assert client.post(path, json={}, headers=BEARER).status_code == 403
        form = {"csrf": csrf, "version": "1"}
        answer = client.post("/jobs/one/hold", data=form, headers={"origin": ORIGIN})
        assert answer.status_code == 403
        assert "/jobs/one/hold" not in client.get("/jobs/one").text
    assert ledger.seq == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "posts.example.org"])
def test_what_others_can_reach_needs_users_and_tls(tmp_path: Path, host: str) -> None:
    for settings in (
        WebSettings(host=host),
        WebSettings(host=host, behind_tls=True),
        WebSettings(host=host, users=tmp_path / "users"),
    ):
        with pytest.raises(ValidationError, match="other machines"):
            settings.check()
    WebSettings(host=host, behind_tls=True, users=tmp_path / "users").check()


# -- people --------------------------------------------------------------------------------------

ROLES = ("viewer", "author", "editor", "operator")
PASSWORD = "a long password"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def users(tmp_path: Path, hashed: str) -> Path:
    path = tmp_path / "users"
    path.write_text("# people\n" + "".join(f"{role}1:{role}:{hashed}\n" for role in ROLES))
    path.chmod(0o600)
    return path


def test_a_password_is_hashed_at_its_whole_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which the other tests here do without."""
    monkeypatch.undo()
    hashed = hash_password(PASSWORD)
    assert hashed.startswith(f"scrypt${2**15}$")
    assert is_password(PASSWORD, hashed)
    assert not is_password("wrong", hashed)


def test_people_sign_in_by_name_and_password(ledger: Ledger, users: Path) -> None:
    client = asked_of(ledger, users=users)
    for form in (
        {"name": "editor1", "password": "wrong"},
        {"name": "nobody", "password": PASSWORD},
        {"token": TOKEN},
    ):
        answer = client.post("/enter", data=form, headers={"origin": ORIGIN})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    signed_in(client, name="editor1", password=PASSWORD)
    assert "web:editor1" in client.get("/").text


def test_a_name_that_is_tried_too_often_has_to_wait(
    ledger: Ledger, users: Path, clock: ManualClock
) -> None:
    client = asked_of(ledger, users=users)
    form, origin = {"name": "editor1", "password": "wrong"}, {"origin": ORIGIN}
    found = [client.post("/enter", data=form, headers=origin).status_code for _ in range(11)]
    assert found == [403] * 10 + [429]
    right = {"name": "editor1", "password": PASSWORD}
    refused = client.post("/enter", data=right, headers=origin)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "300")
    clock.advance(timedelta(minutes=6))
    assert client.post("/enter", data=right, headers=origin).status_code == 303


def test_whoever_tries_many_names_has_no_more_tries_of_one(
    users: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of failures has an end, and it is the names that were tried once that go."""
    monkeypatch.setattr("jobledger.web.sessions.is_password", lambda password, hashed: False)
    sessions = Sessions(WebSettings(token=TOKEN), read_users(users), clock.now)
    for _ in range(10):
        sessions.sign_in("editor1", "wrong")
    for number in range(3000):
        sessions.sign_in(f"nobody{number}", "wrong")
    with pytest.raises(TooManyTriesError):
        sessions.sign_in("editor1", PASSWORD)


def test_what_nobody_can_be_called_is_not_kept(users: Path, clock: ManualClock) -> None:
    sessions = Sessions(WebSettings(token=TOKEN), read_users(users), clock.now)
    for name in ("", "x" * 49, "a name", "é"):
        assert [sessions.sign_in(name, PASSWORD) for _ in range(11)] == [None] * 11


class Derivings:
    """Stands for the work on passwords: two go on until they are let go, `within` tells how many
    are at it, `most` how many were at once. Each finds that it is a wrong one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._let_go = threading.Event()
        self.within = self.most = 0

    def __call__(self, password: str, salt: bytes, cost: int) -> bytes:
        with self._changed:
            self.within += 1
            self.most = max(self.most, self.within)
            self._changed.notify_all()
            is_one_too_many = self.within > 2
        assert is_one_too_many or self._let_go.wait(60)
        with self._changed:
            self.within -= 1
        return b""

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.within >= number, 60)

    def end(self) -> None:
        self._let_go.set()


@pytest.fixture
def derivings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Derivings]:
    derivings = Derivings()
    monkeypatch.setattr("jobledger.web.users._derive", derivings)
    monkeypatch.setattr("jobledger.web.users._WAIT_S", 60.0)
    yield derivings
    derivings.end()


def test_two_passwords_at_most_are_tried_at_once_and_who_waits_is_told_when_to_come_again(
    ledger: Ledger, users: Path, derivings: Derivings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobledger.web.users._WAIT_S", 0.0)
    client = asked_of(ledger, users=users)

    def enter(name: str) -> tuple[int, str | None]:
        form = {"name": name, "password": PASSWORD}
        answer = client.post("/enter", data=form, headers={"origin": ORIGIN})
        return answer.status_code, answer.headers.get("retry-after")

    with ThreadPoolExecutor(8) as threads:
        first = [threads.submit(enter, f"{role}1") for role in ("viewer", "author")]
        derivings.wait_for(2)
        others = [threads.submit(enter, "editor1") for _ in range(3)]
        refused = [answer.result(60) for answer in others]
        derivings.end()
        assert [answer.result(60) for answer in first] == [(403, None)] * 2
    assert refused == [(429, "5")] * 3
    assert derivings.most == 2
    assert enter("editor1") == (403, None)  # its turn has come


def test_only_so_many_wait_for_their_password_to_be_tried(
    derivings: Derivings, users: Path
) -> None:
    hashed = read_users(users)["editor1"].hash

    def find() -> bool | None:
        try:
            return is_password(PASSWORD, hashed)
        except TooBusyError:
            return None

    with ThreadPoolExecutor(12) as threads:
        found = [threads.submit(find) for _ in range(12)]
        refused = list(islice(as_completed(found, 60), 2))  # which did not wait for the others
        assert [one.result() for one in refused] == [None, None]
        derivings.end()
    assert sorted(str(one.result()) for one in found) == ["False"] * 10 + ["None"] * 2


def test_of_many_wrong_passwords_at_once_each_one_counts(
    ledger: Ledger, users: Path, derivings: Derivings, clock: ManualClock
) -> None:
    sessions = Sessions(WebSettings(token=TOKEN), read_users(users), clock.now)
    with ThreadPoolExecutor(10) as threads:
        tries = [threads.submit(sessions.sign_in, "editor1", "wrong") for _ in range(10)]
        derivings.wait_for(2)
        derivings.end()
        assert [each.result(60) for each in tries] == [None] * 10
    with pytest.raises(TooManyTriesError):
        sessions.sign_in("editor1", PASSWORD)


def test_what_was_right_or_was_not_tried_is_no_failure(
    users: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(WebSettings(token=TOKEN), read_users(users), clock.now)
    assert all(sessions.sign_in("editor1", PASSWORD) for _ in range(11))
    with monkeypatch.context() as busy:
        busy.setattr("jobledger.web.users._WAITING", threading.Semaphore(0))
        for _ in range(11):
            with pytest.raises(TooBusyError):
                sessions.sign_in("editor1", "wrong")
    assert sessions.sign_in("editor1", PASSWORD)


MAY = {
    "viewer": set[str](),
    "author": {"add a draft", "edit a draft", "reschedule a draft"},
    "editor": {
        "add a draft", "edit a draft", "reschedule a draft", "add", "edit", "reschedule", "hold",
        "release", "cancel", "requeue",
    },
}  # fmt: skip
MAY["operator"] = MAY["editor"] | {"remove"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_table_says_and_is_shown_nothing_else(
    ledger: Ledger, users: Path, clock: ManualClock, role: str
) -> None:
    client = asked_of(ledger, users=users)
    csrf = signed_in(client, name=f"{role}1", password=PASSWORD)
    later = (clock.now() + timedelta(hours=2)).isoformat()
    for job_id, hold in (("s", False), ("d", True), ("h", False), ("c", False), ("r", True)):
        ledger.add_job("a", "text", clock.now() + timedelta(hours=1), hold=hold, job_id=job_id)
    ledger.add_job("a", "text", clock.now() + timedelta(hours=1), job_id="q")
    ledger.cancel_job("q")
    new = {"account_id": "a", "content": "new", "scheduled_time": later}
    tried = {
        "add": ("", new),
        "add a draft": ("", new | {"hold": True}),
        "edit": ("/s/edit", {"content": "x"}),
        "edit a draft": ("/d/edit", {"content": "x"}),
        "reschedule": ("/s/reschedule", {"scheduled_time": later}),
        "reschedule a draft": ("/d/reschedule", {"scheduled_time": later}),
        "hold": ("/h/hold", {}),
        "release": ("/r/release", {}),
        "cancel": ("/c/cancel", {}),
        "requeue": ("/q/requeue", {"scheduled_time": later}),
        "remove": ("/s/remove", {}),
    }
    headers = {"origin": ORIGIN, "x-csrf-token": csrf}
    shown = client.get("/jobs/s").text, client.get("/jobs/d").text
    for name, (path, body) in tried.items():
        seq = ledger.seq
        answer = client.post(f"/api/v1/jobs{path}", json=body, headers=headers)
        may = name in MAY[role]
        assert (answer.status_code < 300) is may, (name, answer.text)
        assert (ledger.seq > seq) is may
        assert may or answer.status_code == 403
    for name, page, path in (
        ("edit", shown[0], "/jobs/s/edit"),
        ("edit a draft", shown[1], "/jobs/d/edit"),
        ("remove", shown[0], "/jobs/s/remove"),
        ("release", shown[1], "/jobs/d/release"),
    ):
        assert (f'action="{path}"' in page) is (name in MAY[role]), name


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no colon", "line 2: 'no colon' is no name"),
        ("bob:king:scrypt$1$a$b", "'king' is no role: viewer, author, editor, operator"),
        ("bob:editor:", "no hash"),
        ("bob:editor:secret", "no hash"),
    ],
)
def test_a_users_file_that_is_wrong_is_refused_by_line(
    tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / "users"
    path.write_text(f"# people\n{line}\n")
    path.chmod(0o600)
    with pytest.raises(ValidationError, match="line 2") as told:
        read_users(path)
    assert said in told.value.message


def test_a_users_file_that_others_may_read_is_refused(users: Path) -> None:
    users.chmod(0o640)
    with pytest.raises(StorageError, match="others may read it"):
        read_users(users)


def test_users_are_put_into_a_file_changed_and_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "people"
    change_user(path, "lan", ("editor", PASSWORD))
    path.write_text("# the team\n" + path.read_text())
    change_user(path, "minh", ("viewer", PASSWORD))
    change_user(path, "lan", ("operator", "another password"))
    users = read_users(path)
    assert {name: user.role.word for name, user in users.items()} == {
        "minh": "viewer",
        "lan": "operator",
    }
    assert is_password("another password", users["lan"].hash)
    assert not is_password(PASSWORD, users["lan"].hash)
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()
    change_user(path, "lan", None)
    assert set(read_users(path)) == {"minh"}
    assert path.read_text().startswith("# the team\n")
    for name, entry in (("gone", None), ("a b", ("viewer", PASSWORD)), ("x", ("king", PASSWORD))):
        with pytest.raises(ValidationError):
            change_user(path, name, entry)
    assert [one.name for one in tmp_path.iterdir()] == ["people"]


def test_a_password_is_not_too_short() -> None:
    with pytest.raises(ValidationError):
        hash_password("short")
