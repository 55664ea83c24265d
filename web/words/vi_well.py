"""Vietnamese of what says whether all is well: the runner, the log verified, what is live."""

from __future__ import annotations

WELL: dict[str, str] = {
    "Is all well?": "Mọi thứ có ổn không?",
    "Runner": "Bộ chạy",
    "Nobody runs this ledger: what is late waits for a runner.": (
        "Không ai chạy sổ này: các bài trễ giờ đang chờ bộ chạy."
    ),
    "Nobody runs this ledger now.": "Hiện không ai chạy sổ này.",
    "It runs, as process {pid}": "Đang chạy, tiến trình {pid}",
    "It runs": "Đang chạy",
    "since {time}": "từ {time}",
    "the oldest by {span}": "bài lâu nhất trễ {span}",
    "All of them": "Tất cả các bài này",
    "PROBLEM": "CÓ VẤN ĐỀ",
    "The log is not what it should be.": "Nhật ký không đúng như phải có.",
    "Verified up to event {seq}, at {time}": "Đã kiểm chứng đến sự kiện {seq}, lúc {time}",
    "one event since": "một sự kiện từ đó",
    "{count} events since": "{count} sự kiện từ đó",
    "Being verified: {percent} %": "Đang kiểm chứng: {percent} %",
    "Not yet verified": "Chưa kiểm chứng",
    "Verified": "Kiểm chứng",
    "Is the log what it says it is?": "Nhật ký có đúng như nó nói không?",
    "Verify it now": "Kiểm chứng ngay",
    "{percent} % is read": "đã đọc {percent} %",
    "Each line of the log names the one before it by its hash. Verifying reads every line anew, by"
    " other code than that which wrote it, and compares the daily files with what the log gives.": (
        "Mỗi dòng của nhật ký ghi mã băm của dòng trước nó. Kiểm chứng là đọc lại mọi dòng, bằng mã"
        " khác với mã đã ghi, và so các tệp hằng ngày với những gì nhật ký cho ra."
    ),
    "It could not be verified: {why}": "Không kiểm chứng được: {why}",
    "What is wrong": "Sai ở đâu",
    "line {line}": "dòng {line}",
    "byte {offset}": "byte {offset}",
    "and {count} more": "và {count} lỗi nữa",
    "Change nothing by hand. Keep a copy of the directory as it is, then bring back what is damaged"
    " from a backup.": (
        "Đừng tự tay sửa gì. Hãy giữ một bản sao của thư mục như hiện giờ, rồi lấy lại phần hỏng từ"
        " bản sao lưu."
    ),
    "What was read": "Những gì đã đọc",
    "How much is read": "Đã đọc được bao nhiêu",
    "Which moment this is": "Đây là thời điểm nào",
    "The proof": "Bằng chứng",
    "Events": "Sự kiện",
    "Files": "Tệp",
    "Last event": "Sự kiện cuối",
    "Its hash": "Mã băm của nó",
    "Verified at": "Kiểm chứng lúc",
    "Newest seal": "Con dấu mới nhất",
    "of {day}, up to event {seq}": "của {day}, đến sự kiện {seq}",
    "none": "không có",
    "This position, to keep elsewhere": "Vị trí này, để giữ ở nơi khác",
    "Whoever keeps it where nobody can change it can prove later that nothing before it was"
    " rewritten.": (
        "Ai giữ nó ở nơi không ai sửa được thì sau này chứng minh được rằng không gì trước nó bị"
        " viết lại."
    ),
    "Live": "Trực tiếp",
    "Paused": "Đang tạm dừng",
    "Pause": "Tạm dừng",
    "Go on": "Tiếp tục",
    "The server is away; trying again": "Máy chủ không trả lời; đang thử lại",
    "Something is new; it waits until you are done here": (
        "Có cái mới; sẽ hiện khi bạn làm xong ở đây"
    ),
    "You are signed out.": "Bạn đã bị đăng xuất.",
    "New events: {count}": "Sự kiện mới: {count}",
}
