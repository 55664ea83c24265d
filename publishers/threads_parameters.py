"""What the Threads API knows of a post, and what of it ThreadsPublisher sends.

Source: the parameters of POST /{threads-user-id}/threads and /threads_publish,
https://developers.facebook.com/documentation/threads/reference/publishing (updated 2026-04-20), and
the pages on posts, polls, spoilers, ghost posts, text attachments and Instagram stories beside it
(updated 2026-07-02); looked up on 2026-11-27. `since` is the year that the platform told it in.
"""

from __future__ import annotations

from ..domain import PLATFORMS
from .known_keys import Elsewhere, KnownKeys, Parameter

_TABLE = PLATFORMS["threads"]
assert _TABLE.alt_text is not None
assert _TABLE.topic is not None
assert _TABLE.most_links is not None
LONGEST_TEXT, LONGEST_ALT_TEXT, LONGEST_TOPIC = _TABLE.longest, _TABLE.alt_text, _TABLE.topic
MOST_LINKS = _TABLE.most_links
"""Different ones, in the text and as attachment; since 2025-12-22 (page on text attachments)."""
REPLY_CONTROLS = (
    "everyone",
    "accounts_you_follow",
    "mentioned_only",
    "parent_post_author_only",
    "followers_only",
)

_DONE = (
    Parameter(
        "image_url", "media", "2024", done=True,
        called=(
            "image", "img", "picture", "photo", "pic", "image_link", "image_src", "image_uri",
            "image_address", "image_path", "image_file", "image_href", "img_url", "img_src",
            "img_link", "picture_url", "picture_link", "picture_file", "photo_url", "photo_link",
            "photo_file", "pic_url", "media", "media_url", "media_uri", "media_link", "media_src",
            "media_file", "media_path", "media_id", "media_attachment", "attachment",
            "attachment_url",
            "attachment_file", "attached_image", "attached_media", "asset_url", "file_url", "jpg",
            "jpg_url", "png_url", "post_image", "post_image_url", "featured_image",
            "featured_image_url", "main_image", "main_image_url", "url_image", "url_photo",
            "link_image", "link_photo", "ảnh", "hình", "hình ảnh", "hinh anh", "link ảnh",
            "link hình", "link anh", "url ảnh", "đường dẫn ảnh",
            "img_path", "img_file", "image_name", "image_file_name", "picture_name", "photo_name",
            "image_video", "image_or_video", "photo_video", "photo_or_video", "image_video_link",
            "photo_video_link", "asset_link", "creative_url", "creative_link", "visual_url",
            "visual_link", "graphic_url", "graphic_link", "link_to_image", "link_to_photo",
            "link_to_picture", "link_to_media", "link_to_asset", "link_to_creative",
            "link_to_visual", "link_to_graphic",
        ),
        perhaps=(
            "visual", "creative", "asset", "graphic", "artwork", "banner", "thumbnail",
            "thumbnail_url", "thumb", "cover", "poster", "file", "filename", "album",
            "gallery", "slide", "image_id", "design", "screenshot", "attached", "hình minh họa",
            "ảnh minh họa",
        ),
    ),
    Parameter(
        "video_url", "media", "2024", done=True,
        called=(
            "video", "video_link", "video_src", "video_uri", "video_file", "video_path",
            "video_address", "attached_video", "clip_url", "reel_url",
            "mp4", "mp4_url", "url_video", "link_video", "post_video", "post_video_url",
            "video_name", "video_file_name", "link_to_video",
        ),
        perhaps=("clip", "reel", "movie", "footage", "film", "video_id"),
    ),
    Parameter(
        "alt_text", "text", "2024", done=True,
        called=(
            "alt", "alternative_text", "alternate_text", "alt_description", "alt_tag",
            "alt_caption",
            "image_alt", "image_alt_text", "img_alt", "media_alt", "media_alt_text", "photo_alt",
            "picture_alt", "video_alt_text", "alt_text_image", "alt_text_picture", "alt_text_video",
            "image_description", "picture_description", "accessibility_text",
            "accessibility_label", "accessibility_caption",
        ),
    ),
    Parameter(
        "link_attachment", "address", "2024", done=True,
        called=(
            "link", "url", "link_url", "url_link", "link_attachment_url", "attachment_link",
            "attached_link", "link_attached", "link_preview", "link_preview_url", "link_card",
            "post_link", "post_url_link", "og_url", "href", "hyperlink", "đường dẫn", "liên kết",
        ),
    ),
    Parameter(
        "reply_to_id", "id", "2024", done=True,
        called=(
            "reply_to", "reply_to_post", "reply_to_post_id", "reply_to_thread",
            "reply_to_thread_id", "reply_to_media_id", "reply_to_status_id", "reply_to_tweet_id",
            "reply_to_url", "reply_to_link", "reply_id", "in_reply_to", "in_reply_to_id",
            "in_reply_to_post_id", "in_reply_to_status_id", "in_reply_to_tweet_id", "replied_to",
            "replied_to_id", "replying_to", "reply_parent", "parent_post", "parent_post_id",
            "parent_thread_id", "reply_target",
        ),
    ),
    Parameter(
        "quote_post_id", "id", "2024", done=True,
        called=(
            "quote", "quote_id", "quote_post", "quote_post_url", "quote_url", "quote_of",
            "quoted_post", "quoted_post_id", "quoted_id", "quote_thread_id", "quoted_thread_id",
            "quote_tweet", "quote_tweet_id", "quoted_status_id", "quoting",
        ),
    ),
    Parameter(
        "topic_tag", "topic", "2025", done=True,
        called=("topic", "topic_name", "topic_hashtag", "tag_topic", "post_topic", "chủ đề"),
    ),
    Parameter(
        "reply_control", "choice", "2024", done=True,
        called=(
            "reply_setting", "reply_permission", "reply_audience", "reply_policy", "reply_mode",
            "reply_restriction", "who_can_reply", "who_can_comment", "can_reply", "allow_reply",
            "allow_comment", "disable_reply", "disable_comment", "comment_control",
            "comment_setting", "comment_permission", "comment_disabled", "control_reply",
        ),
    ),
)  # fmt: skip

