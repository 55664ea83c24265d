"""Vietnamese: what each text of the pages is in it."""

from __future__ import annotations

VI: dict[str, str] = {
    # -- everywhere
    "Today": "Hôm nay",
    "Jobs": "Bài đăng",
    "Inbox": "Cần xử lý",
    "Job": "Bài đăng",
    "Pages": "Các trang",
    "Skip to the content": "Đến nội dung chính",
    "Leave": "Đăng xuất",
    "Your role: {role}": "Vai trò của bạn: {role}",
    "viewer": "người xem",
    "author": "người viết",
    "editor": "biên tập viên",
    "operator": "người vận hành",
    "Times are those of {zone}.": "Giờ theo múi giờ {zone}.",
    "As it was": "Như lúc đó",
    "after event {seq} of {all}": "sau sự kiện {seq} trên {all}",
    "Event": "Sự kiện",
    "Show": "Xem",
    "Back to now": "Trở về hiện tại",
    # -- entering
    "Sign in": "Đăng nhập",
    "Name": "Tên",
    "Password": "Mật khẩu",
    "Token": "Mã truy cập",
    "It was printed where the server was started.": "Mã này được in ra ở nơi khởi động máy chủ.",
    "That is not right. The address that was printed works once; the token works always.": (
        "Mã không đúng. Địa chỉ được in ra chỉ dùng được một lần; mã truy cập dùng được mãi."
    ),
    "Name or password are not right.": "Tên hoặc mật khẩu không đúng.",
    # -- problems
    "Bad request": "Yêu cầu không hợp lệ",
    "Not signed in": "Chưa đăng nhập",
    "Not allowed": "Không được phép",
    "Not found": "Không tìm thấy",
    "Method not allowed": "Không thực hiện được ở đây",
    "It has moved on": "Bài đăng đã thay đổi",
    "Too large": "Quá lớn",
    "Another kind of content": "Sai kiểu nội dung",
    "Not served here": "Không phục vụ ở đây",
    "Not acceptable": "Không chấp nhận được",
    "Too many tries": "Thử quá nhiều lần",
    "It went wrong": "Đã xảy ra lỗi",
    "The ledger cannot be used": "Không dùng được sổ",
    # -- today
    "Nobody knows whether these are out": "Chưa rõ các bài này đã đăng hay chưa",
    "Settle them": "Xử lý các bài này",
    "due today, and posted": "hẹn hôm nay, đã đăng",
    "drafts": "bản nháp",
    "Running": "Đang đăng",
    "Late": "Trễ giờ",
    "Next": "Sắp tới",
    "Nothing is planned.": "Chưa có bài nào được lên lịch.",
    # -- is all well
    # -- states
    "pending": "bản nháp",
    "scheduled": "đã lên lịch",
    "running": "đang đăng",
    "completed": "đã đăng",
    "failed": "thất bại",
    "cancelled": "đã hủy",
    "expired": "quá hạn",
    "outcome unknown": "chưa rõ kết quả",
    # -- jobs
    "New job": "Bài mới",
    "State": "Trạng thái",
    "Account": "Tài khoản",
    "Text": "Nội dung",
    "Order": "Thứ tự",
    "all": "tất cả",
    "as they go out": "theo lượt đăng",
    "by time": "theo giờ",
    "There are none.": "Không có bài nào.",
    "Next page": "Trang sau",
    "Look at the account, then open the job and say what you found. None of them is tried again"
    " by itself.": (
        "Hãy xem tài khoản, rồi mở bài và cho biết bạn thấy gì. Không bài nào tự động đăng lại."
    ),
    # -- a job
    "{count} of 500 characters": "{count} trên 500 ký tự",
    "posted as {id}": "đã đăng với mã {id}",
    "This job was removed": "Bài này đã bị xóa",
    "Why": "Vì sao",
    "What can be done": "Có thể làm gì",
    "What happened": "Đã xảy ra những gì",
    "Priority": "Độ ưu tiên",
    "low": "thấp",
    "normal": "bình thường",
    "high": "cao",
    "urgent": "khẩn cấp",
    "Time": "Thời gian",
    "Reason": "Lý do",
    "Id of the post": "Mã bài đăng",
    "It is out": "Đã đăng rồi",
    "It is not out": "Chưa đăng",
    "Schedule": "Lên lịch",
    "Keep as a draft": "Lưu bản nháp",
    "edit": "sửa",
    "reschedule": "đổi giờ",
    "hold": "tạm giữ",
    "release": "thả ra",
    "cancel": "hủy",
    "requeue": "đăng lại",
    "remove": "xóa",
    # -- events
    "added": "đã thêm",
    "held": "đã tạm giữ",
    "released": "đã thả ra",
    "edited": "đã sửa",
    "rescheduled": "đã đổi giờ",
    "started": "bắt đầu đăng",
    "noted": "ghi chú",
    "checkpointed": "đã qua một bước",
    "deferred": "đã hoãn",
    "retried": "sẽ thử lại",
    "interrupted": "bị gián đoạn",
    "requeued": "đã xếp lại hàng",
    "resolved": "đã xác định kết quả",
    "removed": "đã xóa",
    # -- the calendar, and forms with a time
    # -- two moments
    # -- the log
    # -- accounts
    # -- many at once
    # -- the inbox
}
