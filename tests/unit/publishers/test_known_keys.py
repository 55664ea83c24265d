"""Which keys of a job would be left out, and which are somebody's own: both, by many names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobledger.publishers.known_keys import KnownKeys, Parameter, plain, within
from jobledger.publishers.threads_parameters import _DONE, _ELSEWHERE, _NOT_DONE, THREADS

MEANT = {
    "image_url": """
        image_urls Image_URL IMAGE_URL imageUrl imageURL ImageURLs image-url image.url image_url_2
        imageurl image imgae_url image_ul image_uri imag_url img photo photos picture pictures
        Picture_Url_1 media media_url media_urls mediaUrls Media_File attachments attachment
        threads_image_url featured_image asset_url""",
    "video_url": "video videos videoUrl video_urls vidoe_url video-url VIDEO_URL mp4 reel_url",
    "alt_text": "alt altText alt-text alttext alt_texts ALT_TEXT image_alt alt_txt alt_description",
    "link_attachment": """
        link links url Link_URL linkAttachment link-attachment link_attachments link_atachment
        link_attchmnt og_url""",
    "reply_to_id": "reply_to replyTo replyToId reply-to-id in_reply_to_id in_reply_to_status_id",
    "quote_post_id": "quote quote_post quotePostId quoted_post_id quote_post_ids quote_tweet_id",
    "topic_tag": "topic topics topicTag topic-tag topic_tags Topic_Tag topic_tga threads_topic",
    "reply_control": "replyControl reply_controls reply_contol reply_settings who_can_reply",
    "is_ghost_post": "ghost ghost_post isGhostPost is_ghost",
    "children": "carousel carousel_items Children childrens chidren",
    "media_type": "mediaType Media_Type media_types",
    "poll_attachment": "poll polls poll_options pollAttachment poll_attachments option_a",
    "gif_attachment": "gif gifUrl gif_id giphy_id gifAttachment",
    "is_spoiler_media": "spoiler is_spoiler isSpoilerMedia content_warning",
    "text_attachment": "textAttachment text_attachments long_text",
    "text_entities": "textEntities text_spoilers text_entity",
    "location_id": "location locationId location_ids geotag place_id",
    "crossreshare_to_ig": "crosspost cross_post_to crosspost_to_ig shareToFeed share_to_instagram",
    "allowlisted_country_codes": "allowlistedCountryCodes allowed_countries geo_gating",
    "enable_reply_approvals": "reply_approvals enableReplyApprovals",
    "text": "caption Text post_text",
}
OTHERS = """
    first_comment firstComment first-comment frist_comment 1st_comment comment thread threads
    thread_items hashtags hashtag HashTags hastags mentions user_tags repost engagement_data
    visibility paid_partnership cover_url audio_url threadsOptions overrides"""
VIETNAMESE = ["Ảnh", "hình ảnh", "Link ảnh 1", "Chủ đề", "Bình luận đầu tiên", "đường dẫn"]

OWN = """
    link_aff affiliate_link campaign campaign_id campaignName source source_url color colour utm
    utm_source utm_medium utm_campaign utmContent notes note author owner category categories tags
    tag labels label title description summary week day date time count approved approved_by
    publish_time content_type post_type draft status state priority job_type language lang sku
    product product_id product_url product_image_id article_url webhook_url review_url cart_url
    card_url price brand client editor reviewer created_by created_at updated_at completed_at
    duplicate_of external_id crm_id row line sheet batch experiment variant ab_test mood
    text_color text_length image_prompt image_credit image_width video_length video_id
    topic_cluster reply_count replies likes shares views media_budget link_id link_clicks linkedin
    link_shortener url_slug thread_id thread_url post_id post_url k a n x own key list creator_id
    allocation_id relation_id vacation_id retry_control audience persona tone keyword emoji cta
    page channel store branch city region country country_code countries currency template
    designer music_budget children_age photographer quoted_by replied_at user_id account customer
    location_manager text_version alternate altitude website homepage origin reference ref
    order_id ticket deadline due_date week_number hook captain party particle identity chain album
    part quoter slide_deck clipboard placement reels_plan mediator typo topical hash md5 checksum
    videographer comments place file files test next version config settings extra data meta
    id uuid name type kind format size width height y z"""


def keys() -> list[tuple[str, str]]:
    return [(key, name) for name, names in MEANT.items() for key in names.split()]


@pytest.mark.parametrize(("key", "name"), keys())
def test_what_is_nearly_a_name_is_told_with_the_name(key: str, name: str) -> None:
    """In other writings, with a letter off, and as calendars and other tools call it."""
    [problem] = THREADS.problems({key: "something"})
    assert problem.field == f"metadata.{key}"
    assert f"metadata.{key} would be left out: it is probably {name}" in str(problem)


@pytest.mark.parametrize("key", ["visual", "Creative", "Assets", "thumbnail_url", "cover", "Clip"])
@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("https://example.com/a", True),
        (["https://example.com/a.jpg"], True),
        ("shop at night.JPG", True),
        (r"C:\pics\a", True),
        ("~/a", True),
        ("minimal", False),
        ("v3", False),
        (7, False),
        (None, False),
        (["a", 1], False),
    ],
)
def test_what_may_be_either_is_a_file_where_a_file_is_in_it(
    key: str, value: Any, is_one: bool
) -> None:
    """A column of this name is a picture in one calendar, and a style in another."""
    assert bool(THREADS.problems({key: value})) is is_one


@pytest.mark.parametrize("key", [*OTHERS.split(), *VIETNAMESE])
def test_what_other_platforms_have_is_told_too(key: str) -> None:
    """A post would be less without it."""
    [problem] = THREADS.problems({key: "something"})
    assert str(problem).startswith(f"metadata.{key} would be left out: ")
    assert "ignores" in str(problem)


@pytest.mark.parametrize("key", [*OWN.split(), "Loại bài viết", "Content Type", "giá", "✨", ""])
def test_what_is_somebodys_own_is_left_alone(key: str) -> None:
    """Whatever is in it."""
    for value in ("something", 1, None, True, ["a"], {"b": 1}):
        assert THREADS.problems({key: value}) == []


@pytest.mark.parametrize("name", [each.name for each in _NOT_DONE])
def test_what_threads_has_and_this_publisher_has_not_is_named(name: str) -> None:
    """With any value but a flag's false: what is not there cannot be in the post."""
    for value in ("something", {"a": "b"}, ["a"], 1, True, None, "true"):
        [problem] = THREADS.problems({name: value})
        assert problem.field == f"metadata.{name}"
        assert "Threads has it, and this publisher does not send it" in str(problem)