_ONE_PICTURE = "several pictures or videos are the media of a job's post"

_NOT_DONE = (
    Parameter("media_type", "choice", "2024", called=("type_of_media",), instead=(
        "it follows from image_url and video_url, or from the media of a job's post")),
    Parameter("children", "other", "2024", instead=_ONE_PICTURE, called=(
        "carousel", "carousel_item", "carousel_children", "carousel_url", "carousel_image",
        "carousel_media", "slideshow", "media_item",
        "media_list", "image_list", "attachment_list", "gallery_url",
    )),
    Parameter("is_carousel_item", "flag", "2024", instead=_ONE_PICTURE),
    Parameter("text", "text", "2024", instead="the text of a post is its content", called=(
        "caption", "post_text", "content", "full_caption", "post_caption", "nội dung",
    )),
    Parameter("allowlisted_country_codes", "other", "2024", called=(
        "allowlisted_country", "allowlist_country", "allowed_country", "allowed_country_code",
        "geo_gating", "geo_gate", "geo_restriction", "country_allowlist", "country_whitelist",
        "whitelisted_country_code", "blocked_country", "visible_in_country",
    )),
    Parameter("poll_attachment", "other", "2025", instead=(
        "a poll is one of a job's post"), called=(
        "poll", "poll_option", "poll_choice", "poll_answer", "poll_question", "poll_duration",
        "option_a", "option_b", "option_c", "option_d",
    )),
    Parameter("auto_publish_text", "flag", "2025", instead=(
        "every post is published in durable steps")),
    Parameter("location_id", "id", "2025", called=(
        "location", "location_tag", "location_name", "place_id", "geotag",
        "geo_location", "tagged_location",     )),
    Parameter("is_spoiler_media", "flag", "2025", called=(
        "spoiler", "is_spoiler", "spoiler_media", "media_spoiler", "spoiler_text", "sensitive",
        "is_sensitive", "sensitive_media", "possibly_sensitive", "content_warning", "nsfw",
    )),
    Parameter("text_entities", "other", "2025", called=(
        "text_spoiler", "spoiler_range", "text_format", "text_style",
        "text_with_styling_info",
    )),
    Parameter("text_attachment", "other", "2025", called=(
        "attached_text", "long_text", "text_attached", "text_attachment_link", "plaintext",
    )),
    Parameter("gif_attachment", "other", "2025", called=(
        "gif", "gif_id", "gif_url", "gif_link", "gif_provider", "giphy", "giphy_id", "giphy_url",
        "tenor", "tenor_id", "tenor_url",
    )),
    Parameter("is_ghost_post", "flag", "2025", called=(
        "ghost", "ghost_post", "is_ghost", "disappearing", "ephemeral",
    )),
    Parameter("enable_reply_approvals", "flag", "2025", called=(
        "reply_approval", "approve_reply", "approve_reply_first", "reply_moderation",
        "comment_moderation",
    )),
    Parameter("crossreshare_to_ig", "flag", "2026", called=(
        "crosspost", "crosspost_to", "crosspost_to_instagram", "crosspost_to_ig",
        "crosspost_to_facebook", "crosspost_to_fb", "cross_share", "cross_share_to_ig",
        "cross_share_to_instagram",
        "cross_reshare", "share_to_ig", "share_to_instagram", "share_to_ig_story",
        "share_to_instagram_story", "share_to_story", "share_to_feed", "share_to_facebook",
        "share_to_fb", "instagram_story",
    )),
    Parameter("crossreshare_to_ig_dark_mode", "flag", "2026"),
    Parameter("creation_id", "id", "2024", instead="each job makes a container of its own"),
    Parameter("access_token", "text", "2024", instead="tokens are given to the publisher"),
    Parameter("threads_user_id", "id", "2024", instead="user_ids of the publisher has them"),
)  # fmt: skip

