"""How platforms count a text: by rules of Unicode, and by their own."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobledger import PLATFORMS, ValidationError, length_of, longest
from jobledger.domain import threads_length
from jobledger.domain.platforms import grapheme_data
from jobledger.domain.platforms.addresses import distinct_links, hashtags, links, local_mentions
from jobledger.domain.platforms.counting import Counting
from jobledger.domain.platforms.graphemes import clusters, count_clusters, kind_of, spans

OF_UNICODE = Path(__file__).with_name("grapheme_break_test_17.txt")
"""The cases of Unicode's own GraphemeBreakTest-17.0.0, a line each: a cluster ends at ` / `."""
VIETNAMESE = (
    "Chúc mừng năm mới! Ưu đãi đặc biệt: giảm 20 % cho mọi đơn hàng ở Đà Nẵng, Huế và Quảng Ngãi."
)
TRICKY = (
    "aZế\u0301\u0323\u200d\ufe0f\ufe0e\u20e3#*9©😀👩👨👧🏽❤☕🇻🇳\r\n 한각각गा्षक\u0600\u0e33 あ漢"
)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tricky_text = st.text(st.sampled_from(TRICKY), max_size=30)
texts = any_text | tricky_text


def cases() -> list[list[str]]:
    return [
        ["".join(chr(int(code, 16)) for code in one.split()) for one in line.split("/")]
        for line in OF_UNICODE.read_text("utf-8").splitlines()
    ]


def test_texts_are_taken_apart_as_unicode_says() -> None:
    """In each case of its own test, which has 766."""
    found = cases()
    assert len(found) == 766
    assert [case for case in found if list(clusters("".join(case))) != case] == []


def letters_of(text: str) -> str:
    """Write the class of each character as a letter, for the table of UAX #29."""
    names = {
        "control": "c", "extend": "e", "zwj": "z", "regional": "r", "prepend": "p", "spacing": "s",
        "pictographic": "x", "L": "L", "V": "V", "T": "T", "LV": "A", "LVT": "B",
        "consonant": "k", "linker": "l", "other": "o",
    }  # fmt: skip
    written = {"\r": "R", "\n": "N", "\u200c": "j"}
    return "".join(written.get(char, names[kind_of(char)]) for char in text)


EXTENDERS = "[elzj]"
CLUSTER = re.compile(
    "RN|[cRN]"
    "|p*(?:"
    "L*(?:V+|AV*|B)T*|L+|T+"  # a syllable of Hangul
    "|rr"
    "|x(?:[elj]*zx)*"
    "|k(?:[elz]*l[elz]*k)*"
    "|[^cRNp]"
    ")[elzsj]*"
    "|p+[elzsj]*"
)
"""An extended grapheme cluster as UAX #29 has it in its table 1b and 1c: another formulation of the
same, by what a cluster is and not by where it ends."""


@given(texts)
def test_a_cluster_is_what_the_table_of_unicode_says(text: str) -> None:
    sizes = [len(found[0]) for found in CLUSTER.finditer(letters_of(text))]
    assert [len(one) for one in clusters(text)] == sizes
    assert "".join(clusters(text)) == text
    assert count_clusters(text) == len(sizes)


@given(texts, texts)
def test_a_text_that_grows_has_no_fewer_characters(text: str, more: str) -> None:
    """What was seen stays; the first of what comes may join the last of what was there."""
    together = count_clusters(text + more)
    assert count_clusters(text) <= together <= count_clusters(text) + count_clusters(more)
    apart = count_clusters(text) + count_clusters("\n" + more) if not text.endswith("\r") else None
    assert apart in (None, count_clusters(text + "\n" + more))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("ế", 1),
        ("e\u0302\u0301", 1),
        ("👩\u200d👩\u200d👧\u200d👦", 1),
        ("🇻🇳", 1),
        ("🇻🇳🇻", 2),
        ("🇻🇳🇻🇳", 2),
        ("👍🏽", 1),
        ("1\ufe0f\u20e3", 1),
        ("❤\ufe0f", 1),
        ("\u1112\u1161\u11ab", 1),
        ("한", 1),
        ("\r\n", 1),
        ("\n\r", 2),
        ("क्षि", 1),
        ("👩\u200d", 1),
        ("\u0301", 1),
    ],
)
def test_what_readers_see_as_one_is_one(text: str, count: int) -> None:
    assert count_clusters(text) == count


def test_vietnamese_is_as_long_however_its_accents_are_written() -> None:
    """In letters of their own, or in letters and marks, as some phones and files have them."""
    composed = unicodedata.normalize("NFC", VIETNAMESE)
    apart = unicodedata.normalize("NFD", VIETNAMESE)
    assert len(apart) > len(composed)
    for platform in ("bluesky", "mastodon"):
        assert length_of(apart, platform) == length_of(composed, platform) == len(composed)
    twice = sum(1 for char in composed if "\u1e00" <= char <= "\u1eff")
    assert twice == 10
    assert length_of(apart, "x") == length_of(composed, "x") == len(composed) + twice
    for platform in ("threads", "instagram", "telegram", "a platform of mine"):
        assert length_of(composed, platform) == len(composed)
        assert length_of(apart, platform) == len(apart)


