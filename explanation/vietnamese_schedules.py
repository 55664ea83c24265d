"""The Vietnamese text of what is said of schedules and slots; as `vietnamese.py`.

A schedule is `lịch đăng`, an occurrence `lần đăng`, a slot `khung giờ`.
"""

from __future__ import annotations

SCHEDULES = {
    "It makes posts of account {account} {rule}, in {zone}.": (
        "Lịch này tạo bài cho tài khoản {account} {rule}, theo giờ {zone}."
    ),
    "{jobs}: made or changed by hand, and left as that is.": (
        "{jobs}: được tạo hoặc sửa tay và được giữ nguyên như vậy."
    ),
    "Nothing comes of it any more.": "Lịch này không còn lần đăng nào nữa.",
    "The next one comes {when}, and becomes a job a year ahead of that.": (
        "Lần tiếp theo {when}, và sẽ thành bài đăng trước đó một năm."
    ),
    "The next one is job {job}, {when}.": "Lần tiếp theo là bài đăng {job}, {when}.",
    "Its jobs are drafts: each runs once {released}.": (
        "Các bài của lịch là bản nháp: mỗi bài chỉ chạy khi {released}."
    ),
    "Skipped: {occurrences}.": "Đã bỏ qua: {occurrences}.",
    "It was added paused, and makes nothing until it is resumed.": (
        "Lịch được thêm vào ở trạng thái tạm dừng, và không tạo gì cho đến khi được tiếp tục."
    ),
    "It was paused{by} {when}: it makes nothing, and its waiting jobs are held, until it is"
    " resumed.": (
        "Lịch đã bị tạm dừng{by} {when}: lịch không tạo gì, và các bài đang chờ bị tạm giữ,"
        " cho đến khi được tiếp tục."
    ),
    "It has ended {when}: {reason}.": "Lịch đã kết thúc {when}: {reason}.",
    "Of its posts {count} still wait, the last comes {when}.": (
        "Còn {count} bài của lịch đang chờ, bài cuối {when}."
    ),
    "When it was last planned {count} were left out, since the account has their text already:"
    " {names}.": (
        "Lần lên kế hoạch gần nhất đã bỏ ra {count} lần, vì tài khoản đã có nội dung đó: {names}."
    ),
    "When it was last planned {count} were past already, and are not posted.": (
        "Lần lên kế hoạch gần nhất có {count} lần đã qua, và không được đăng."
    ),
    "It is post {number} of schedule {name}, the occurrence {occurrence}.": (
        "Đây là bài thứ {number} của lịch đăng {name}, lần đăng {occurrence}."
    ),
    "Its schedule has changed it: {cause}.": "Lịch đăng đã thay đổi bài: {cause}.",
    "It was changed by hand, so its schedule leaves it as it is.": (
        "Bài đã được sửa tay, nên lịch đăng giữ nguyên bài."
    ),
    "It was cancelled{by} {when}: {cause}.": "Bài đã bị hủy{by} {when}: {cause}.",
    "It was left out, {late} after its time ({due}): {cause}.": (
        "Bài bị bỏ ra, {late} sau giờ hẹn đăng ({due}): {cause}."
    ),
    "It has ended {when}: {reason}, {note!r}.": "Lịch đã kết thúc {when}: {reason}, {note!r}.",
    "schedule_added": "đã thêm lịch đăng",
    "schedule_edited": "đã sửa lịch đăng",
    "schedule_paused": "đã tạm dừng lịch đăng",
    "schedule_resumed": "đã tiếp tục lịch đăng",
    "schedule_planned": "đã lên kế hoạch",
    "schedule_skipped": "đã bỏ qua một lần đăng",
    "schedule_ended": "đã kết thúc lịch đăng",
    "slots_set": "đã đặt khung giờ",
    "active": "đang hoạt động",
    "paused": "tạm dừng",
    "ended": "đã kết thúc",
    "in {zone}": "theo giờ {zone}",
    "the occurrence {name}": "lần đăng {name}",
    "{count} a week": "{count} khung giờ mỗi tuần",
    "up to {moment}": "đến {moment}",
    "{count} posts so far": "đã có {count} bài",
    "{count} were past already": "{count} lần đã qua từ trước",
    "{name} is left out: {why}": "{name} bị bỏ ra: {why}",
    "{count} more are left out": "thêm {count} lần bị bỏ ra",
    "the account has its text already": "tài khoản đã có nội dung này",
    "its text is not acceptable": "nội dung không hợp lệ",
    "so many as were asked for are planned": "đã lên kế hoạch đủ số bài yêu cầu",
    "nothing comes any more before its end": "không còn lần đăng nào trước ngày kết thúc",
    "each of its texts is planned": "mỗi nội dung đã được lên kế hoạch",
    "by hand": "theo cách thủ công",
    "of schedule {name}": "của lịch đăng {name}",
    "its schedule was edited": "lịch đăng của bài đã được sửa",
    "its schedule was paused": "lịch đăng của bài đã bị tạm dừng",
    "its schedule was resumed": "lịch đăng của bài đã được tiếp tục",
    "this occurrence of its schedule was skipped": "lần đăng này của lịch đã bị bỏ qua",
    "its schedule was ended": "lịch đăng của bài đã kết thúc",
    "its time zone has other rules now": "múi giờ của lịch nay có quy tắc khác",
    "it was later than its schedule allows": "bài trễ hơn mức lịch đăng cho phép",
    "the post before it was not over": "bài trước đó chưa xong",
}
