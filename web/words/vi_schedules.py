"""Vietnamese of the pages of schedules and slots."""

from __future__ import annotations

SCHEDULES: dict[str, str] = {
    # -- the list
    "Schedules": "Lịch lặp",
    "New schedule": "Lịch lặp mới",
    "active": "đang chạy",
    "paused": "tạm dừng",
    "ended": "đã kết thúc",
    "none": "không có",
    "none, as long as it is paused": "không có, khi còn tạm dừng",
    "Waiting": "Đang chờ",
    "{count} posts": "{count} bài",
    "{count} changed by hand": "{count} bài đã sửa tay",
    "What comes again and again need not be written again and again.": (
        "Những gì lặp đi lặp lại không cần viết đi viết lại."
    ),
    "A schedule makes posts by a rule, such as each working day at 9:00, or on the last Friday of"
    " each month. They stand in the calendar two weeks ahead, and each can still be changed"
    " there.": (
        "Lịch lặp tạo bài theo quy tắc, như 9:00 mỗi ngày làm việc, hay thứ Sáu cuối mỗi tháng. Các"
        " bài có trong lịch trước hai tuần, và vẫn sửa được từng bài ở đó."
    ),
    "Make the first schedule": "Tạo lịch lặp đầu tiên",
    # -- one of them
    "The schedule is there, and its posts stand in the calendar.": (
        "Đã tạo lịch lặp, các bài của nó đã có trong lịch."
    ),
    "The schedule is there, and waits until it is resumed.": (
        "Đã tạo lịch lặp, nó chờ đến khi được cho chạy."
    ),
    "Saved. Waiting posts that nobody has changed by hand are as it says now.": (
        "Đã lưu. Các bài đang chờ mà chưa ai sửa tay đã theo lịch mới."
    ),
    "Paused. Its waiting posts are held.": "Đã tạm dừng. Các bài đang chờ của nó được giữ lại.",
    "It goes on. What it held and is still ahead goes out.": (
        "Lịch chạy tiếp. Những bài đã giữ mà chưa qua giờ sẽ được đăng."
    ),
    "That one will not be.": "Lần đó sẽ không có bài.",
    "It has ended.": "Lịch lặp đã kết thúc.",
    "Edit": "Sửa",
    "Pause it": "Tạm dừng",
    "Resume it": "Chạy tiếp",
    "Post one now": "Đăng một bài ngay",
    "End it…": "Kết thúc…",
    "End this schedule for good?": "Kết thúc hẳn lịch lặp này?",
    "It makes no more posts, and cannot be begun again. Waiting posts that are cancelled: {count}."
    " Those that were changed by hand stay: {detached}.": (
        "Nó không tạo bài nữa và không chạy lại được. Số bài đang chờ bị hủy: {count}. Số bài đã"
        " sửa tay được giữ lại: {detached}."
    ),
    "End it": "Kết thúc",
    "What comes": "Sắp tới",
    "When": "Khi nào",
    "Post": "Bài",
    "Skip": "Bỏ qua",
    "moved by hand to {time}": "đã dời tay sang {time}",
    "skipped": "bỏ qua",
    "changed by hand": "đã sửa tay",
    "no post: it was removed, or left out": "không có bài: đã bị xóa hoặc bị loại",
    "becomes a post later": "sẽ thành bài sau",
    "With the delay that each has.": "Đã gồm độ trễ của mỗi bài.",
    "Show up to {count}": "Xem đến {count} lần",
    "Nothing comes any more.": "Không còn lần nào nữa.",
    "Other posts of it that wait": "Các bài khác của lịch đang chờ",
    "What is said of it": "Nội dung của lịch",
    "Rule": "Quy tắc",
    "Texts": "Các nội dung",
    "{count} more": "thêm {count}",
    "Made so far": "Đã tạo",
    "{count} at most": "tối đa {count}",
    "Until": "Đến",
    "Delay": "Độ trễ",
    "up to {span}, another one each time": "tối đa {span}, mỗi lần một khác",
    "Drafts": "Bản nháp",
    "Its posts wait until somebody releases them": "Bài của nó chờ đến khi có người cho đăng",
    "If late": "Nếu trễ",
    "(more than {span})": "(quá {span})",
    "If one still runs": "Nếu bài trước còn đang đăng",
    "If clocks skip the time": "Nếu đồng hồ bỏ qua giờ đó",
    "If clocks show it twice": "Nếu đồng hồ có giờ đó hai lần",
    "Older": "Cũ hơn",
    # -- what can be chosen
    "each once": "mỗi nội dung một lần",
    "shuffled": "xáo trộn",
    "in turn": "lần lượt",
    "none of the late ones": "không đăng bài trễ nào",
    "all of them, up to a number": "đăng tất cả, tối đa một số",
    "only the newest is posted": "chỉ đăng bài mới nhất",
    "it is left out": "bỏ bài đó",
    "it waits": "chờ",
    "at the end of the gap": "lúc hết khoảng trống",
    "later by as much": "muộn hơn chừng ấy",
    "at the second": "vào lần thứ hai",
    "at both": "cả hai lần",
    "at the first": "vào lần đầu",
    "clocks skip {time} that day": "ngày đó đồng hồ bỏ qua {time}",
    "clocks show {time} twice that day: the first": "ngày đó có {time} hai lần: lần đầu",
    "clocks show {time} twice that day: the second": "ngày đó có {time} hai lần: lần thứ hai",
    # -- the form
    "Edit {name}": "Sửa {name}",
    "Nothing was saved: the rule was changed since you looked. Look at what it says now.": (
        "Chưa lưu: quy tắc đã đổi từ khi bạn xem. Hãy xem lại quy tắc lúc này."
    ),
    "Letters without accents, digits, dots and dashes: its posts are called by it, and it cannot be"
    " used again.": (
        "Chữ không dấu, chữ số, dấu chấm và gạch: các bài mang tên này, và tên không dùng lại được."
    ),
    "When it posts": "Đăng khi nào",
    "At times of day": "Vào các giờ trong ngày",
    "Times": "Giờ",
    "Days of the week": "Các ngày trong tuần",
    "Tick the days; with none of them it is each day.": (
        "Chọn các ngày; không chọn ngày nào là mỗi ngày."
    ),
    "Again after some time": "Lặp lại sau một khoảng thời gian",
    "After": "Sau",
    "Unit": "Đơn vị",
    "minutes": "phút",
    "hours": "giờ",
    "days of 24 hours": "ngày 24 giờ",
    "By a cron text": "Theo biểu thức cron",
    "Cron text": "Biểu thức cron",
    "Minute, hour, day of month, month, day of week: 0 9 * * friL is each last Friday of a month at"
    " 9:00.": (
        "Phút, giờ, ngày trong tháng, tháng, thứ: 0 9 * * friL là 9:00 thứ Sáu cuối mỗi tháng."
    ),
    "{places} are filled in: the number of the post, its day, and the account. Several texts are"
    " divided by a line {line}.": (
        "{places} được điền vào: số thứ tự của bài, ngày và tài khoản. Nhiều nội dung được ngăn"
        " bằng một dòng {line}."
    ),
    "More: until when, drafts, what is late": "Thêm: đến khi nào, bản nháp, bài trễ",
    "Posts at most": "Số bài tối đa",
    "Several texts": "Khi có nhiều nội dung",
    "Later by up to, in minutes": "Trễ tối đa, tính bằng phút",
    "Late is more than, in minutes": "Trễ là quá, tính bằng phút",
    "Late ones at most": "Số bài trễ tối đa",
    "Its posts are drafts, until somebody releases them": (
        "Bài của nó là bản nháp, đến khi có người cho đăng"
    ),
    "Add it paused": "Tạo ở trạng thái tạm dừng",
    "What it says": "Lịch này nghĩa là",
    "and so on": "và cứ thế tiếp",
    "These are all.": "Chỉ có vậy.",
    "Each is later by up to {count} minutes.": "Mỗi bài trễ tối đa {count} phút.",
    "It never comes: all of it is past.": "Không bao giờ tới: tất cả đã qua.",
    "Before anything is saved, it is shown here in words, with the next ten times.": (
        "Trước khi lưu, ở đây hiện quy tắc bằng lời cùng mười lần sắp tới."
    ),
    "Add the schedule": "Tạo lịch lặp",
    "Look again": "Xem lại",
    "Look first": "Xem trước đã",
    "Waiting posts that nobody has changed by hand follow what you save; those at times that it has"
    " no longer are cancelled.": (
        "Các bài đang chờ chưa ai sửa tay sẽ theo những gì bạn lưu; bài ở giờ không còn trong lịch"
        " sẽ bị hủy."
    ),
    # -- a job of one
    "Made by a schedule:": "Do lịch lặp tạo:",
    "post {number}": "bài số {number}",
    "changed by hand, so that its schedule leaves it as it is": (
        "đã sửa tay, nên lịch lặp để nguyên bài này"
    ),
    # -- slots
    "Slots": "Khung giờ",
    "Set slots": "Đặt khung giờ",
    "Change the slots": "Sửa khung giờ",
    "Next free:": "Trống gần nhất:",
    "None. Slots are the times of the week at which an account posts: a new post may take the next"
    " one that is free.": (
        "Chưa có. Khung giờ là những giờ trong tuần mà tài khoản đăng bài: bài mới có thể lấy khung"
        " giờ trống gần nhất."
    ),
    "The times of the week at which this account posts. A new post may take the next one that is"
    " free. Posts that are there already stay where they are.": (
        "Những giờ trong tuần mà tài khoản này đăng bài. Bài mới có thể lấy khung giờ trống gần"
        " nhất. Các bài đã có giữ nguyên giờ."
    ),
    "Somebody has changed the slots since you looked. Nothing was saved; what you wrote is still"
    " here. By now they are:": (
        "Có người đã sửa khung giờ từ khi bạn xem. Chưa lưu; những gì bạn viết vẫn còn đây. Lúc này"
        " khung giờ là:"
    ),
    "free": "trống",
    "{count} free": "{count} khung trống",
    "Instead, in the next free slot of the account": "Thay vào đó, lấy khung giờ trống gần nhất",
    "now: {time}": "lúc này: {time}",
    "This account has no free slot. Set its slots first, or give a time.": (
        "Tài khoản này không có khung giờ trống. Hãy đặt khung giờ trước, hoặc cho một giờ."
    ),
    # -- what happens
    "schedule_added": "tạo lịch lặp",
    "schedule_edited": "sửa lịch lặp",
    "schedule_paused": "tạm dừng lịch lặp",
    "schedule_resumed": "lịch lặp chạy tiếp",
    "schedule_planned": "lịch lặp tạo bài",
    "schedule_skipped": "bỏ qua một lần",
    "schedule_ended": "kết thúc lịch lặp",
    "slots_set": "đặt khung giờ",
}
