"""What a post on Bluesky can have, and what of it BlueskyPublisher sends from a job's metadata.

Source: the lexicons app.bsky.feed.post, app.bsky.embed.*, app.bsky.feed.threadgate and postgate of
https://github.com/bluesky-social/atproto/tree/main/lexicons; looked up on 2026-11-28. What a job
calls a thing has no name there: `link` is app.bsky.embed.external, `quote` app.bsky.embed.record.
"""

from __future__ import annotations

from .known_keys import Elsewhere, KnownKeys, Parameter

_NO_FILES = "Bluesky takes the file itself, and from the metadata this publisher sends none"

_DONE = (
    Parameter(
        "reply_to", "address", "2023", done=True,
        called=(
            "reply", "reply_to_id", "reply_to_post", "reply_to_post_id", "reply_to_uri",
            "reply_to_url", "reply_to_link", "reply_id", "reply_uri", "in_reply_to",
            "in_reply_to_id", "in_reply_to_post_id", "in_reply_to_status_id", "replied_to",
            "replying_to", "reply_parent", "reply_root", "parent_post", "parent_uri",
            "parent_post_id", "parent", "reply_target",
        ),
    ),
    Parameter(
        "quote", "address", "2023", done=True,
        called=(
            "quote_post", "quote_post_id", "quote_post_url", "quote_id", "quote_url", "quote_uri",
            "quote_of", "quoted_post", "quoted_post_id", "quoted_id", "quoted_uri", "quote_tweet",
            "quote_tweet_id", "quoted_status_id", "quoting", "embed_record", "record_embed",
        ),
    ),
    Parameter(
        "link", "other", "2023", done=True,
        called=(
            "url", "link_url", "url_link", "link_attachment", "attachment_link", "attached_link",
            "link_attached", "link_preview", "link_preview_url", "link_card", "card", "card_url",
            "external", "external_url", "embed_external", "embed_url", "website_card", "post_link",
            "og_url", "href", "hyperlink", "đường dẫn", "liên kết",
        ),
    ),
    Parameter(
        "link_title", "text", "2023", done=True,
        called=("card_title", "url_title", "og_title", "external_title", "preview_title"),
    ),
    Parameter(
        "link_description", "text", "2023", done=True,
        called=(
            "card_description", "url_description", "og_description", "external_description",
            "preview_description",
        ),
    ),
    Parameter(
        "langs", "other", "2023", done=True,
        called=("lang", "language", "post_language", "locale", "language_code", "ngôn ngữ"),
    ),
)  # fmt: skip

_NOT_DONE = (
    Parameter("image_url", "media", "2023", instead=_NO_FILES, called=(
        "image", "img", "picture", "photo", "pic", "image_link", "image_src", "image_uri",
        "image_path", "image_file", "img_url", "img_src", "picture_url", "picture_link",
        "photo_url", "photo_link", "photo_file", "pic_url", "media", "media_url", "media_uri",
        "media_link", "media_file", "media_path", "media_attachment", "attachment",
        "attachment_url", "attached_image", "attached_media", "asset_url", "file_url", "post_image",
        "featured_image", "featured_image_url", "main_image", "image_list", "media_list",
        "embed_image", "carousel", "carousel_item", "gallery", "gallery_url", "ảnh", "hình",
        "hình ảnh", "link ảnh",
    ), perhaps=(
        "visual", "creative", "asset", "graphic", "artwork", "banner", "thumbnail", "thumb",
        "cover", "poster", "file", "filename", "album", "slide", "design", "screenshot", "attached",
    )),
    Parameter("video_url", "media", "2024", instead=_NO_FILES, called=(
        "video", "video_link", "video_src", "video_uri", "video_file", "video_path",
        "attached_video", "clip_url", "reel_url", "mp4", "mp4_url", "embed_video",
    ), perhaps=("clip", "reel", "movie", "footage", "film")),
    Parameter("alt_text", "text", "2023", instead="it is for a picture or a video", called=(
        "alt", "alternative_text", "alt_description", "image_alt", "image_alt_text", "img_alt",
        "media_alt", "media_alt_text", "video_alt_text", "image_description",
        "accessibility_text",
    )),
    Parameter("captions", "other", "2024", called=("subtitle", "video_caption", "vtt")),
    Parameter("thumb", "other", "2023", called=("link_thumb", "link_image", "card_image",
                                                "og_image", "external_thumb", "link_thumbnail")),
    Parameter("text", "text", "2023", instead="the text of a post is its content", called=(
        "caption", "post_text", "content", "full_caption", "post_caption", "nội dung",
    )),
    Parameter("facets", "other", "2023", instead=(
        "links, mentions and hashtags are found in the text"), called=("rich_text", "entity")),
    Parameter("tags", "other", "2023", instead="a #tag in the text is one", called=(
        "hashtag", "hashtag_list", "hashtag_text", "post_hashtag")),
    Parameter("embed", "other", "2023", instead="link and quote make one"),
    Parameter("labels", "other", "2023", called=(
        "self_label", "content_label", "content_warning", "sensitive", "is_sensitive",
        "possibly_sensitive", "nsfw", "is_nsfw", "adult", "adult_content", "spoiler",
        "spoiler_text",
    )),
    Parameter("threadgate", "other", "2023", called=(
        "thread_gate", "reply_control", "reply_setting", "reply_permission", "who_can_reply",
        "who_can_comment", "can_reply", "allow_reply", "disable_reply", "disable_comment",
        "reply_restriction", "comment_disabled", "reply_audience", "hidden_reply",
    )),
    Parameter("postgate", "other", "2024", called=(
        "post_gate", "disable_quote", "disable_embedding", "allow_quote", "quote_control",
        "detached_quote",
    )),
    Parameter("created_at", "text", "2023", instead="it is the time at which the post goes out",
              called=("createdAt", "backdate", "post_date_override")),
    Parameter("rkey", "id", "2023", instead="it is made from the job, and keeps it from going out"
              " twice", called=("record_key",)),
    Parameter("via", "text", "2023"),
    Parameter("password", "text", "2023", instead="passwords are given to the publisher", called=(
        "app_password", "access_token", "access_jwt", "refresh_jwt")),
)  # fmt: skip

