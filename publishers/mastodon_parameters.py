"""What the API of Mastodon knows of a post, and what of it MastodonPublisher sends.

Source: the parameters of POST /api/v1/statuses and of the entities beside it,
https://docs.joinmastodon.org/methods/statuses/ and /methods/media/, with those that GoToSocial,
Pleroma and Glitch add; looked up on 2026-11-28. `since` is the version that Mastodon has it from.
"""

from __future__ import annotations

from .known_keys import Elsewhere, KnownKeys, Parameter
from .threads_parameters import THREADS

VISIBILITIES = ("public", "unlisted", "private", "direct")


def _called(name: str, *without: str) -> tuple[str, ...]:
    """Return what calendars and tools call what Threads has by a name."""
    parameter = THREADS.parameters[name]
    return tuple(each for each in (name, *parameter.called) if each not in without)


_DONE = (
    Parameter(
        "visibility", "choice", "1.0", done=True,
        called=(
            "post_visibility", "status_visibility", "toot_visibility", "privacy", "privacy_level",
            "privacy_status", "privacy_setting", "audience", "scope",
        ),
    ),
    Parameter(
        "spoiler_text", "text", "1.0", done=True,
        called=(
            "spoiler", "content_warning", "content_warning_text", "cw", "cw_text", "warning",
            "warning_text", "subject", "spoiler_warning",
        ),
    ),
    Parameter(
        "sensitive", "flag", "1.0", done=True,
        called=(
            "is_sensitive", "sensitive_media", "possibly_sensitive", "nsfw", "is_nsfw",
            "mark_sensitive", "is_spoiler", "is_spoiler_media",
        ),
    ),
    Parameter(
        "language", "topic", "2.0", done=True,
        called=("lang", "post_language", "language_code", "lang_code", "locale", "ngôn ngữ"),
    ),
    Parameter("in_reply_to_id", "id", "1.0", done=True, called=_called(
        "reply_to_id", "in_reply_to_id")),
    Parameter("quoted_status_id", "id", "4.5", done=True, called=_called(
        "quote_post_id", "quoted_status_id")),
)  # fmt: skip

_FILES = "files stand in the job's post, as its media"

_NOT_DONE = (
    Parameter("media_ids", "other", "1.0", instead=_FILES, called=(
        *_called("image_url"), *_called("video_url"), "children", "carousel", "media_list",
        "image_list", "attachment_list", "gallery_url", "media_item", "media_attachments",
        "file", "files", "upload",
    ), perhaps=(*THREADS.parameters["image_url"].perhaps, *THREADS.parameters["video_url"].perhaps),
    ),
    Parameter("media_attributes", "other", "4.1", instead=_FILES),
    Parameter("description", "text", "2.0", instead=_FILES, called=(
        *_called("alt_text"), "media_description")),
    Parameter("focus", "text", "2.3", instead=_FILES, called=("focal_point", "media_focus")),
    Parameter("thumbnail", "text", "3.2", instead=_FILES),
    Parameter("poll", "other", "2.8", instead="a poll stands in the job's post", called=(
        "poll_option", "poll_options", "poll_choice", "poll_answer", "poll_question",
        "poll_duration", "poll_expires_in", "poll_multiple", "poll_hide_totals",
        "poll_attachment", "option_a", "option_b", "option_c", "option_d",
    )),
    Parameter("scheduled_at", "other", "2.7", called=(
        "schedule_at", "publish_at", "post_at", "schedule_time", "send_at"), instead=(
        "the time of a post is its job's scheduled_time")),
    Parameter("quote_approval_policy", "choice", "4.5", called=(
        "quote_policy", "quote_approval", "who_can_quote", "can_quote", "allow_quote")),
    Parameter("allowed_mentions", "other", "4.5", called=("allowed_mention",)),
    Parameter("status", "text", "1.0", instead="the text of a post is its content", called=(
        "text", "caption", "post_text", "status_text", "toot", "toot_text", "content",
        "full_caption", "post_caption", "nội dung",
    )),
    Parameter("content_type", "choice", "", called=("text_format", "format_type", "markdown")),
    Parameter("local_only", "flag", "", called=("is_local_only", "localonly", "federated")),
    Parameter("interaction_policy", "other", "", called=(
        *_called("reply_control"), "likeable", "boostable", "replyable")),
    Parameter("access_token", "text", "1.0", instead="tokens are given to the publisher"),
    Parameter("idempotency_key", "text", "2.0", called=("idempotency",), instead=(
        "each job has a key of its own")),
)  # fmt: skip

