"""What a job is on Bluesky: keys, addresses of content, facets by bytes, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobledger import JobPriority, JobStatus, ScheduledJob, ValidationError
from jobledger.publishers import BlueskyPublisher
from jobledger.publishers.bluesky_keys import record_keys
from jobledger.publishers.bluesky_parameters import BLUESKY_KEYS
from jobledger.publishers.bluesky_post import problems_of
from jobledger.publishers.bluesky_text import spans_of
from jobledger.publishers.dag_cbor import cid_of, encoded

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def job(content: str = "text", platform: str = "bluesky", **metadata: Any) -> ScheduledJob:
    return ScheduledJob(
        job_id="job",
        account_id="acc",
        content=content,
        scheduled_time=NOON,
        priority=JobPriority.NORMAL,
        status=JobStatus.SCHEDULED,
        platform=platform,
        metadata=metadata,
    )


def said(content: str = "text", **metadata: Any) -> str:
    return "; ".join(map(str, problems_of(job(content, **metadata))))


def moment(key: str) -> datetime:
    """Return the time that a key has in it."""
    number = 0
    for letter in key:
        number = number << 5 | LETTERS.index(letter)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number >> 10)


def test_keys_come_from_the_job_alone_and_are_never_of_the_future() -> None:
    """The same each time, ascending within a job, and in the order of days."""
    keys = record_keys(NOON, "key", 100)
    assert keys == record_keys(NOON, "key", 100) == sorted(set(keys))
    assert record_keys(NOON, "key", 1) == keys[:1]
    for day in range(400):
        at = NOON + timedelta(days=day)
        [key] = record_keys(at, f"key {day}", 1)
        assert len(key) == 13
        assert key[0] in LETTERS[:16]
        assert at - timedelta(hours=39) < moment(key) <= at
    assert record_keys(None, "key", 1) == record_keys(None, "key", 1)
    assert len(record_keys(datetime(1970, 1, 1, tzinfo=UTC), "key", 1)[0]) == 13


def test_jobs_of_one_import_have_keys_of_their_own() -> None:
    """They are added in one microsecond, and every one of them has several parts."""
    keys = [key for n in range(20_000) for key in record_keys(NOON, f"key {n}", 3)]
    assert len(set(keys)) == len(keys)


def test_a_job_that_takes_a_removed_ones_id_is_another() -> None:
    """It was added at another time, so it neither finds nor touches the other's post."""
    later = NOON + timedelta(microseconds=1)
    assert record_keys(NOON, "key", 1) != record_keys(later, "key", 1)


def test_the_address_of_a_record_is_what_the_server_says() -> None:
    """Taken from answers of the reference implementation, `@atproto/pds` 0.4.217."""
    plain = {"text": "hi", "$type": "app.bsky.feed.post", "createdAt": "2026-11-28T05:00:00.000Z"}
    assert cid_of(plain) == "bafyreigod4afp6jcqpkfx5ot4jea6fosroq7g756c5pvbonqo3lknypyja"
    blob = {
        "$type": "blob",
        "ref": {"$link": "bafkreibznakibd4h3rfs3dijrnkyztj7jbscbmjy3jjphqutqy6lj2peaa"},
        "mimeType": "image/png",
        "size": 75,
    }
    image = {"alt": "a", "image": blob, "aspectRatio": {"width": 10, "height": 10}}
    embed = {"$type": "app.bsky.embed.images", "images": [image]}
    illustrated = plain | {"text": "img", "embed": embed}
    assert cid_of(illustrated) == "bafyreifrrazvr5sszyy2rdunscx5jqtqpqgxlzvt2ttxuogot4aekxtubi"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (-1, "20"),
        (65536, "1a00010000"), (2**32, "1b0000000100000000"), (-500, "3901f3"),
        (None, "f6"), (True, "f5"), (False, "f4"), ("ü", "62c3bc"), ([], "80"),
        ({"bb": 1, "c": 2, "a": 3}, "a3616103616302626262" + "01"),
    ],
)  # fmt: skip
def test_values_are_written_as_rfc_8949_has_them(value: Any, written: str) -> None:
    """Examples of its appendix A; keys of a map by length, then by bytes."""
    assert encoded(value).hex() == written


@pytest.mark.parametrize("value", [1.5, {1: 2}, b"x", {"a": object()}])
def test_what_no_record_has_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encoded(value)


def meant(text: str) -> list[tuple[str, str, str]]:
    """Return what is found in a text, each with the bytes that it stands on."""
    data = text.encode()
    return [
        (span.kind, data[span.begin : span.end].decode(), span.meant) for span in spans_of(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Chào 😀 https://e.org/a?b=1.", [("link", "https://e.org/a?b=1", "https://e.org/a?b=1")]),
        ("xem example.com, nhé", [("link", "example.com", "https://example.com")]),
        ("(https://e.org/x)", [("link", "https://e.org/x", "https://e.org/x")]),
        ("👩‍👩‍👧 @Mai.Test!", [("mention", "@Mai.Test", "mai.test")]),
        ("(@bob.test), @a-b.c.org.", [
            ("mention", "@bob.test", "bob.test"), ("mention", "@a-b.c.org", "a-b.c.org"),
        ]),
        ("#học_tập! #2026 #2026a ＃日本", [
            ("tag", "#học_tập", "học_tập"), ("tag", "#2026a", "2026a"), ("tag", "＃日本", "日本"),
        ]),
        ("https://e.org/#part", [("link", "https://e.org/#part", "https://e.org/#part")]),
        ("mai@example.org @mai @mai@example.social x@y.z", []),
        ("#️⃣ a#b # #! (#c)", []),
        ("#" + "a" * 64, [("tag", "#" + "a" * 64, "a" * 64)]),
        ("#" + "a" * 65, []),
    ],
)  # fmt: skip
def test_what_can_be_clicked_is_found_by_its_bytes(
    text: str, found: list[tuple[str, str, str]]
) -> None:
    """Links, mentions and hashtags; not what only looks so."""
    assert meant(text) == found


