"""The Vietnamese text of what is said of schedules and slots; as `vietnamese.py`.

A schedule is `lịch đăng`, an occurrence `lần đăng`, a slot `khung giờ`.
"""

from __future__ import annotations

SCHEDULES = {
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