_ELSEWHERE = (
    Elsewhere(
        ("first_comment", "first_comment_text", "first_comment_link", "1st_comment", "comment",
         "comment_text", "comment_first", "first_reply", "auto_comment", "pinned_comment",
         "self_reply", "followup_comment", "bình luận", "bình luận đầu", "bình luận đầu tiên"),
        "this publisher posts no comment; add a job with in_reply_to_id",
    ),
    Elsewhere(
        ("thread", "thread_item", "thread_part", "thread_post", "thread_text", "thread_chain",
         "thread_content", "post_chain", "post_part", "tweetstorm", "continuation", "is_thread",
         "thread_number", "thread_position"),
        "the parts of a thread stand in the job's post; or add a job for each, with in_reply_to_id",
    ),
    Elsewhere(
        ("hashtag", "hashtag_list", "hashtag_text", "post_hashtag", "topic", "topic_tag",
         "topic_name"),
        "hashtags are part of the text, and there are no other topics",
    ),
    Elsewhere(
        ("mention", "user_tag", "tagged_user", "tag_user", "tag_people", "people_tag",
         "collaborator", "collab", "coauthor"),
        "nobody is tagged but by @name in the text",
    ),
    Elsewhere(
        ("link_attachment", *THREADS.parameters["link_attachment"].called),
        "a link stands in the text, and the instance makes its card",
    ),
    Elsewhere(
        ("repost", "repost_id", "repost_of", "reposted_post", "reshare", "reshare_id", "retweet",
         "retweet_id", "boost_of", "reblog_of", "reblog"),
        "this publisher boosts nothing; a quote is quoted_status_id",
    ),
    Elsewhere(
        ("location", "location_id", "location_tag", "location_name", "place_id", "geotag",
         "geo_location", "tagged_location"),
        "a post here has no place",
    ),
    Elsewhere(
        ("mastodon_option", "mastodon_setting", "mastodon_data", "mastodon_param",
         "mastodon_config", "platform_option", "platform_setting", "platform_override",
         "platform_specific_data", "override"),
        "the keys of a post stand in the metadata itself, such as visibility",
    ),
    Elsewhere(
        ("audio_url", "audio_file", "audio_name", "music_url", "voice_url", "sticker_id",
         "document_url", "pdf_url", "gif_attachment", "gif_id", "giphy", "tenor"),
        "a post has text, images and a video",
    ),
    Elsewhere(
        ("paid_partnership", "is_paid_partnership", "branded_content", "branded_content_tag",
         "sponsor_tag", "paid_promotion", "ai_label", "is_ghost_post", "ghost_post"),
        "this publisher cannot label a post",
    ),
)  # fmt: skip

_OWN = (
    "tag", "tags", "label", "labels", "comments", "thread_id", "thread_ids", "thread_url", "source",
    "country", "country_code", "countries", "places", "contents", "parts_total", "post_url",
    "post_id", "status_id", "status_url", "mastodon_id", "mastodon_url", "languages",
    "descriptions", "state",
)  # fmt: skip

MASTODON = KnownKeys(
    "Mastodon",
    (*_DONE, *_NOT_DONE),
    _ELSEWHERE,
    own=_OWN,
    slips=("first_comment", "hashtag", "attachment", "carousel", "media_url", "content_warning"),
)
