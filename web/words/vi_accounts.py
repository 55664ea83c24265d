"""Vietnamese of the pages of accounts."""

from __future__ import annotations

ACCOUNTS: dict[str, str] = {
    "Last": "Gần nhất",
    "Now": "Đang chạy",
    "posts": "bài",
    "posted": "đã đăng xong",
    "Nothing was posted yet.": "Chưa đăng bài nào.",
    "{count} failed in the last {days} days": "{count} bài thất bại trong {days} ngày qua",
    "More than {count} failed in the last {days} days": (
        "Hơn {count} bài thất bại trong {days} ngày qua"
    ),
    "Failed in the last {days} days": "Thất bại trong {days} ngày qua",
    "Posted last": "Đăng gần nhất",
    "Held back until {time}": "Bị giữ lại đến {time}",
    "Its token ends {time}": "Token hết hạn lúc {time}",
    "Its token ended {time}": "Token đã hết hạn lúc {time}",
    "There is no account of this name.": "Không có tài khoản nào tên như vậy.",
    "There is no account yet: one begins with its first job.": (
        "Chưa có tài khoản nào: tài khoản có từ bài đầu tiên của nó."
    ),
    "The next {count} days": "{count} ngày tới",
    "Compare with posts a day": "So với số bài mỗi ngày",
    "Above {count} a day:": "Trên {count} bài một ngày:",
    "No day is above {count}.": "Không ngày nào trên {count} bài.",
    "{count} too many": "thừa {count}",
    "{count} or more": "{count} trở lên",
    "not counted": "chưa đếm",
    "There is too much to count all of it: what comes from {day} on is left out.": (
        "Có quá nhiều bài để đếm hết: các bài từ {day} trở đi chưa được tính."
    ),
    "What an account may post a day is a setting of its runner, and not known here; when that holds"
    " a post back, this page says so and why. The number to compare with is in this page's address,"
    " and kept nowhere.": (
        "Số bài một tài khoản được đăng mỗi ngày là thiết lập của bộ chạy, ở đây không biết; khi"
        " thiết lập đó giữ một bài lại, trang này nói rõ và vì sao. Số để so sánh chỉ có trong địa"
        " chỉ của trang này, không được lưu ở đâu."
    ),
}