@pytest.mark.parametrize("value", [False, 0, "false", "FALSE", " no ", "0"])
def test_a_flag_that_is_false_asks_for_nothing(value: Any) -> None:
    """As a post is without it."""
    assert THREADS.problems({"is_ghost_post": value, "crossreshare_to_ig": value}) == []
    assert THREADS.problems({"ghost": value}) == []
    assert THREADS.problems({"location_id": value}) != []


@pytest.mark.parametrize("value", [None, [], {}, False, "", "  "])
def test_nothing_under_another_name_leaves_nothing_out(value: Any) -> None:
    """As tools write it that have a field for all that they know."""
    assert THREADS.problems(dict.fromkeys(["photos", "first_comment", "hashtags"], value)) == []


def test_an_empty_cell_under_the_name_itself_is_a_post_without_its_picture() -> None:
    """However the name is written."""
    [problem] = THREADS.problems({"Image_URL": ""})
    assert "probably image_url" in str(problem)


def test_every_key_is_named_and_those_that_are_ones_own_can_be_told() -> None:
    """In the order of the metadata."""
    metadata = {"Image_URL": "x", "campaign": "y", "first_comment": "z", "poll": ["a", "b"]}
    found = [problem.field for problem in THREADS.problems(metadata)]
    assert found == ["metadata.Image_URL", "metadata.first_comment", "metadata.poll"]
    left = [each.field for each in THREADS.problems(metadata, ignores=["poll", "Image_URL"])]
    assert left == ["metadata.first_comment"]


def test_no_name_means_two_things() -> None:
    """Else it would depend on the order of the table which one is told."""
    parameters = (*_DONE, *_NOT_DONE)
    told = [plain(each.name) for each in parameters]
    told += [plain(name) for each in (*parameters, *_ELSEWHERE) for name in each.called]
    told += [plain(name) for each in parameters for name in each.perhaps]
    assert [name for name, times in Counter(told).items() if times > 1] == []


def test_a_key_that_cannot_be_printed_is_shown_by_its_codes() -> None:
    """And its problem still has it as it is."""
    [problem] = THREADS.problems({"\u200bimage_url": "x"})
    assert problem.field == "metadata.\u200bimage_url"
    assert str(problem).startswith("metadata.'\\u200bimage_url' would be left out")


def test_another_platform_is_another_table() -> None:
    """The way to compare is the same."""
    other = KnownKeys("Other", [Parameter("status_text", "text", done=True, called=("toot",))])
    assert [str(each.field) for each in other.problems({"Status-Texts": "x", "toot": "y"})] == [
        "metadata.Status-Texts", "metadata.toot",
    ]  # fmt: skip
    assert other.problems({"status_text": "x", "image_urls": "y"}) == []


@given(st.text(), st.text())
def test_how_far_two_names_are_apart_is_the_same_from_either(one: str, other: str) -> None:
    """And nothing is within less than the difference of their lengths."""
    assert within(one, other, 2) == within(other, one, 2)
    assert within(one, one, 0)
    assert not within(one, one + "abc", 2)


@pytest.mark.parametrize(
    ("one", "other"), [("abcd", "abdc"), ("abcd", "abd"), ("abd", "abcd"), ("abcd", "abxd")]
)
def test_a_slip_is_one_letter(one: str, other: str) -> None:
    """Exchanged with the next, left out, added or changed."""
    assert within(one, other, 1)
    assert not within(one, other, 0)


@given(st.text(max_size=40))
def test_any_key_is_compared(key: str) -> None:
    """Whatever it is made of; one that is known is never taken for a near miss."""
    THREADS.problems({key: "x"})
    assert THREADS.problems({"image_url": key}) == []