@given(st.sampled_from(sorted(PLATFORMS)) | st.just("mine"), texts)
def test_no_platform_counts_less_than_what_is_seen(platform: str, text: str) -> None:
    """But for links and mentions, of which there are none in these, and for what X makes one
    character of before it counts."""
    if any(links(text, bare=True)) or local_mentions(text) != text:
        return
    seen = count_clusters(unicodedata.normalize("NFC", text))
    assert length_of(text, platform) >= seen - text.count("\r\n")


@given(texts, texts)
def test_units_add_up(text: str, more: str) -> None:
    for counting in (Counting.CODE_POINTS, Counting.UTF16):
        assert counting.length(text + more) == counting.length(text) + counting.length(more)
    assert Counting.UTF16.length(text) == sum(1 + (ord(char) > 0xFFFF) for char in text)


@given(texts)
def test_threads_counts_by_the_one_function(text: str) -> None:
    """An emoji as its bytes, and never less than a character as one."""
    assert length_of(text, "threads") == threads_length(text)
    assert len(text) <= threads_length(text) <= len(text.encode())


@pytest.mark.parametrize("platform", [*PLATFORMS, "mine"])
def test_a_lone_surrogate_is_refused(platform: str) -> None:
    """No platform takes it, and nobody can send it."""
    with pytest.raises(ValidationError, match="lone surrogate at character 2"):
        length_of("ab\ud83d", platform)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("a", 1),
        ("á", 1),
        ("Ồ", 2),
        ("\u041e\u0302\u0300", 3),
        ("あ", 2),
        ("👾", 2),
        ("🙋🏽", 2),
        ("👨\u200d🎤", 2),
        ("👨\u200d👩\u200d👧\u200d👦", 2),
        ("🇻🇳", 2),
        ("1\ufe0f\u20e3", 2),
        ("cafe\u0301", 4),
        ("https://a.vn", 23),
        ("https://example.com/" + "a" * 300, 23),
        ("xem example.com.", 4 + 23 + 1),
        ("(https://vi.wikipedia.org/wiki/Huế_(thành_phố))", 2 + 23),
        ("v.v. và TP.HCM", 14),
        ("mai@example.com", 15),
        ("“Xin chào”", 10),
        ("…", 2),
    ],
)
def test_x_weighs_as_it_says(text: str, weight: int) -> None:
    """Examples of its own documentation, and of what is written here. There Ồ is 1; by the
    configuration that the same page calls exact it is 2, as are all letters of that block."""
    assert length_of(text, "x") == weight


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("https://example.com/" + "a" * 300, 23),
        ("http://a.vn", 23),
        ("example.com", 11),
        ("@mai@example.social chào", 9),
        ("@mai chào", 9),
        ("mai@example.com", 15),
        ("xem https://a.vn/b?c=d.", 4 + 23 + 1),
        ("👩\u200d👩\u200d👧", 1),
    ],
)
def test_mastodon_counts_links_and_mentions_as_it_says(text: str, length: int) -> None:
    assert length_of(text, "mastodon") == length


def test_what_closes_a_sentence_is_no_part_of_a_link() -> None:
    text = "Xem https://a.vn/b, https://a.vn/c! (www.shop.vn/áo-dài) hay https://a.vn/b?q=1&r=2…"
    assert [text[begin:end] for begin, end in links(text, bare=True)] == [
        "https://a.vn/b", "https://a.vn/c", "www.shop.vn/áo-dài", "https://a.vn/b?q=1&r=2",
    ]  # fmt: skip
    assert distinct_links(text + " HTTPS://a.vn/b/ b.vn") == 4


def test_hashtags_are_words_behind_a_sign() -> None:
    """Not numbers, not a part of a word or of an entity."""
    assert hashtags("#tết #Đà_Nẵng ＃hè #2026 a#b &#39; # #a1") == 4


@pytest.mark.parametrize("text", ["a." * 50_000, "https://" * 12_500, "@a." * 30_000, "(a" * 9_000])
@pytest.mark.parametrize("counting", Counting)
def test_no_text_is_hard_to_count(counting: Counting, text: str) -> None:
    """However it is made: each is looked at once, and there is no way back in it."""
    assert counting.length(text) > 0


def test_the_data_has_each_class_once() -> None:
    """No range begins within another, and all of them are in order."""
    for name in ("CONTROL", "EXTEND", "PREPEND", "SPACING_MARK", "PICTOGRAPHIC", "CONSONANT"):
        found = spans(getattr(grapheme_data, name))
        ends = [code for one in found for code in one]
        assert ends == sorted(ends), name


def test_a_platform_without_a_table_counts_characters() -> None:
    assert (longest("mine"), length_of("👩\u200d👧", "mine")) == (500, 3)
    assert (longest("bluesky"), length_of("👩\u200d👧", "bluesky")) == (300, 1)
