"""Vietnamese of what a post is made of, besides its text."""

from __future__ import annotations

from .vi_writing import WRITING

POSTS: dict[str, str] = {
    **WRITING,
    "Retries so far": "Số lần đã thử lại",
    "Retries at most": "Số lần thử lại tối đa",
    "Further facts": "Thông tin thêm",
    "Parts and media": "Các phần và tệp đính kèm",
    "Part {number} of {many}": "Phần {number} trên {many}",
    "image": "ảnh",
    "video": "video",
    "media": "tệp",
    "Description:": "Mô tả:",
    "without a description": "không có mô tả",
    "Link:": "Liên kết:",
    "Poll:": "Bình chọn:",
    "open for {minutes} minutes": "mở trong {minutes} phút",
    "several may be chosen": "được chọn nhiều mục",
    "Quotes": "Trích dẫn",
    "Topic:": "Chủ đề:",
    "Answers": "Trả lời",
    "Language:": "Ngôn ngữ:",
    "Seen by:": "Người xem:",
}
