"""The tools whose files are known: what each column of theirs is. A new tool is a new entry here.

A column is told by its name as `names.plain` has it, or by the beginning of it before a dash or a
bracket, since tools explain themselves there. What it is:

- a field of a job, such as `content`, or a key of its metadata, as the publishers have it
- `date` and `time`, which are its time together
- `draft`: a true value makes the post PENDING
- `platform=NAME`: a true value says that the post is for it
- `media`: an address, `video_url` where a video's name ends it, else `image_url`
- `-`: of the tool alone; it is left out, and that is told
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

LEFT_OUT = "-"


class Preset(msgspec.Struct, frozen=True):
    """How a tool writes its posts.

    `columns` says what its columns are. `order` has them where its files do not name them; `states`
    is what its words for states mean. `writes` has the columns of a file for it, each with what
    goes there: a key of `columns`' values, or the form of a time, in which `DATE` is said by who
    exports; without it nothing can be written for the tool.
    """

    said_by: str
    columns: Mapping[str, str]
    order: tuple[str, ...] = ()
    states: Mapping[str, str] = {}
    writes: Mapping[str, str] = {}


PRESETS: Mapping[str, Preset] = {
    "buffer": Preset(
        "Buffer, bulk upload (CSV)",
        {
            "text": "content", "posting_time": "scheduled_time", "image_url": "image_url",
            "photo": "image_url", "tags": "tags", "link": "link_attachment",
            "scheduled_date": "date", "scheduled_time": "time", "profile": "account_id",
        },
        writes={
            "Text": "content", "Image URL": "image_url", "Tags": "tags",
            "Posting Time": "%Y-%m-%d %H:%M",
        },
    ),
    "hootsuite": Preset(
        "Hootsuite, bulk composer (CSV without names: time, text, link)",
        {
            "date": "scheduled_time", "message": "content", "link": "link_attachment",
            "date_and_time": "scheduled_time", "text": "content", "url": "link_attachment",
        },
        order=("scheduled_time", "content", "link_attachment"),
        writes={"time": "DATE %H:%M", "text": "content", "link": "link_attachment"},
    ),
    "metricool": Preset(
        "Metricool, calendar import (CSV)",
        {
            "text": "content", "date": "date", "time": "time", "draft": "draft",
            "facebook": "platform=facebook", "twitter_x": "platform=x",
            "twitter": "platform=x", "linkedin": "platform=linkedin", "gbp": "platform=gbp",
            "instagram": "platform=instagram", "pinterest": "platform=pinterest",
            "tiktok": "platform=tiktok", "youtube": "platform=youtube",
            "threads": "platform=threads", "bluesky": "platform=bluesky",
            "picture_url_1": "image_url", "alt_text_picture_1": "alt_text",
        },
        writes={
            "Text": "content", "Date": "%Y-%m-%d", "Time": "%H:%M:%S", "Draft": "draft",
            "Facebook": "platform=facebook", "Twitter/X": "platform=x",
            "Instagram": "platform=instagram", "Threads": "platform=threads",
            "Picture Url 1": "image_url",
        },
    ),
    "sprout": Preset(
        "Sprout Social, bulk scheduling (CSV)",
        {
            "date": "date", "time_24hr": "time", "time": "time", "message_text": "content",
            "link_attachment": "link_attachment", "image_url": "image_url",
        },
        writes={
            "date": "DATE", "time_24hr": "%H:%M", "message_text": "content",
            "link_attachment": "link_attachment",
        },
    ),
    "socialbee": Preset(
        "SocialBee, CSV import",
        {
            "postatspecifictime": "scheduled_time", "content": "content",
            "text": "content", "link": "link_attachment", "imageurls": "image_url",
            "videourls": "video_url",
        },
        writes={
            "postAtSpecificTime (YYYY-MM-DD HH:mm:ss)": "%Y-%m-%d %H:%M:%S", "content": "content",
            "link (OGmetaUrl)": "link_attachment", "imageUrls": "image_url",
            "videoUrls": "video_url",
        },
    ),
    "publer": Preset(
        "Publer, bulk scheduling (CSV)",
        {
            "date": "scheduled_time", "text": "content", "message": "content",
            "link_s": "link_attachment", "link": "link_attachment", "media_url_s": "media",
            "alt_text_s": "alt_text",
        },
        writes={
            "Date - Intl. format or prompt": "%Y-%m-%d %H:%M", "Text": "content",
            "Link(s) - Separated by comma for FB carousels": "link_attachment",
            "Media URL(s) - Separated by comma": "media", "Title - For the video, pin, PDF ..": "",
            "Label(s) - Separated by comma": "", "Alt text(s) - Separated by ||": "alt_text",
        },
    ),
    "postiz": Preset(
        "Postiz, its list of posts (JSON)",
        {
            "content": "content", "publishdate": "scheduled_time", "state": "status",
            "account_id": "account_id", "platform": "platform", "releaseid": "thread_id",
            "releaseurl": LEFT_OUT, "id": LEFT_OUT, "group": LEFT_OUT, "tags": "tags",
        },
        states={"queue": "scheduled", "draft": "pending", "published": "completed",
                "error": "failed"},
    ),
}  # fmt: skip

ICS = Preset(
    "a calendar (.ics)",
    {
        "description": "content", "dtstart": "scheduled_time", "status": "status",
        "x_jobledger_account": "account_id", "x_jobledger_platform": "platform",
        "url": "link_attachment", "summary": LEFT_OUT, "location": LEFT_OUT,
    },
)  # fmt: skip
"""An event's properties: what every calendar names alike."""
