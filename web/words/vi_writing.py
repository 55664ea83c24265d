"""Vietnamese of the form in which a post is written, and of what is wrong with one."""

from __future__ import annotations

WRITING: dict[str, str] = {
    "Platform": "Nền tảng",
    "Address of an image or a video": "Địa chỉ ảnh hoặc video",
    "Description for those who do not see it": "Mô tả cho người không nhìn thấy",
    "Take it out": "Bỏ ra",
    "Image or video from this device": "Ảnh hoặc video từ máy này",
    "Up to 16 MB together.": "Tối đa 16 MB cho tất cả.",
    "Media by address": "Ảnh, video theo địa chỉ",
    "Link": "Liên kết",
    "Address of the link": "Địa chỉ liên kết",
    "Title of the link": "Tiêu đề liên kết",
    "About the link": "Về liên kết",
    "Poll": "Bình chọn",
    "Choice {number}": "Lựa chọn {number}",
    "Open for how many minutes": "Mở trong bao nhiêu phút",
    "Several may be chosen": "Được chọn nhiều mục",
    "Quote": "Trích dẫn",
    "Id or address of the post that is quoted": "Mã hoặc địa chỉ của bài được trích dẫn",
    "Take out part {number}": "Bỏ phần {number}",
    "Add a part": "Thêm một phần",
    "Topic, answer, language, audience": "Chủ đề, trả lời, ngôn ngữ, người xem",
    "Topic": "Chủ đề",
    "Answers the post of this id or address": "Trả lời bài có mã hoặc địa chỉ này",
    "Language of the post": "Ngôn ngữ của bài",
    "Who sees it": "Ai xem được",
    "as the account has it": "theo tài khoản",
    "everybody": "mọi người",
    "everybody, but in no list": "mọi người, nhưng không hiện trong danh sách",
    "followers": "người theo dõi",
    "who is mentioned": "người được nhắc đến",
    "Play the video": "Phát video",
    "The file was removed from the store since.": "Tệp đã bị xóa khỏi kho từ đó.",
}

FAULTS: dict[str, str] = {
    # -- what a platform does not take of a post: each is said beside its field
    "is set, and {} has no {}": "đã có, mà {} không có {}",
    "chains of posts": "chuỗi bài",
    "replies": "trả lời",
    "topics": "chủ đề",
    "languages of posts": "ngôn ngữ của bài",
    "quotes": "trích dẫn",
    "polls": "bình chọn",
    "must be at most {} characters on {}, not {}": "tối đa {} ký tự trên {}, không phải {}",
    "must be at most {} characters, not {}": "tối đa {} ký tự, không phải {}",
    "must be {} on {}, not {}": "phải là {} trên {}, không phải {}",
    "and {} exclude each other on {}": "và {} loại trừ nhau trên {}",
    "media": "tệp đính kèm",
    "link attachment": "liên kết đính kèm",
    "poll": "bình chọn",
    "must have at least {} {} on {}, not {}": "phải có ít nhất {} {} trên {}, không phải {}",
    "must have at most {} {} on {}, not {}": "có nhiều nhất {} {} trên {}, không phải {}",
    "options": "lựa chọn",
    "minutes": "phút",
    "images": "ảnh",
    "videos": "video",
    "seconds": "giây",
    "pixels of width": "điểm ảnh chiều rộng",
    "width by height": "(rộng chia cao)",
    "is empty, and {} takes no post without media": "trống, mà {} không nhận bài không có ảnh",
    "has images and videos, which {} does not take together": (
        "có cả ảnh và video, mà {} không nhận cùng lúc"
    ),
    "is an address, and {} is sent the file itself": "là địa chỉ, mà {} cần chính tệp đó",
    "({}) is {}, and {} takes {}": "({}) là {}, mà {} nhận {}",
    "({}) has {}, and {} takes {}": "({}) có {}, mà {} nhận {}",
    # -- what is no post anywhere
    "is empty": "trống",
    "has the same one twice": "có một mục hai lần",
    "must be {} to {}, not {}": "phải từ {} đến {}, không phải {}",
    "must be from {} to {}, not {}": "phải từ {} đến {}, không phải {}",
    "must be a number of minutes": "phải là số phút",
    "must be an http(s) address, not {}": "phải là địa chỉ http(s), không phải {}",
    "must be a code such as vi or pt-BR, not {}": "phải là mã như vi hoặc pt-BR, không phải {}",
    "is neither a file nor an https address: {}": "không phải tệp, cũng không phải địa chỉ: {}",
    "must be an address, and no file of the machine of this page": (
        "phải là địa chỉ, không phải tệp trên máy của trang này"
    ),
    # -- files that are sent
    "{}: the file is no PNG, JPEG, GIF, WebP, MP4 or MOV": (
        "{}: tệp không phải PNG, JPEG, GIF, WebP, MP4 hay MOV"
    ),
    "{}: the {} file is broken: it {}": "{}: tệp {} bị hỏng: {}",
    "{}: the file is a HEIF or AVIF picture, which is not looked into here": (
        "{}: tệp là ảnh HEIF hoặc AVIF, ở đây không đọc được"
    ),
    "choose the file again: this server was started anew since, or you have signed in anew": (
        "hãy chọn lại tệp: máy chủ đã khởi động lại từ đó, hoặc bạn đã đăng nhập lại"
    ),
}
