"""How long a text is: what is counted here, and what the real server counts."""

from __future__ import annotations

import random
import re
from uuid import uuid4

import pytest
from support.pds_server import PASSWORD, Pds, server

from jobledger import length_of

BEHIND = "x" * 301
"""Too long by itself, so that the server says how long all of it is."""
CHARACTERS = (
    "👨‍👩‍👧‍👦", "🇻🇳", "🇻🇳🇫🇷🇩", "1️⃣", "👍🏽", "e\u0302\u0301", "a\u0300\u0301\u0302", "\r\n", "각",
    "\u1100\u1161\u11a8", "क्षि", "क्\u200dष", "ক্ষ", "நி", "กำ", "a\u200db",
    "🏴\U000e0067\U000e0062\U000e007f",
    "🏳️‍🌈", "\u0600\u0661", "👩\u200da", "🫩", "❤️", "ന്\u200d", "ក្ម", "က္က", "\u200d", "🇻",
)  # fmt: skip


class Counting:
    """The real server, and an account of it that its records are held against."""

    def __init__(self, pds: Pds) -> None:
        self._pds = pds
        handle = f"l{uuid4().hex[:12]}.test"
        self._did = pds.account(handle)
        method = "com.atproto.server.createSession"
        session = pds.call(method, identifier=handle, password=PASSWORD).json()
        self._token = session["accessJwt"]

    def says_of(self, text: str) -> str:
        """Return why it refuses a text; nothing, where it takes it."""
        answer = self._pds.call(
            "com.atproto.repo.putRecord",
            self._token,
            repo=self._did,
            collection="app.bsky.feed.post",
            rkey="3laaaaaaaaa22",
            record={"text": text, "createdAt": "2026-11-28T05:00:00.000Z"},
        )
        return "" if answer.status_code == 200 else str(answer.json()["message"])

    def length_of(self, text: str) -> int:
        said = self.says_of(text + BEHIND)
        found = re.search(r"grapheme too big \(maximum 300, got (\d+)\)", said)
        assert found is not None, said
        return int(found[1])


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting(server())


@pytest.mark.parametrize("text", CHARACTERS, ids=ascii)
def test_what_is_seen_as_one_character_is_one_there_too(counting: Counting, text: str) -> None:
    """Families, flags, keycaps, skins, marks, syllables, conjuncts, joiners."""
    assert counting.length_of(text) == length_of(text + BEHIND, "bluesky")


def test_so_is_whatever_stands_beside_whatever(counting: Counting) -> None:
    """Texts of those characters taken apart and mixed, by a seed that is told."""
    seed = random.SystemRandom().randrange(2**32)
    drawn = random.Random(seed)
    pool = [char for text in CHARACTERS for char in text] + list("ab é\n")
    for _ in range(100):
        text = "".join(drawn.choices(pool, k=drawn.randint(1, 30)))
        told = f"seed {seed}: {text!r}"
        assert counting.length_of(text) == length_of(text + BEHIND, "bluesky"), told


@pytest.mark.parametrize("character", ["🇻🇳", "e\u0302\u0301", "👍🏽", "한", "x"], ids=ascii)
def test_300_are_taken_and_301_are_not(counting: Counting, character: str) -> None:
    """Where they are counted to be 300 here."""
    assert length_of(character * 300, "bluesky") == 300
    assert counting.says_of(character * 300) == ""
    assert "maximum 300, got 301" in counting.says_of(character * 301)


def test_3000_bytes_are_taken_and_no_more(counting: Counting) -> None:
    """However few characters they are: 120 families have 3,000."""
    family = CHARACTERS[0]
    assert len(family.encode()) * 120 == 3000
    assert counting.says_of(family * 120) == ""
    assert "maximum 3000" in counting.says_of(family * 120 + "x")
