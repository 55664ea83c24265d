"""Vietnamese: what each text of the pages is in it."""

from __future__ import annotations

from .vi_accounts import ACCOUNTS
from .vi_import import IMPORT
from .vi_posts import POSTS
from .vi_schedules import SCHEDULES
from .vi_well import WELL

VI: dict[str, str] = {
    **ACCOUNTS,
    **IMPORT,
    **SCHEDULES,
    **WELL,
    **POSTS,
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
    "Something these need cannot be had": "Có thứ các bài này cần mà không lấy được",
    "Settle them": "Xử lý các bài này",
    "due today, and posted": "hẹn hôm nay, đã đăng",
    "drafts": "bản nháp",
    "Running": "Đang đăng",
    "Late": "Trễ giờ",
    "Next": "Sắp tới",
    "Nothing is planned.": "Chưa có bài nào được lên lịch.",
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
    "Next page": "Trang sau",
    # -- a job
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
    "Calendar": "Lịch",
    "Before": "Trước",
    "After": "Sau",
    "Day": "Ngày",
    "Week": "Tuần",
    "Month": "Tháng",
    "Accounts": "Tài khoản",
    "Move": "Dời lịch",
    "{count} more": "còn {count} bài",
    "more than {count} more": "còn hơn {count} bài",
    "Days": "Các ngày",
    "How much is shown": "Khoảng thời gian",
    "Moved to {day}, {time}.": "Đã dời sang {day}, lúc {time}.",
    "Undo": "Hoàn tác",
    "Planned for {day}, {time}.": "Đã hẹn vào {day}, lúc {time}.",
    "Look at it": "Xem bài",
    "What you wrote is still below. Saving it now changes the job as it is by now.": (
        "Những gì bạn viết vẫn còn ở dưới. Nếu lưu bây giờ, bài sẽ được sửa từ trạng thái hiện tại."
    ),
    "Write a post for {day}": "Viết bài cho {day}",
    "The clocks change: UTC{before} to {after}": "Đổi giờ: UTC{before} sang {after}",
    "Use Move on a post to give it another time.": ("Dùng nút Dời lịch trên bài để đổi thời gian."),
    "Or drag it to another day; or go to it by Tab and press Alt with an arrow key: left and right"
    " move it by a day, up and down by a week. It keeps its time of day.": (
        "Hoặc kéo bài sang ngày khác; hoặc chọn bài bằng phím Tab rồi nhấn Alt cùng phím mũi tên:"
        " trái, phải dời một ngày, lên, xuống dời một tuần. Giờ trong ngày được giữ nguyên."
    ),
    "Move a post": "Dời lịch bài đăng",
    "It cannot be moved any more.": "Bài này không dời được nữa.",
    "Nothing is planned here.": "Chưa có bài nào trong thời gian này.",
    "Write a post": "Viết bài",
    "That time does not exist": "Giờ này không tồn tại",
    "That time exists twice": "Giờ này có hai lần",
    "On {day} the clocks of {zone} are put back, and show {time} two times. Which one is meant?": (
        "{day}, đồng hồ của {zone} được vặn lui và có lúc {time} hai lần. Bạn muốn lần nào?"
    ),
    "Post it at {time}": "Đăng lúc {time}",
    "Leave it where it is": "Để nguyên chỗ cũ",
    "{count} of {most} characters": "{count} trên {most} ký tự",
    "{count} of {most} characters: {over} too many": "{count} trên {most} ký tự: thừa {over}",
    "A text has 1 to {most} characters, and not only blanks.": (
        "Nội dung có từ 1 đến {most} ký tự, và không chỉ gồm khoảng trắng."
    ),
    "That cannot be the name of an account.": "Tên tài khoản này không hợp lệ.",
    "Give a time within a year of now.": "Hãy chọn thời gian trong vòng một năm kể từ bây giờ.",
    "There is no such time zone. Write it as in Asia/Tokyo.": (
        "Không có múi giờ này. Hãy viết như Asia/Tokyo."
    ),
    "Nothing was saved yet: the time needs an answer.": (
        "Chưa lưu gì: cần bạn trả lời về thời gian."
    ),
    "Nothing was saved. Look at what is marked.": "Chưa lưu gì. Hãy xem chỗ được đánh dấu.",
    "Time zone": "Múi giờ",
    "where this browser is": "nơi trình duyệt này đang ở",
    "Save": "Lưu",
    "On {day} the clocks of {zone} are put forward, and never show {time}.": (
        "{day}, đồng hồ của {zone} được vặn tới và không có lúc {time}."
    ),
    "The first, before the clocks change": "Lần đầu, trước khi đổi giờ",
    "The second, an hour later": "Lần sau, một giờ sau đó",
    "Or give another time above.": "Hoặc chọn giờ khác ở trên.",
    "It has moved on since you looked": "Bài này đã thay đổi từ lúc bạn xem",
    "Nothing was changed. Meanwhile:": "Chưa có gì được sửa. Trong lúc đó:",
    "What you wrote": "Những gì bạn đã viết",
    "The job does not allow this any more. So that it is not lost:": (
        "Bài này không còn cho phép việc đó. Để bạn không bị mất:"
    ),
    "Preview": "Xem trước",
    "The text is shown here as it goes out.": "Nội dung sẽ hiện ở đây như khi được đăng.",
    "Nothing can be added to the past.": "Không thể thêm gì vào quá khứ.",
    # -- two moments
    "As of…": "Như lúc…",
    "After event": "Sau sự kiện",
    "At this time": "Vào lúc",
    "One event back": "Lùi một sự kiện",
    "One event on": "Tiến một sự kiện",
    "before the first event": "trước sự kiện đầu tiên",
    "Compare with now": "So với hiện tại",
    "What has changed today": "Hôm nay có gì thay đổi",
    "Two moments": "Hai thời điểm",
    "What has changed": "Có gì thay đổi",
    "From": "Từ",
    "To": "Đến",
    "now": "hiện tại",
    "Compare": "So sánh",
    "The number of an event, or a time such as {time}.": "Số của sự kiện, hoặc giờ như {time}.",
    "event {seq}": "sự kiện {seq}",
    "{count} events between": "{count} sự kiện ở giữa",
    "new here": "mới có",
    "gone": "không còn",
    "changed": "đã đổi",
    "No job differs.": "Không bài nào khác.",
    "No job differs among the {count} events that were looked at.": (
        "Không bài nào khác trong {count} sự kiện đã xem."
    ),
    "Platform": "Nền tảng",
    "Begun at": "Bắt đầu lúc",
    "Posted at": "Đăng lúc",
    "Error": "Lỗi",
    # -- the log
    "Log": "Nhật ký",
    "What": "Việc gì",
    "Who": "Ai làm",
    "Show all": "Xem tất cả",
    "Newer": "Mới hơn",
    "Newest": "Mới nhất",
    "Older": "Cũ hơn",
    "Look further back": "Tìm tiếp về trước",
    "All that {who} did": "Mọi việc {who} đã làm",
    "Everything as it was after this": "Mọi thứ như ngay sau sự kiện này",
    "As of event": "Như lúc sự kiện",
    "a job that was removed": "một bài đã bị xóa",
    "There is nothing of this kind.": "Không có gì như vậy.",
    "Nothing has happened yet.": "Chưa có gì xảy ra.",
    "{count} events were looked at for this page.": "Đã xem {count} sự kiện cho trang này.",
    # -- many at once
    "Due from": "Hẹn từ ngày",
    "Due to": "Đến ngày",
    "latest first": "mới nhất trước",
    "Nothing follows any more.": "Không còn bài nào phía sau.",
    "No post matches. Ask for less, or for all of them.": (
        "Không bài nào phù hợp. Hãy bớt điều kiện, hoặc xem tất cả."
    ),
    "There are no posts yet.": "Chưa có bài nào.",
    "Back to the beginning": "Về đầu danh sách",
    "Tick all of this page": "Chọn tất cả trên trang này",
    "Which posts are meant": "Áp dụng cho bài nào",
    "the ticked posts": "các bài đã chọn",
    "all that match": "mọi bài phù hợp",
    "all posts": "mọi bài",
    "Next…": "Tiếp…",
    "Done. {what}: {count}": "Đã xong. {what}: {count} bài",
    "{what}: {count}": "{what}: {count} bài",
    "{what}: {count} of {all}": "{what}: {count} trên {all} bài",
    "and {count} others": "và {count} mục khác",
    "They have moved on since you looked": "Các bài này đã thay đổi từ lúc bạn xem",
    "Nothing was changed. This is how they are now; look again, then confirm.": (
        "Chưa có gì được sửa. Đây là tình trạng hiện giờ; hãy xem lại rồi xác nhận."
    ),
    "does not match any more": "không còn phù hợp",
    "More than {most} match. So many are not changed at once: ask for less, by account, state or"
    " days.": (
        "Có hơn {most} bài phù hợp. Không sửa nhiều như vậy cùng lúc: hãy thu hẹp theo tài khoản,"
        " trạng thái hoặc ngày."
    ),
    "Back to the list": "Về danh sách",
    "Nothing was ticked. Tick the posts that are meant, or choose all that match.": (
        "Chưa chọn bài nào. Hãy đánh dấu các bài cần sửa, hoặc chọn mọi bài phù hợp."
    ),
    "No post matches any more.": "Không còn bài nào phù hợp.",
    "By how many days": "Dời bao nhiêu ngày",
    "They become drafts, and do not go out until somebody releases them.": (
        "Các bài này thành bản nháp, và không được đăng cho đến khi có người thả ra."
    ),
    "They go out by themselves, each at its time.": "Mỗi bài tự được đăng vào giờ của nó.",
    "They do not go out. They stay in the list, and can be put back by requeueing them.": (
        "Các bài này không được đăng. Chúng vẫn ở trong danh sách và có thể xếp lại để đăng."
    ),
    "They are scheduled again, all for the same time.": (
        "Các bài này được lên lịch lại, tất cả vào cùng một giờ."
    ),
    "They are taken out of the list. What happened to them stays in the log.": (
        "Các bài này bị xóa khỏi danh sách. Những gì đã xảy ra vẫn còn trong nhật ký."
    ),
    "Each moves by that many days and keeps its time of day in {zone}.": (
        "Mỗi bài dời từng ấy ngày và giữ nguyên giờ trong ngày theo {zone}."
    ),
    "Due already, so that they go out at once: {count}.": (
        "Đã đến giờ nên được đăng ngay: {count} bài."
    ),
    "Left out: {count}": "Không gồm: {count} bài",
    "{count} in a state that does not allow it:": "{count} bài có trạng thái không cho phép:",
    "{count} that your role may not change so:": "{count} bài mà vai trò của bạn không được sửa:",
    "{count} whose clocks change in between, so that they move by another length of time. Move them"
    " on their own:": (
        "{count} bài có đồng hồ đổi giờ ở giữa, nên phải dời một khoảng khác. Hãy dời riêng:"
    ),
    "{count} removed meanwhile.": "{count} bài đã bị xóa trong lúc đó.",
    "The first {count} of them": "{count} bài đầu tiên",
    "{count} of them may be out already, and nobody knows.": (
        "{count} bài có thể đã đăng mà không ai biết."
    ),
    "Requeued, they may be posted twice: settle them first.": (
        "Nếu đăng lại, bài có thể bị đăng hai lần: hãy xác định kết quả trước."
    ),
    "Settle them first.": "Hãy xác định kết quả trước.",
    "Change nothing": "Không sửa gì",
    "All of them or none, in one write. If one has moved on by then, nothing is changed.": (
        "Tất cả hoặc không bài nào, trong một lần ghi. Nếu có bài đã thay đổi, không gì được sửa."
    ),
    "None of them allows it.": "Không bài nào cho phép việc này.",
    "May this be out twice?": "Bài này có thể đã đăng hai lần không?",
    "No. Nothing that happened to it says so, and no other post of this account has its text.": (
        "Không. Không có gì đã xảy ra cho thấy như vậy, và không bài nào khác của tài khoản này có"
        " cùng nội dung."
    ),
    "today": "hôm nay",
    "The same text": "Cùng nội dung",
    "All with this text": "Mọi bài có nội dung này",
    # -- the inbox
    "Look at the account, and say what you found. None of them is tried again by itself.": (
        "Hãy xem tài khoản và cho biết bạn thấy gì. Không bài nào tự được đăng lại."
    ),
    "Sent": "Đã gửi",
    "attempt {number}, {span} ago": "lần thử {number}, cách đây {span}",
    "What came back": "Phản hồi",
    "Settled: it is out.": "Đã xác định: bài đã đăng.",
    "Settled: it is not out.": "Đã xác định: bài chưa đăng.",
    "Id of the post, if it is out": "Mã bài đăng, nếu đã đăng",
    "“It is out” closes it as posted. “It is not out” leaves it failed, and it may be posted"
    " again.": (
        "“Đã đăng rồi” sẽ kết thúc bài là đã đăng. “Chưa đăng” để bài ở trạng thái thất bại và có"
        " thể đăng lại."
    ),
    "From the beginning": "Về đầu danh sách",
    "More": "Xem thêm",
    "There are none. Whatever was sent, it is known what became of it.": (
        "Không có bài nào. Mọi bài đã gửi đều có kết quả rõ ràng."
    ),
}