_NO_COMMENT = "this publisher posts no comment; put it into the text, or add a job with reply_to_id"
_ONE_POST = "one job is one post; add a job for each part, with reply_to_id"

_ELSEWHERE = (
    Elsewhere(
        ("first_comment", "first_comment_text", "first_comment_link", "1st_comment", "comment",
         "comment_text", "comment_first", "first_reply", "auto_comment", "pinned_comment",
         "self_reply", "followup_comment", "bình luận", "bình luận đầu", "bình luận đầu tiên",
         "comment đầu tiên"),
        _NO_COMMENT,
    ),
    Elsewhere(
        ("thread", "thread_item", "thread_part", "thread_post", "thread_text", "thread_chain",
         "thread_content", "post_chain", "post_part", "tweetstorm",
         "continuation", "is_thread", "thread_number", "thread_position"),
        _ONE_POST,
    ),
    Elsewhere(
        ("hashtag", "hashtag_list", "hashtag_text", "post_hashtag"),
        "hashtags are part of the text; the one topic of a post is topic_tag",
    ),
    Elsewhere(
        ("mention", "user_tag", "tagged_user", "tag_user", "tag_people", "people_tag",
         "collaborator", "collab", "coauthor"),
        "nobody is tagged but by @name in the text",
    ),
    Elsewhere(
        ("repost", "repost_id", "repost_of", "reposted_post", "reshare", "reshare_id", "retweet",
         "retweet_id", "boost_of", "reblog_of"),
        "this publisher reposts nothing; a quote is quote_post_id",
    ),
    Elsewhere(
        ("threads_option", "threads_setting", "threads_data", "threads_param", "threads_config",
         "platform_option", "platform_setting", "platform_override", "platform_specific_data",
         "override"),
        "the keys of a post stand in the metadata itself, such as image_url",
    ),
    Elsewhere(
        ("engagement_data", "like_criteria"),
        "this publisher posts; it likes, follows and answers nothing",
    ),
    Elsewhere(
        ("paid_partnership", "is_paid_partnership", "branded_content", "branded_content_tag",
         "sponsor_tag", "paid_promotion", "ai_label"),
        "this publisher cannot label a post",
    ),
    Elsewhere(
        ("privacy", "privacy_level", "privacy_status", "privacy_setting", "visibility",
         "post_visibility"),
        "every post here is public to whom the profile is",
    ),
    Elsewhere(
        ("audio_url", "audio_file", "audio_name", "music_url", "voice_url",
         "sticker_id", "document_url", "pdf_url"),
        "a post has text, and a picture or a video",
    ),
    Elsewhere(
        ("cover_url", "cover_image", "cover_image_url", "video_cover", "video_cover_url",
         "thumb_offset", "video_thumbnail", "video_thumbnail_url"),
        "Threads takes a video's cover from the video itself",
    ),
)  # fmt: skip

_OWN = (
    "tag", "tags", "label", "labels", "comments", "thread_id", "thread_ids", "thread_url",
    "threads_url", "thread_link", "threads_link", "threads_id", "country", "country_code",
    "countries", "places", "contents", "parts_total", "post_url", "post_id", "alt_test",
    "alt_next",
)  # fmt: skip

THREADS = KnownKeys(
    "Threads",
    (*_DONE, *_NOT_DONE),
    _ELSEWHERE,
    own=_OWN,
    slips=(
        "first_comment", "hashtag", "attachment", "carousel", "media_url", "picture_url",
        "photo_url", "reply_to_post_id",
    ),
)  # fmt: skip