@pytest.mark.parametrize(
    ("value", "repo"),
    [
        ("at://did:plc:abc/app.bsky.feed.post/3l", "did:plc:abc"),
        ("at://mai.test/app.bsky.feed.post/3l", "mai.test"),
        ("https://bsky.app/profile/mai.test/post/3l", "mai.test"),
        ("https://bsky.app/profile/did:web:e.org/post/3l?ref=x", "did:web:e.org"),
    ],
)
@pytest.mark.parametrize("key", ["reply_to", "quote"])
def test_a_post_is_named_as_programs_or_browsers_do(key: str, value: str, repo: str) -> None:
    assert said(**{key: value}) == ""
    assert repo in value


@pytest.mark.parametrize(
    "value",
    [
        "", " ", None, 17, ["at://a.b/app.bsky.feed.post/3l"], "3l", "https://bsky.app/profile/m.t",
        "at://mai/app.bsky.feed.post/3l", "at://mai.test/app.bsky.feed.like/3l",
        "https://evil.example/profile/mai.test/post/3l", "at://mai.test/app.bsky.feed.post/",
    ],
)  # fmt: skip
def test_what_names_no_post_is_refused(value: Any) -> None:
    assert "metadata.reply_to" in said(reply_to=value)


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ({"link": "/tmp/x"}, "metadata.link"),
        ({"link": "http://192.168.1.2/"}, "not public"),
        ({"link": "ftp://e.org/"}, "an http(s) address that Bluesky can reach"),
        ({"link": {"title": "x"}}, "has no url"),
        ({"link": {"url": "https://e.org", "thumb": "x"}}, "'thumb', which would be left out"),
        ({"link": ""}, "metadata.link is empty"),
        ({"link_title": "x"}, "metadata.link_title is of a link"),
        ({"langs": "vi,en,de,fr"}, "may have 3 languages, not 4"),
        ({"langs": ["tiếng Việt"]}, "no language such as vi"),
        ({"langs": 3}, "metadata.langs must be languages"),
    ],
)
def test_values_that_would_not_do_are_named(metadata: dict[str, Any], named: str) -> None:
    assert named in said(**metadata)


@pytest.mark.parametrize(
    "key",
    ["imageUrl", "Image_URLs", "video", "alt", "tags", "hashtags", "labels", "content_warning",
     "threadgate", "reply_control", "poll", "first_comment", "visibility", "lang", "reply_to_id",
     "quote_url", "url", "topic_tag", "embed", "facets", "createdAt", "thumb", "link_descripton"],
)  # fmt: skip
def test_what_would_be_left_out_is_named(key: str) -> None:
    """What Bluesky has and this does not send, what is nearly a name, what others have."""
    assert f"metadata.{key} would be left out" in said(**{key: "x.jpg"})


@pytest.mark.parametrize("key", ["link_aff", "campaign", "source", "thread_id", "tag", "note_id"])
def test_what_is_somebodys_own_is_left_alone(key: str) -> None:
    assert said(**{key: "https://e.org/a.jpg" if key == "link_aff" else "x"}) == ""


def test_what_is_ones_own_by_name_is_ignored() -> None:
    publisher = BlueskyPublisher({}, ignores=("tags",), platforms=("bluesky", "bsky"))
    assert publisher.check(job(tags=["a"], platform="bsky")) == []
    assert repr(publisher) == "BlueskyPublisher(https://bsky.social, tier=key)"


def test_every_name_that_is_sent_is_known_by_no_other_meaning() -> None:
    """Each of them passes by itself, and nothing else that is called so."""
    done = [each.name for each in BLUESKY_KEYS.parameters.values() if each.done]
    assert done == ["reply_to", "quote", "link", "link_title", "link_description", "langs"]
    for name in done:
        assert BLUESKY_KEYS.problems({name: "x"}) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("👨‍👩‍👧‍👦" * 121, "3025 bytes of UTF-8 long, and may be 3000"),
        ("x" * 301, "content is 301 characters long as Bluesky counts"),
        ("\u200b\u2800", "shows nothing"),
        (" ".join(f"@a{n:x}.b" for n in range(101)), "mentions 101 different handles"),
    ],
)
def test_a_text_that_would_not_do_is_named(text: str, named: str) -> None:
    assert named in said(text)


def test_settings_are_checked() -> None:
    with pytest.raises(ValidationError, match="passwords must be a function"):
        BlueskyPublisher("secret")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="platforms must be names"):
        BlueskyPublisher({}, platforms="bluesky")
