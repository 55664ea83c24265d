"""Publishers that ship, as the configuration file describes them: run by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_cli_here

from jobledger import Ledger
from jobledger.publishers import (
    BlueskyPublisher,
    MastodonPublisher,
    ThreadsPublisher,
    WebhookPublisher,
)
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.tools.configuration import read_configuration
from jobledger.tools.publishing import load_publisher, token_expiries

TOKEN = "a-token-8f14e45fceea"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("JOBLEDGER", "JOBLEDGER_DIR", "JOBLEDGER_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with FakePlatform(tokens={TOKEN: "shop"}, looks=0) as platform:
        yield platform


def write(text: str, name: str = "jobledger.toml", mode: int = 0o600) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, "utf-8")
    Path(name).chmod(mode)


def refused(*arguments: str) -> str:
    done = run_cli_here("--config", "jobledger.toml", *arguments)
    assert done.code == 2, done.out
    return done.err


def ran(platform: FakePlatform, *arguments: str) -> str:
    """Run a post that is due, and return what the command says."""
    with Ledger("jobs") as ledger:
        ledger.add_job("shop", "hello", ledger.now())
    done = run_cli_here("--config", "jobledger.toml", "run", "--once", *arguments)
    assert done.code == 0, done.err
    assert TOKEN not in done.out + done.err
    return done.out


def of_threads(platform: FakePlatform, text: str) -> None:
    write(f'''[run]
publisher = "threads"
[publishers.threads]
base_url = "{platform.threads_url}"
{text}''')


def kept(name: str = "secrets/tokens.json", mode: int = 0o600, **more: str) -> None:
    write(json.dumps({"shop": {"token": TOKEN, **more}}), name, mode)


LATER = (datetime.now(UTC) + timedelta(days=50)).isoformat()


@pytest.mark.parametrize("what", ["a file", "a variable", "the usual variable", "a credential"])
def test_threads_is_run_by_its_name_with_its_tokens_from_where_the_file_says(
    platform: FakePlatform, here: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A file as seen from the configuration; a credential may be read by the group, by systemd."""
    if what == "a file":
        kept(expires_at=LATER)
        of_threads(platform, 'tokens_file = "secrets/tokens.json"')
    elif what == "a variable":
        monkeypatch.setenv("SHOP", TOKEN)
        of_threads(platform, 'tokens_env = { shop = "SHOP" }')
    elif what == "the usual variable":
        monkeypatch.setenv("THREADS_TOKEN_SHOP", TOKEN)
        of_threads(platform, "")
    else:
        kept("run/credentials/threads", mode=0o440, expires_at=LATER)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(here / "run/credentials"))
        of_threads(platform, 'tokens_file = "$CREDENTIALS_DIRECTORY/threads"')
    assert ran(platform) == "ran 1 job: 1 published\n"
    assert [post.text for post in platform.posts()] == ["hello"]


def test_a_file_that_others_may_read_posts_nothing(platform: FakePlatform) -> None:
    kept(mode=0o644, expires_at=LATER)
    of_threads(platform, 'tokens_file = "secrets/tokens.json"')
    ran(platform)
    with Ledger("jobs") as ledger:
        [job] = ledger.list_jobs()
    assert "has secrets, and others may read it" in str(job.error)
    assert platform.posts() == []


def test_the_others_are_made_of_what_their_sections_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes its secrets from a file or a variable, and hands on all else."""
    monkeypatch.setenv("HOOK", "https://hook.example/x")
    write(json.dumps({"shop": "app-password"}), "passwords.json")
    write("sign-with-this\n", "hook.secret")
    write("""