_ELSEWHERE = (
    Elsewhere(
        ("first_comment", "first_comment_text", "1st_comment", "comment", "comment_text",
         "first_reply", "auto_comment", "pinned_comment", "self_reply", "followup_comment",
         "bình luận", "bình luận đầu"),
        "this publisher posts no comment; put it into the text, or add a job with reply_to",
    ),
    Elsewhere(
        ("thread", "thread_item", "thread_part", "thread_post", "thread_text", "thread_chain",
         "post_chain", "post_part", "tweetstorm", "is_thread"),
        "a post's parts are not in its metadata; add a job for each, with reply_to",
    ),
    Elsewhere(
        ("poll", "poll_option", "poll_choice", "poll_question", "poll_duration", "poll_answer",
         "poll_attachment"),
        "Bluesky has no polls",
    ),
    Elsewhere(
        ("mention", "user_tag", "tagged_user", "tag_user", "tag_people", "collaborator", "collab"),
        "nobody is mentioned but by @handle in the text",
    ),
    Elsewhere(
        ("repost", "repost_id", "repost_of", "reposted_post", "reshare", "retweet", "retweet_id",
         "boost_of", "reblog_of"),
        "this publisher reposts nothing; a quote is quote",
    ),
    Elsewhere(
        ("bluesky_option", "bluesky_setting", "bluesky_data", "bluesky_config", "platform_option",
         "platform_setting", "platform_override", "platform_specific_data", "override"),
        "the keys of a post stand in the metadata itself, such as link",
    ),
    Elsewhere(
        ("privacy", "privacy_level", "privacy_status", "visibility", "post_visibility", "audience"),
        "every post on Bluesky is public",
    ),
    Elsewhere(
        ("topic", "topic_tag", "location", "location_id", "location_name", "place_id", "geotag"),
        "Bluesky has neither topics nor places; a #tag in the text is a tag",
    ),
    Elsewhere(
        ("audio_url", "audio_file", "music_url", "gif", "gif_id", "gif_url", "gif_attachment",
         "giphy_url", "tenor_url", "document_url", "pdf_url"),
        "a post has text, and a card, a quote, pictures or a video",
    ),
)  # fmt: skip

_OWN = (
    "label", "comments", "thread_id", "thread_ids", "thread_url", "threads_url", "post_url",
    "post_id", "contents", "link_aff", "tag", "card_id", "parents",
)  # fmt: skip

BLUESKY_KEYS = KnownKeys(
    "Bluesky",
    (*_DONE, *_NOT_DONE),
    _ELSEWHERE,
    own=_OWN,
    slips=("first_comment", "hashtag", "attachment", "media_url", "picture_url", "photo_url"),
)