[publishers.bluesky]
passwords_file = "passwords.json"
handles = { shop = "shop.example" }
ignores = ["mine"]
[publishers.mastodon]
instance = "https://mastodon.example"
tokens_env = { shop = "SHOP" }
ready_s = 10
[publishers.webhook]
url_env = "HOOK"
secret_file = "hook.secret"
idempotent = true
platforms = ["threads", "mastodon"]
""")
    file = read_configuration(Path("jobledger.toml"))
    made = {name: load_publisher(name, file) for name in ("bluesky", "mastodon", "webhook")}
    assert isinstance(made["bluesky"], BlueskyPublisher)
    assert isinstance(made["mastodon"], MastodonPublisher)
    assert isinstance(made["webhook"], WebhookPublisher)
    assert made["webhook"].tier == "key"
    assert isinstance(load_publisher("threads", None), ThreadsPublisher)
    assert "sign-with-this" not in repr(made)


def test_a_webhook_is_run_by_its_name(platform: FakePlatform) -> None:
    write(f'[publishers.webhook]\nurl = "{platform.webhook_url}"\n')
    assert ran(platform, "--publisher", "webhook") == "ran 1 job: 1 published\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[publishers.thread]", "line 1: publishers.thread is nothing that is read (did you mean"
         " threads?"),
        ("[publishers.threads]\ntoken = 'x'", "line 2: publishers.threads.token is nothing that is"
         " read (no secret stands in this file: name what has it"),
        ("[publishers.bluesky]\n\nhandels = {}", "line 3: publishers.bluesky.handels is nothing"
         " that is read (did you mean handles?"),
        ("[publishers.threads]\ntokens_env = 'X'", "line 2: publishers.threads.tokens_env is not"
         " right"),
        ("[publishers.mastodon]\nready_s = 3", "line 1: publishers.mastodon is not right: Object"
         " missing required field `instance`"),
        ("publishers = 1", "line 1: publishers must be a table"),
    ],
)  # fmt: skip
def test_what_nothing_reads_is_refused_with_its_line(text: str, says: str) -> None:
    write(text)
    assert says in refused("config", "show")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[publishers.webhook]\nidempotent = true", "url is missing"),
        ("[publishers.webhook]\nurl_env = 'NOBODY_SET'", "url_env: NOBODY_SET is not set"),
        ("[publishers.webhook]\nurl = 'https://a.example'\nsecret_file = 'none'",
         "cannot be read"),
        ("[publishers.webhook]\nurl = 'https://a.example'\nurl_env = 'X'", "exclude each other"),
        ("[publishers.webhook]\nurl = 'https://a.example'\nsecret_file ="
         " '$CREDENTIALS_DIRECTORY/x'", "is in $CREDENTIALS_DIRECTORY, which is not set"),
        ("ledger = 'jobs'", "publisher webhook needs settings: a section [publishers.webhook]"),
    ],
)  # fmt: skip
def test_a_publisher_that_cannot_be_made_is_refused_with_where_that_is_said(
    text: str, says: str
) -> None:
    Ledger("jobs").close()
    write(text)
    assert says in refused("run", "--once", "--publisher", "webhook")


def test_a_name_that_is_none_is_refused_with_those_that_there_are() -> None:
    Ledger("jobs").close()
    write("")
    said = refused("run", "--once", "--publisher", "thread")
    assert "publisher 'thread' is none that ships" in said
    assert "there are threads, bluesky, mastodon, webhook" in said


def test_what_counts_is_shown_without_a_secret() -> None:
    write("""[publishers.webhook]
url = "https://me:secret-word@hook.example/secret-path"
secret_file = "hook.secret"
[publishers.threads]
tokens_env = { shop = "SHOP" }
""")
    done = run_cli_here("config", "show", "--json")
    values = {each["name"]: each["value"] for each in json.loads(done.out)["values"]}
    assert values["publishers.webhook.url"] == "https://hook.example/…"
    assert values["publishers.webhook.secret_file"] == "hook.secret"
    assert values["publishers.threads.tokens_env"] == {"shop": "SHOP"}
    assert "secret-word" not in done.out
    assert "secret-path" not in done.out


def test_when_tokens_end_is_known_by_the_file_and_told(platform: FakePlatform) -> None:
    """In `status`, also for a machine; what cannot be read is told, and the rest is there."""
    kept(expires_at=(datetime.now(UTC) + timedelta(days=3)).isoformat())
    of_threads(platform, 'tokens_file = "secrets/tokens.json"')
    Ledger("jobs").close()
    file = read_configuration(Path("jobledger.toml"))
    assert set(token_expiries(file)) == {"shop"}
    assert token_expiries(None) == {}
    out = run_cli_here("status").out
    assert "token    shop: ends " in out
    found: dict[str, Any] = json.loads(run_cli_here("status", "--json").out)
    assert set(found["tokens"]) == {"shop"}
    Path("secrets/tokens.json").unlink()
    done = run_cli_here("status", "--json")
    assert (done.code, json.loads(done.out)["tokens"]) == (0, None)
    assert "when tokens end is not known" in done.err


def test_the_accounts_that_wait_for_a_token_are_told(platform: FakePlatform) -> None:
    """By what the log says, whichever process the runner is."""
    kept(expires_at=(datetime.now(UTC) - timedelta(days=3)).isoformat())
    of_threads(platform, 'tokens_file = "secrets/tokens.json"')
    ran(platform)
    found = json.loads(run_cli_here("--config", "jobledger.toml", "status", "--json").out)
    [held] = found["held"]
    assert held["account_id"] == "shop"
    assert "nothing can be posted for its account" in held["reason"]
    assert "ended on" in held["reason"]
    out = run_cli_here("--config", "jobledger.toml", "status").out
    assert "held     shop: nothing can be posted for its account" in out
    assert "token    shop: ended " in out
